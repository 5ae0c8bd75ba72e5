"""What the header of a NIfTI file says of where its voxels lie: two ways that may contradict each other, or no right angles.

NIfTI-1 standard: https://nifti.nimh.nih.gov/nifti-1. Here matrices are 3×4: voxel index (x, y, z) to RAS mm.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .axes import right_angled, sharpest_angle
from .volume import EVEN_MM

SUFFIXES = (".nii", ".nii.gz")
BYTES = {
    2: 1,
    4: 2,
    8: 4,
    16: 4,
    64: 8,
    256: 1,
    512: 2,
    768: 4,
    1024: 8,
    1280: 8,
    128: 3,
    2304: 4,
    32: 8,
    1792: 16,
}  # by datatype
FLOATS = {16: "f4", 64: "f8"}
UNITS_MM = {1: 1000.0, 3: 0.001}  # metres, micrometres; anything else counts as millimetres
RESAMPLE = "Resample it onto a right-angled grid (in Slicer: Resample Image), or give the DICOM series that it was made from."


@dataclass(frozen=True, eq=False)
class Header:
    """``size`` (x, y, z) in voxels; ``sform`` and ``qform`` (3×4) if their codes say that they hold, else None; ``order``
    is the byte order of the file, as in :mod:`struct`; ``scale`` are scl_slope and scl_inter."""

    size: tuple[int, int, int]
    sform: np.ndarray | None
    qform: np.ndarray | None
    order: str
    scale: tuple[float, float] = (1.0, 0.0)


def is_nifti(path: Path) -> bool:
    """By its name."""
    return path.name.lower().endswith(SUFFIXES)


def content(path: Path, size: int = -1) -> bytes:
    """The first ``size`` bytes of a file, unpacked if it is packed; all by default.

    Raises :class:`InputError` if it is damaged or ends too early.
    """
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            return stream.read(size)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(
            "image.incomplete", f"'{path.name}' ends too early or is damaged.", "a whole file.", "Copy it again."
        ) from error


def read_header(path: Path) -> Header | None:
    """The header of a NIfTI-1 file; None if it is none. Raises :class:`InputError` for NIfTI-2."""
    try:
        start = content(path, 348)
    except InputError:
        return None
    for order in "<>":
        sizeof = struct.unpack_from(order + "i", start)[0] if len(start) >= 4 else 0
        if sizeof == 540:
            raise InputError(
                "nifti.version", f"'{path.name}' is a NIfTI-2 file.", "NIfTI-1, NRRD or MetaImage.", "Convert it to NIfTI-1."
            )
        if sizeof == 348 and len(start) == 348:
            break
    else:
        return None
    dim = struct.unpack_from(order + "8h", start, 40)
    size = tuple(max(1, n) for n in dim[1:4])
    scale = UNITS_MM.get(start[123] & 7, 1.0)
    q_code, s_code = struct.unpack_from(order + "2h", start, 252)
    sform = np.array(struct.unpack_from(order + "12f", start, 280)).reshape(3, 4) * scale if s_code > 0 else None
    qform = _from_quaternion(start, order) * scale if q_code > 0 else None
    return Header(size, sform, qform, order, struct.unpack_from(order + "2f", start, 112))


def count_not_finite(path: Path) -> int:
    """Voxels of a NIfTI file that are not finite: the NIfTI library replaces them by 0 while it reads, and says nothing.

    Raises :class:`InputError` for a file that ends too early, whose missing voxels that library also fills with 0, and for
    voxels of a type that it does not know.
    """
    whole = content(path)
    header = read_header(path)
    if header is None or whole[344:347] != b"n+1":
        return 0
    dim = struct.unpack_from(header.order + "8h", whole, 40)
    kind = struct.unpack_from(header.order + "h", whole, 70)[0]
    start = int(struct.unpack_from(header.order + "f", whole, 108)[0])
    if kind not in BYTES:
        raise InputError(
            "nifti.type",
            f"'{path.name}' has voxels of the unknown type {kind}.",
            "whole or floating numbers.",
            "Export it again.",
        )
    voxels = int(np.prod([max(1, n) for n in dim[1 : dim[0] + 1]])) if 1 <= dim[0] <= 7 else 0
    if voxels * BYTES[kind] > len(whole) - start:
        raise InputError(
            "image.incomplete",
            f"'{path.name}' ends too early: it holds {max(0, len(whole) - start)} of {voxels * BYTES[kind]} bytes of voxels.",
            "a whole file.",
            "Copy it again.",
        )
    if kind not in FLOATS:
        return 0
    return int((~np.isfinite(np.frombuffer(whole, header.order + FLOATS[kind], voxels, start))).sum())


def _from_quaternion(start: bytes, order: str) -> np.ndarray:
    pixdim = struct.unpack_from(order + "8f", start, 76)
    b, c, d, *offset = struct.unpack_from(order + "6f", start, 256)
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    steps = np.array(pixdim[1:4]) * (1.0, 1.0, -1.0 if pixdim[0] < 0 else 1.0)
    return np.column_stack([rotation * steps, offset])


def _check_scale(name: str, slope: float, inter: float) -> None:
    """Raise :class:`InputError` if the scale of the values is ambiguous; a slope of 0, or none, is no scaling."""
    plain = np.isfinite(slope) and slope != 0 and np.isfinite(inter)
    if plain or ((slope == 0 or np.isnan(slope)) and (inter == 0 or np.isnan(inter))):
        return
    raise InputError(
        "nifti.scale",
        f"The header of '{name}' says to scale its values by {slope:g} and to add {inter:g} (scl_slope, scl_inter).",
        "two finite numbers, or no scaling at all.",
        "Write the file again with its values as they are meant.",
    )


def place_of(path: Path) -> np.ndarray | None:
    """The 3×4 matrix from voxel index (x, y, z) to LPS mm with axes at right angles; None if the header gives no position.

    ITK takes the size of the voxels from elsewhere in the header, which may say another one.
    """
    header = read_header(path)
    matrix = None if header is None else header.qform if header.sform is None else header.sform
    if header is None or matrix is None:
        return None
    lps = np.diag((-1.0, -1.0, 1.0)) @ matrix
    return np.column_stack([right_angled(lps[:, :3], header.size)[0], lps[:, 3]])


def check_header(path: Path) -> None:
    """Raise :class:`InputError` if a NIfTI header gives two positions for its voxels, a grid without right angles, or an
    ambiguous scale of its values.
    """
    header = read_header(path)
    if header is None:
        return
    _check_scale(path.name, *header.scale)
    for name in ("sform", "qform"):
        matrix = getattr(header, name)
        if matrix is not None:
            check_axes(f"The {name} of '{path.name}'", matrix[:, :3], header.size)
    if header.sform is None or header.qform is None:
        return
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in header.size])).reshape(3, -1)
    apart = (header.sform - header.qform) @ np.vstack([corners, np.ones(corners.shape[1])])
    apart = float(np.linalg.norm(apart, axis=0).max())
    if apart > EVEN_MM:
        raise InputError(
            "nifti.two_places",
            f"The header of '{path.name}' says two places for its voxels: sform and qform lie up to {apart:.1f} mm apart.",
            f"both to agree within {EVEN_MM} mm, or one of them only.",
            "Find out which of them holds, over another image of the patient, and write the file again with that one.",
        )


def check_axes(what: str, axes: np.ndarray, shape: tuple[int, int, int]) -> None:
    """Raise :class:`InputError` if ``axes`` (3×3, a step per column, mm) are not at right angles on a grid of ``shape``.

    ``what`` begins the sentence. A deviation of at most :data:`dmdp.images.volume.EVEN_MM` counts as none.
    """
    try:
        _, away = right_angled(axes, shape)
    except ValueError as error:
        raise InputError(
            "image.no_axes",
            f"{what} has {error}.",
            "three axes at right angles.",
            "Write the image again with its spacing and axes.",
        ) from error
    if away > EVEN_MM:
        raise InputError(
            "image.not_right_angled",
            f"{what} has axes that are not at right angles: two of them meet at {sharpest_angle(axes):.1f}°, and voxels lie up "
            f"to {away:.1f} mm from where a right-angled grid has them.",
            "three axes at right angles, as every measure of size and shape takes them.",
            RESAMPLE,
        )


def straightened(path: Path) -> bytes | None:
    """The unpacked file with its sform made exactly right-angled; None if there is nothing to straighten.

    For files whose small deviation, below :data:`dmdp.images.volume.EVEN_MM`, ITK refuses.
    """
    header = read_header(path)
    if header is None or header.sform is None:
        return None
    with suppress(ValueError):
        nearest, _ = right_angled(header.sform[:, :3], header.size)
        middle = (np.array(header.size) - 1) / 2
        offset = header.sform[:, :3] @ middle + header.sform[:, 3] - nearest @ middle
        whole = bytearray(content(path))
        scale = UNITS_MM.get(whole[123] & 7, 1.0)
        struct.pack_into(header.order + "12f", whole, 280, *(np.column_stack([nearest, offset]) / scale).ravel())
        struct.pack_into(header.order + "h", whole, 252, 0)
        return bytes(whole)
    return None
