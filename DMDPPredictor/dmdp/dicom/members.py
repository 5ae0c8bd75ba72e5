"""Which of the files under one series UID make its volume: each object once, and no scout or stray picture."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from .frames import CLASSES as MULTI_FRAME
from .pixels import StoredPixels, Unreadable
from .planes import Plane, plane_of

IMAGE_CLASSES = {"1.2.840.10008.5.1.4.1.1.2": "CT", "1.2.840.10008.5.1.4.1.1.128": "PT", **MULTI_FRAME}
FEW, FEW_PART = 3, 0.1  # so many files, and at most this part of all, may be strays beside a whole volume
PLACES = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept")


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice: its file, which frame of it (from 0), the header as of a single-slice object."""

    path: Path
    frame: int
    header: Dataset


@dataclass(frozen=True, eq=False)
class Stack:
    """The slices that may make a volume with their planes, and sentences on what was left out."""

    slices: tuple[Slice, ...]
    planes: tuple[Plane, ...]
    left_out: tuple[str, ...] = ()


def without_copies(slices: Sequence[Slice]) -> tuple[list[Slice], tuple[str, ...]] | str:
    """Each object (SOPInstanceUID) once, with a note if there were copies; or the reason why the copies cannot be told apart."""
    by_object: dict[tuple[str, int], list[Slice]] = defaultdict(list)
    for number, one in enumerate(slices):
        uid = str(one.header.get("SOPInstanceUID") or f"file {number}")
        by_object[uid, one.frame].append(one)
    copies = sum(len(same) - 1 for same in by_object.values())
    if not copies:
        return list(slices), ()
    with StoredPixels() as pixels:
        for first, *others in by_object.values():
            if any(not _same(first, other, pixels) for other in others):
                return "several files carry the same (0008,0018) SOPInstanceUID but differ"
    return [same[0] for same in by_object.values()], (f"{copies} of its files are copies of others and were left out",)


def _same(one: Slice, other: Slice, pixels: StoredPixels) -> bool:
    if one.path.stat().st_size == other.path.stat().st_size and one.path.read_bytes() == other.path.read_bytes():
        return True
    if any(str(one.header.get(name)) != str(other.header.get(name)) for name in PLACES):
        return False
    try:
        return np.array_equal(pixels.frame(one.path, one.frame), pixels.frame(other.path, other.frame))
    except Unreadable:
        return False


def stack_of(slices: Sequence[Slice]) -> Stack | str:
    """The slices that belong to one volume, few others (a scout, a dose report) left out and named; or the reason for none."""
    reasons = [_no_slice(one.header) for one in slices]
    planes = [plane_of(one.header) if reason is None else reason for one, reason in zip(slices, reasons, strict=True)]
    placed = {number: plane for number, plane in enumerate(planes) if not isinstance(plane, str)}
    groups: list[list[int]] = []
    for number in placed:
        home = next((group for group in groups if _together(slices, placed, group[0], number)), None)
        groups.append([number]) if home is None else home.append(number)
    if not groups:
        return Counter(plane for plane in planes if isinstance(plane, str)).most_common(1)[0][0]
    main = max(groups, key=len)
    others = [(number, plane) for number, plane in enumerate(planes) if number not in set(main)]
    kept = tuple(slices[number] for number in main), tuple(placed[number] for number in main)
    if not others:
        return Stack(*kept)
    why = [plane if isinstance(plane, str) else _difference(slices, placed, main[0], n) for n, plane in others]
    if len(others) > max(1, min(FEW, FEW_PART * len(slices))):
        return Counter(why).most_common(1)[0][0]
    return Stack(*kept, tuple(f"{count} of its files left out: {reason}" for reason, count in Counter(why).items()))


def image_type(header: Dataset) -> list[str]:
    """The words of ImageType in capitals."""
    value = header.get("ImageType")
    return [str(word).upper() for word in ([value] if isinstance(value, str) else value or ())]


def _no_slice(header: Dataset) -> str | None:
    modality, kind = str(header.get("Modality", "?")), IMAGE_CLASSES.get(str(header.get("SOPClassUID", "")))
    if kind is None or kind != modality:
        return f"it is no CT or PET image series (modality {modality})"
    if {"LOCALIZER", "SCOUT", "TOPOGRAM"} & set(image_type(header)):
        return "it is a localiser (scout)"
    return None


def _together(slices: Sequence[Slice], planes: Mapping[int, Plane], one: int, other: int) -> bool:
    return planes[one].fits(planes[other]) and _kind(slices[one].header) == _kind(slices[other].header)


def _kind(header: Dataset) -> tuple[str, bool, str, str]:
    """What the slices of one volume have in common beside their place."""
    names = ("FrameOfReferenceUID", "ConvolutionKernel", "PatientID")
    frame, kernel, patient = (str(header.get(name, "")) for name in names)
    return frame, "SECONDARY" in image_type(header), kernel, patient


def _difference(slices: Sequence[Slice], planes: Mapping[int, Plane], one: int, other: int) -> str:
    a, b = planes[one], planes[other]
    if a.shape != b.shape:
        return f"its slices differ in {'Rows' if a.shape[0] != b.shape[0] else 'Columns'}"
    if np.abs(a.normal - b.normal).max() > 1e-3 or np.abs(a.right - b.right).max() > 1e-3:
        return "its slices have different orientations (ImageOrientationPatient)"
    if not a.fits(b):
        return "its slices differ in PixelSpacing"
    reasons = (
        "its slices have different frames of reference",
        "some are secondary (derived) images",
        "its slices were reconstructed with different kernels ((0018,1210) ConvolutionKernel)",
        "its slices carry the identifiers of different patients",
    )
    kinds = zip(_kind(slices[one].header), _kind(slices[other].header), strict=True)
    return next(reason for reason, (ours, theirs) in zip(reasons, kinds, strict=True) if ours != theirs)
