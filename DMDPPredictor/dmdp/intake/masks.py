"""Which voxels a mask file means: one label, one named segment of 3D Slicer, or what a network thinks probable.

Names of segments and their layers are read from the fields that 3D Slicer writes into its ``.seg.nrrd``
(https://slicer.readthedocs.io, "Segmentations", segmentation file format).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..dicom.named import check_image_file
from ..errors import InputError, LesionError
from ..images import nifti
from ..images.files import read_image
from ..images.mask import Mask
from ..images.volume import Geometry

HALF = 0.5
WHOLE = 1e-4  # how far from a whole number a label may be stored
MANY = 20  # segments that a message lists


@dataclass(frozen=True, eq=False)
class Segment:
    """One of the segments of a mask file: its label ``number``, its ``name`` (empty if the file knows none), how many
    ``voxels`` it has, and the ``layer`` that it lies in."""

    number: int
    name: str
    voxels: int
    layer: int = 0


@dataclass(frozen=True, eq=False)
class MaskFile:
    """What a mask file holds: labels (z, y, x, layer) on ``geometry``, the ``segments`` among them, and ``notes``, sentences for
    the person who reads the result."""

    labels: np.ndarray
    geometry: Geometry
    segments: tuple[Segment, ...]
    notes: tuple[str, ...] = ()

    def voxels(self, segment: Segment) -> np.ndarray:
        """Where a segment is (bool, z, y, x)."""
        return self.labels[..., segment.layer] == segment.number


def read_segment(path: str | Path, wanted: str | int | None = None) -> tuple[Mask, tuple[str, ...]]:
    """The mask that a file means, on its own grid, and notes about how it was read.

    ``wanted`` is the name or the number of a segment; without it the file holds at most one. Raises :class:`LesionError` with
    the list of segments if it does not choose one, :class:`InputError` for a file that is no mask.
    """
    path = Path(path)
    held = read_mask_file(path)
    chosen = choose(path.name, held.segments, wanted)
    inside = np.zeros(held.geometry.shape, bool) if chosen is None else held.voxels(chosen)
    return Mask(inside, held.geometry), held.notes


def choose(file: str, segments: Sequence[Segment], wanted: str | int | None) -> Segment | None:
    """The segment that ``wanted`` names or numbers; the only one if it is None; None if there is none at all.

    Raises :class:`LesionError`.
    """
    if wanted is None or str(wanted).strip() == "":
        filled = [segment for segment in segments if segment.voxels]
        if len(filled) > 1:
            doubt = " Perhaps it is an image, or holds probabilities as whole numbers." if len(filled) > MANY else ""
            raise LesionError(
                "mask.several_segments",
                f"The mask '{file}' holds {len(filled)} segments: {_listed(filled)}.{doubt}",
                "one of them to be named.",
                "Add --segment with the name or the number of the lesion (in a batch table: the column 'segment').",
            )
        return filled[0] if filled else None
    word = str(wanted).strip()
    found = [segment for segment in segments if segment.name == word]
    found = found or [segment for segment in segments if segment.name.casefold() == word.casefold() and word]
    if not found and re.fullmatch(r"\d+", word):
        found = [segment for segment in segments if segment.number == int(word)]
    if len(found) != 1:
        many = f"{len(found)} segments" if found else "no segment"
        raise LesionError(
            "mask.segment",
            f"The mask '{file}' has {many} called '{word}'; it holds {_listed(segments) or 'none'}.",
            "the name or the number of one of them.",
            "Correct --segment (in a batch table the column 'segment', in a PyRadiomics parameter file 'label').",
        )
    return found[0]


def _listed(segments: Sequence[Segment]) -> str:
    words = [
        f"{segment.number}{f' ({segment.name})' if segment.name else ''}, {segment.voxels} voxels" for segment in segments[:MANY]
    ]
    more = [f"and {len(segments) - MANY} more"] if len(segments) > MANY else []
    return "; ".join(words + more)


def read_mask_file(path: Path) -> MaskFile:
    """All segments of a mask file. Raises :class:`InputError` if it is no mask that can be read."""
    check_image_file(path)
    image = read_image(path, layers=True)
    if nifti.is_nifti(path):
        nifti.count_not_finite(path)
    geometry = Geometry.from_sitk(image)
    array = sitk.GetArrayFromImage(image)
    named = _named(image)
    if array.ndim == 4 and not named:
        raise InputError(
            "file.dimensions",
            f"'{path.name}' has {array.shape[-1]} values in each voxel, and does not say which segments they are.",
            "one value per voxel, or a segmentation of 3D Slicer (.seg.nrrd).",
            "Export one segment.",
        )
    if array.dtype.kind == "f":
        array = np.nan_to_num(array, posinf=np.inf, neginf=-np.inf)
        whole = np.rint(array)
        if np.abs(array - whole).max(initial=0.0) > WHOLE:
            return _probable(path.name, array, geometry, named)
        array = whole
    layers = array if array.ndim == 4 else array[..., None]
    counts = [dict(zip(*np.unique(layers[..., layer], return_counts=True), strict=True)) for layer in range(layers.shape[-1])]
    found = [Segment(value, name, int(counts[layer].get(value, 0)), layer) for layer, value, name in named]
    known = {(layer, value) for layer, value, _ in named}
    for layer, held in enumerate(counts):
        found += [Segment(int(v), "", int(n), layer) for v, n in held.items() if v > 0 and (layer, int(v)) not in known]
    return MaskFile(layers, geometry, tuple(found))


def _probable(file: str, array: np.ndarray, geometry: Geometry, named: Sequence[tuple[int, int, str]]) -> MaskFile:
    """A file of probabilities as one segment: what is at least one half."""
    low, high = float(array.min()), float(array.max())
    if array.ndim == 4 or low < -WHOLE or high > 1 + WHOLE:
        raise InputError(
            "mask.values",
            f"The mask '{file}' holds values from {low:g} to {high:g} that are not whole numbers.",
            "labels (whole numbers), or probabilities from 0 to 1.",
            "Save it again as a label map; a mask is resampled by nearest neighbour.",
        )
    inside = array >= HALF
    if not inside.any():
        raise LesionError(
            "mask.improbable",
            f"The mask '{file}' holds probabilities, and none above {high:.2f}.",
            "voxels of 0.5 or more.",
            "Threshold it as it was meant, and save it as a label map.",
        )
    note = (
        f"The mask '{file}' holds probabilities: its {int(inside.sum())} voxels of 0.5 or more were taken, "
        f"of {int((array > 0).sum())} above 0."
    )
    segment = Segment(1, named[0][2] if len(named) == 1 else "", int(inside.sum()))
    return MaskFile(inside.astype(np.uint8)[..., None], geometry, (segment,), (note,))


def _named(image: sitk.Image) -> list[tuple[int, int, str]]:
    """(layer, label, name) of the segments that 3D Slicer's fields tell of."""
    fields = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys() if re.match(r"Segment\d+_", key)}
    numbers = sorted({int(number) for key in fields for number in re.findall(r"^Segment(\d+)_", key)})
    found = []
    for number in numbers:
        layer = _whole(fields.get(f"Segment{number}_Layer"), number if image.GetNumberOfComponentsPerPixel() > 1 else 0)
        if layer < image.GetNumberOfComponentsPerPixel():
            value = _whole(
                fields.get(f"Segment{number}_LabelValue"), 1 if image.GetNumberOfComponentsPerPixel() > 1 else number + 1
            )
            found.append((layer, value, fields.get(f"Segment{number}_Name", "").strip()))
    return found


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"\s*\d+\s*", text) else otherwise
