"""Small functions that damage the files of the simulated study as other programs do."""

from __future__ import annotations

import copy
import hashlib
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

FACTOR = 64 * 1000 / (350e6 * 2 ** (-3600 / 6586.2))  # SUVbw of one Bq/ml in the simulated patient


class Damage:
    """Reads and rewrites the slices of ``study``/``which``, in the order of their positions."""

    seed, factor = (94.0, 22.0, 18.0), FACTOR

    def __init__(self, study: Path):
        self.study = study

    def slices(self, which: str) -> list[pydicom.Dataset]:
        """All slices with their pixels, by z."""
        found = [pydicom.dcmread(path) for path in sorted((self.study / which).glob("*.dcm"))]
        return sorted(found, key=lambda ds: float(ds.ImagePositionPatient[2]))

    def replace(self, which: str, slices: list[pydicom.Dataset]) -> Path:
        """Put these slices in the place of the series."""
        folder = self.study / which
        for path in folder.glob("*.dcm"):
            path.unlink()
        for number, ds in enumerate(slices):
            ds.save_as(folder / f"{number:04d}.dcm")
        return folder

    def change(self, which: str, change) -> Path:
        """Apply ``change(number, dataset)`` to every slice."""
        slices = self.slices(which)
        for number, ds in enumerate(slices):
            change(number, ds)
        return self.replace(which, slices)

    def raw(self, which: str, keyword: str, vr: str, value: bytes) -> Path:
        """Put bytes into an element of every slice as a careless program wrote them."""

        def put(_, ds):
            tag = Tag(keyword)
            ds._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)

        return self.change(which, put)

    @staticmethod
    def renew(ds: pydicom.Dataset) -> None:
        """Make an object of its own."""
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()

    def resliced(self, which: str, positions) -> Path:
        """The series sampled (linearly along z) at other slice positions: the same patient, other slices."""
        found = self.slices(which)
        stored = np.stack([ds.pixel_array * float(ds.RescaleSlope) for ds in found])
        scale = float(stored.max()) / 60000 if which == "pet" else 1.0
        first, step = (float(found[0].ImagePositionPatient[2]), float(found[0].SliceThickness))
        out = []
        for number, z in enumerate(positions):
            at = np.clip((z - first) / step, 0, len(found) - 1)
            low = min(int(at), len(found) - 2)
            image = stored[low] * (1 - (at - low)) + stored[low + 1] * (at - low)
            ds = copy.deepcopy(found[0])
            ds.RescaleSlope = f"{scale:.8g}"
            ds.PixelData = np.rint(image / float(ds.RescaleSlope)).astype("<u2").tobytes()
            ds.ImagePositionPatient = [*ds.ImagePositionPatient[:2], f"{z:.4f}"]
            ds.InstanceNumber = number + 1
            self.renew(ds)
            out.append(ds)
        return self.replace(which, out)

    def sheared(self, degrees: float) -> Path:
        """The CT as a gantry tilted by ``degrees`` makes it: slices about x, moved along z only."""
        from scipy import ndimage

        found = self.slices("ct")
        array = np.stack([ds.pixel_array for ds in found]).astype(float)
        first = np.array([float(v) for v in found[0].ImagePositionPatient])
        spacing, step = float(found[0].PixelSpacing[0]), float(found[0].SliceThickness)
        angle = np.deg2rad(degrees)
        rows, columns = np.mgrid[0 : array.shape[1], 0 : array.shape[2]].astype(float)
        for number, ds in enumerate(found):
            y, z = np.cos(angle) * rows, number + np.sin(angle) * rows * spacing / step
            image = ndimage.map_coordinates(array, [z, y, columns], order=1, mode="nearest")
            ds.PixelData = np.rint(image).astype("<u2").tobytes()
            ds.ImagePositionPatient = [f"{v:.6f}" for v in (first[0], first[1], first[2] + number * step)]
            ds.ImageOrientationPatient = ["1", "0", "0", "0", f"{np.cos(angle):.8f}", f"{np.sin(angle):.8f}"]
        return self.replace("ct", found)

    def segmentation(self, which: str) -> pydicom.Dataset:
        """A segmentation of some voxels of a series as it is exported, read again; its frames lie where the voxels do."""
        from dmdp.dicom.series import choose, discover
        from dmdp.images.mask import Mask
        from dmdp.report.dicom.identity import Identity
        from dmdp.report.dicom.segmentation import lesion_and_regions_on_ct, lesion_on_pet
        from dmdp.report.dicom.source import find_source

        modality = "CT" if which == "ct" else "PT"
        series, _ = choose(discover(self.study / which), modality)
        source = find_source(self.study / which, modality, series.geometry, lambda volume: True)
        mask = np.zeros(series.geometry.shape, bool)
        mask[4:7, 20:30, 25:45] = True
        lesion, identity = Mask(mask, series.geometry), Identity(hashlib.sha256(b"x").hexdigest(), datetime(2020, 1, 1))
        if which == "ct":
            made = lesion_and_regions_on_ct(source, lesion, None, "auto", identity)
        else:
            made = lesion_on_pet(source, lesion, "auto", identity)
        made.save_as(self.study / "seg.dcm", enforce_file_format=True)
        read = pydicom.dcmread(self.study / "seg.dcm")
        frames = read.pixel_array.reshape(-1, read.Rows, read.Columns)
        assert frames.sum() == mask.sum()
        for frame, groups in zip(frames, read.PerFrameFunctionalGroupsSequence, strict=True):
            where = series.geometry.to_index([float(v) for v in groups.PlanePositionSequence[0].ImagePositionPatient])
            assert np.abs(where - [round(where[0]), 0, 0]).max() < 0.01
            np.testing.assert_array_equal(frame.astype(bool), mask[round(where[0])])
        return read


@pytest.fixture
def damage(study_copy) -> Damage:
    """The simulated study, to be damaged."""
    return Damage(study_copy)
