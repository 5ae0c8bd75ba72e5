"""The DICOM series that a result was made from, found again and proven by its voxels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from ...dicom.headers import lacks_preamble
from ...dicom.read import read_series
from ...dicom.series import Series, choose, discover
from ...dicom.suv import pet_header, suv_factors, to_suv
from ...errors import DicomError, GeometryError, InputError, SuvError
from ...images.mask import Mask
from ...images.volume import Geometry, Volume
from ...intake.source import Given, ImageSource
from ...prediction.document import FeatureReading
from .prepared import REQUIRED, prepared, tag_of

UPTAKE_TOLERANCE = 1e-4
NEAR_MM = 1e-3


@dataclass(frozen=True, eq=False)
class Source:
    """A series with the full ``headers`` of its files (no pixels), in the order of the slices along z."""

    series: Series
    headers: tuple[Dataset, ...]

    @property
    def geometry(self) -> Geometry:
        """The grid of the series, LPS mm."""
        return self.series.geometry

    @property
    def slices_are_grid(self) -> bool:
        """True if each slice of the grid is a file of the series."""
        return self.series.resampling is None and len(self.headers) == self.geometry.shape[0]

    def images(self, first: int, last: int) -> list[Dataset]:
        """The headers behind the slices ``first`` to ``last`` of the grid; each multi-frame object once."""
        if self.series.resampling is not None:
            heights, step = self.series.resampling.heights, self.geometry.spacing[0]
            below = int(np.searchsorted(heights, first * step + NEAR_MM, side="right")) - 1
            first, last = max(0, below), int(np.searchsorted(heights, last * step - NEAR_MM))
        by_file = dict(zip(dict.fromkeys(self.series.files), self.headers, strict=True))
        return [by_file[file] for file in dict.fromkeys(self.series.files[first : last + 1])]


def find_source(given: Given, modality: str, grid: Geometry, is_same: Callable[[Volume], bool]) -> Source:
    """The series of ``modality`` (CT or PT) in ``given`` that lies on ``grid`` and whose HU or SUVbw ``is_same`` accepts.

    Raises :class:`DicomError` for folders without a series of the modality, :class:`GeometryError` if none lies on the grid,
    :class:`InputError` if none has the voxels.
    """
    name = "PET" if modality == "PT" else modality
    found = discover(ImageSource.of(given).where)
    choose(found, modality)
    fitting = [series for series in found.of(modality) if series.geometry.same_grid(grid)]
    if not fitting:
        raise GeometryError(
            "export.other_grid",
            f"None of the {name} series there has the voxel grid of the result ({grid.shape[0]} slices): "
            f"{', '.join(series.label for series in found.of(modality))}.",
            f"the {name} series from which the result was made, with all its files.",
            "Choose the study that was given to 'dmdp predict'.",
        )
    for series in fitting:
        if _accepts(series, is_same):
            return Source(series, _headers(series))
    raise InputError(
        "export.other_images",
        f"The voxels of {fitting[0].label} are not those that the result was computed from.",
        f"the {name} series from which the result was made.",
        "Choose the study that was given to 'dmdp predict', or predict again from DICOM.",
    )


def voxels_of(sha256: str) -> Callable[[Volume], bool]:
    """Accepts the image whose voxels have the hash that ``dmdp predict`` recorded."""
    return lambda volume: hashlib.sha256(np.ascontiguousarray(volume.array).data).hexdigest() == sha256


def uptake_of(lesion: Mask, features: Mapping[str, FeatureReading]) -> Callable[[Volume], bool]:
    """Accepts the image with the minimum, mean and maximum of ``features`` in the ``lesion`` (relative 1e-4).

    For a PET that came as SUV: another program's rounding stands between it and its DICOM series.
    """
    recorded = np.array([features[name].value for name in ("suv_min", "suv_mean", "suv_max")], float)

    def accepts(volume: Volume) -> bool:
        inside = volume.array[lesion.array].astype(np.float64)
        return bool(np.allclose([inside.min(), inside.mean(), inside.max()], recorded, rtol=UPTAKE_TOLERANCE, atol=0.0))

    return accepts


def _accepts(series: Series, is_same: Callable[[Volume], bool]) -> bool:
    volume = read_series(series)
    if series.modality == "PT":
        try:
            volume = to_suv(volume, suv_factors(pet_header(series.headers)))
        except SuvError:  # such as the series without attenuation correction on the same grid
            return False
    return is_same(volume)


def _headers(series: Series) -> tuple[Dataset, ...]:
    thickness = series.geometry.spacing[0]
    files = tuple(dict.fromkeys(series.files))
    headers = tuple(prepared(_read(path), thickness) for path in files)
    for keyword in REQUIRED:
        lacking = sum(not header.get(keyword) for header in headers)
        if lacking:
            raise DicomError(
                "export.header",
                f"{tag_of(keyword)} {keyword} is missing or no UID in {lacking} file(s) of {series.label}.",
                "the identifiers without which nothing can refer to a slice.",
                "Export the series again from the archive.",
            )
    if not headers[0].get("FrameOfReferenceUID"):
        raise DicomError(
            "export.no_frame",
            f"(0020,0052) FrameOfReferenceUID is missing in {series.label}.",
            "a frame of reference, as segmentations and maps must name the one they lie in.",
            "Export the series again from the archive.",
        )
    return headers


def _read(path: Path) -> Dataset:
    return pydicom.dcmread(path, stop_before_pixels=True, force=lacks_preamble(path))
