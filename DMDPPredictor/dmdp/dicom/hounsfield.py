"""Whether the values of a CT are HU, by what every CT shows: air around -1000 and soft tissue around 0."""

from __future__ import annotations

import numpy as np

from ..errors import DicomError
from ..images.volume import Volume

USUAL = 1024.0
AIR, TISSUE = (-1100.0, -900.0), (-150.0, 150.0)
LUNG = (-900.0, -200.0)
MUCH, LITTLE, NONE = 0.02, 0.2, 0.001  # parts of all voxels, and (the second) of what one reading calls tissue
NEAR = 15.0  # HU; air of scanners lies within a few HU of -1000
STEP = (2, 4, 4)  # every so many voxels are looked at


def has_air_and_tissue(array: np.ndarray) -> bool:
    """True if the values (z, y, x) lie as HU do: at least 2 % each as air and as soft tissue, and few as dense as bone."""
    return _part(array, AIR, 0.0) >= MUCH and _looks_as(array, 0.0, USUAL)


def shift_of(array: np.ndarray) -> float:
    """1024 if the values (z, y, x) are HU + 1024 and nothing else can be meant, else 0."""
    if not _looks_as(array, USUAL, 0.0) or _part(array, AIR, USUAL) < MUCH or _part(array, LUNG, 0.0) > NONE:
        return 0.0
    thin = array[tuple(slice(None, None, n) for n in STEP)]
    air = thin[(thin > thin.min() + 2) & (thin >= AIR[0] + USUAL) & (thin <= AIR[1] + USUAL)]  # without the padding
    if not air.size:
        return 0.0
    counts, edges = np.histogram(air, bins=50, range=(AIR[0] + USUAL, AIR[1] + USUAL))
    peak = float(edges[int(counts.argmax())] + edges[int(counts.argmax()) + 1]) / 2
    return USUAL if abs(peak - (USUAL - 1000.0)) <= NEAR else 0.0


def in_hounsfield(ct: Volume, name: str) -> tuple[Volume, tuple[str, ...]]:
    """A CT in HU: as it is, or without the 1024 that were added to it, which a note then says. ``name`` begins the note."""
    shift = shift_of(ct.array)
    if not shift:
        return ct, ()
    said = (
        f"{name}: its air lies around {USUAL - 1000:.0f} and its soft tissue around {USUAL:.0f}, so {shift:.0f} was subtracted."
    )
    unlike = {"unlike_viewer": "its values were stored with 1024 added and are read as HU"}
    return Volume(ct.array - np.float32(shift), ct.geometry, ct.unit, {**ct.provenance, **unlike}), (said,)


def not_hounsfield(label: str, finding: str) -> DicomError:
    """The refusal of a CT whose values cannot be shown to be HU; ``finding`` is the end of a sentence."""
    return DicomError(
        "dicom.rescale",
        f"{label}: {finding}.",
        "one finite RescaleSlope other than 0, and one RescaleIntercept, in every slice.",
        "Export the series again from the scanner or the archive.",
    )


def _looks_as(array: np.ndarray, shift: float, other: float) -> bool:
    """Soft tissue where HU + ``shift`` have it, and far less (or what is air there) where HU + ``other`` have it."""
    here, there = _part(array, TISSUE, shift), _part(array, TISSUE, other)
    if shift > other:  # what the other reading takes for tissue is air in this one
        there -= _part(array, AIR, shift)
    return here >= MUCH and there <= LITTLE * here


def _part(array: np.ndarray, window: tuple[float, float], shift: float) -> float:
    thin = array[tuple(slice(None, None, n) for n in STEP)]
    return float(((thin >= window[0] + shift) & (thin <= window[1] + shift)).mean())
