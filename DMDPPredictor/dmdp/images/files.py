"""Image and mask files (NIfTI, NRRD, MetaImage) to arrays with geometry, and back."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..atomic import new_file
from ..errors import InputError, OutputError, base_name
from ..session import new_folder
from . import nifti
from .axes import right_angled, sharpest_angle
from .volume import EVEN_MM, Geometry, Volume

NIFTI_HEADER = 352  # bytes before the voxels
SMALLEST_MM, LARGEST_MM = 0.01, 100.0  # of a voxel
SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")


def read_volume(path: str | Path, unit: str) -> Volume:
    """A 3-D image file as a volume in ``unit``; raises :class:`InputError` if it is unreadable, not 3-D or not finite.

    ``provenance["stored"]`` is the kind of number in the file, as in :attr:`numpy.dtype.kind`.
    """
    image = read_image(path)
    stored = sitk.GetArrayViewFromImage(image).dtype.kind
    array = sitk.GetArrayFromImage(image).astype(np.float32, copy=False)
    not_finite = int((~np.isfinite(array)).sum()) or (nifti.count_not_finite(Path(path)) if nifti.is_nifti(Path(path)) else 0)
    if not_finite:
        raise InputError(
            "image.not_finite",
            f"'{Path(path).name}' holds {not_finite} voxels that are not numbers (NaN or infinite).",
            "finite values in every voxel.",
            "Export the image again, or replace these voxels.",
        )
    return Volume(array, Geometry.from_sitk(image), unit, {"source": "file", "stored": stored})


def read_mask(path: str | Path) -> tuple[np.ndarray, Geometry]:
    """A label file as (bool array (z, y, x), geometry); every label above 0 is inside. Raises :class:`InputError`."""
    image = read_image(path)
    if nifti.is_nifti(Path(path)):
        nifti.count_not_finite(Path(path))
    array = sitk.GetArrayFromImage(image)
    return np.nan_to_num(array) > 0 if array.dtype.kind == "f" else array > 0, Geometry.from_sitk(image)


def write_volume(path: str | Path, volume: Volume, description: str = "") -> Path:
    """Write a volume as float32; ``description`` goes into the file header (79 characters in NIfTI)."""
    return _write(path, volume.array, volume.geometry, description)


def write_mask(path: str | Path, mask: np.ndarray, geometry: Geometry, description: str = "") -> Path:
    """Write a mask or label array (z, y, x) as uint8."""
    return _write(path, np.asarray(mask).astype(np.uint8), geometry, description)


def to_sitk(array: np.ndarray, geometry: Geometry) -> sitk.Image:
    """An array (z, y, x) as a SimpleITK image with its place in LPS."""
    image = sitk.GetImageFromArray(array)
    matrix, spacing = geometry.matrix, geometry.spacing
    image.SetOrigin(matrix[:3, 3].tolist())
    image.SetSpacing(spacing[::-1])
    image.SetDirection((matrix[:3, :3] / spacing)[:, ::-1].ravel().tolist())
    return image


def read_image(path: str | Path, *, layers: bool = False) -> sitk.Image:
    """An image file as it is stored; with ``layers`` also one of several values per voxel.

    Raises :class:`InputError` if it is unreadable, cut off, not 3-D, or lies on a grid without right angles or in two places.
    """
    path = Path(path)
    if not path.is_file() or not path.name.lower().endswith(SUFFIXES):
        raise InputError(
            "file.not_an_image",
            f"'{base_name(path)}' is not an image file." if path.exists() else f"'{base_name(path)}' does not exist.",
            f"a file ending in {', '.join(SUFFIXES)}.",
            "Check the path.",
        )
    if nifti.is_nifti(path):
        nifti.check_header(path)
    image = _opened(path)
    components = image.GetNumberOfComponentsPerPixel()
    if image.GetDimension() != 3 or (components != 1 and not layers) or min(image.GetSize()) < 2:
        raise InputError(
            "file.dimensions",
            f"'{path.name}' has {' × '.join(map(str, image.GetSize()))} voxels with {components} value(s) each.",
            "a 3-D image of several slices with one value per voxel.",
            "Export one time point and one component.",
        )
    if nifti.is_nifti(path):
        _put(image, nifti.place_of(path))
    nifti.check_axes(f"'{path.name}'", Geometry.from_sitk(image).matrix[:3, :3], image.GetSize()[::-1])
    if not all(SMALLEST_MM <= size <= LARGEST_MM for size in image.GetSpacing()):
        raise InputError(
            "image.voxel_size",
            f"The voxels of '{path.name}' measure {' × '.join(f'{size:.3g}' for size in image.GetSpacing())} mm.",
            f"{SMALLEST_MM:g} to {LARGEST_MM:g} mm; its header may name another unit of length.",
            "Write the image again with its spacing in mm.",
        )
    return image


def unplaced(geometry: Geometry) -> bool:
    """True if the first voxel lies at 0, 0, 0 and no axis is turned, as in files that have lost their place in the patient."""
    matrix = geometry.matrix
    return not matrix[:3, 3].any() and np.array_equal(matrix[:3, :3] != 0, np.eye(3, dtype=bool)[::-1])


def _put(image: sitk.Image, place: np.ndarray | None) -> None:
    """Move ``image`` to where its header places it (3×4, LPS), if ITK has read that otherwise by more than rounding."""
    if place is None:
        return
    read = Geometry.from_sitk(image)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in read.shape])).reshape(3, -1).T
    if np.linalg.norm(read.to_lps(corners) - (corners[:, ::-1] @ place[:, :3].T + place[:, 3]), axis=1).max() <= EVEN_MM:
        return
    spacing = np.linalg.norm(place[:, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((place[:, :3] / spacing).ravel().tolist())
    image.SetOrigin(place[:, 3].tolist())


def _opened(path: Path) -> sitk.Image:
    try:
        with _silent():
            return sitk.ReadImage(str(path))
    except RuntimeError as error:
        whole = nifti.straightened(path) if nifti.is_nifti(path) else None
        if whole is not None:
            folder = new_folder("straight")
            try:
                straight = folder / "image.nii"
                straight.write_bytes(whole)
                with suppress(RuntimeError), _silent():
                    return sitk.ReadImage(str(straight))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        raise InputError(
            "file.unreadable",
            f"'{path.name}' cannot be read; it is damaged or cut off.",
            "a complete image file.",
            "Copy or export it again.",
        ) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Discard what the image libraries print past Python; our own messages say what is wrong."""
    warns = sitk.ProcessObject.GetGlobalWarningDisplay()
    kept = None
    with suppress(OSError, ValueError, AttributeError):  # a program without a screen
        sys.stderr.flush()
        kept = os.dup(2)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        os.close(nothing)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(warns)
        if kept is not None:
            os.dup2(kept, 2)
            os.close(kept)


def _check_written(path: Path, suffix: str, voxels: int) -> None:
    """Raise ``OSError`` for a NIfTI file that ends early: the library that writes it does not notice a full disk."""
    if not suffix.startswith(".nii"):
        return
    whole = NIFTI_HEADER + voxels
    if suffix == ".nii":
        found = path.stat().st_size
    else:  # a gzip file ends with the size of its content, modulo 2³²
        with path.open("rb") as stream:
            stream.seek(-4, os.SEEK_END)
            found, whole = int.from_bytes(stream.read(4), "little"), whole % 2**32
    if found != whole:
        raise OSError(errno.ENOSPC, "it ends too early; there is no room for it")


def _write(path: str | Path, array: np.ndarray, geometry: Geometry, description: str) -> Path:
    path = Path(path)
    suffix = next((s for s in SUFFIXES if path.name.lower().endswith(s)), None)
    if suffix is None or suffix in (".nhdr", ".mhd"):
        raise OutputError(
            "output.suffix",
            f"'{path.name}' does not tell a file format.",
            "a name ending in .nii.gz, .nii, .nrrd or .mha.",
            "Change the file's name.",
        )
    if nifti.is_nifti(path):
        _check_header_holds(path, geometry)
    image = to_sitk(array, geometry)
    if description:
        image.SetMetaData("ITK_FileNotes" if suffix.startswith(".nii") else "description", description[:79])
    try:
        with new_file(path) as aside:
            with _silent():
                sitk.WriteImage(image, str(aside), useCompression=suffix == ".nii.gz")
            _check_written(aside, suffix, array.nbytes)
    except (RuntimeError, OSError) as error:
        why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        raise OutputError(
            "output.unwritable",
            f"'{path.name}' cannot be written{why}.",
            "a writable place with enough free space.",
            "Choose another output path, or free the space or the permission.",
        ) from error
    return path


def _check_header_holds(path: Path, geometry: Geometry) -> None:
    """A NIfTI header says sizes up to 32767 and, in what every program reads of it, axes at right angles; raise
    :class:`OutputError` for others."""
    axes = geometry.matrix[:3, :3]
    try:
        _, away = right_angled(axes, geometry.shape)
        fault = f"meet at {sharpest_angle(axes):.1f}° (voxels up to {away:.1f} mm off)" if away > EVEN_MM else None
    except ValueError:
        fault = "span no volume"
    if max(geometry.shape) > 32767:
        fault = "are longer than 32767 voxels"
    if fault:
        raise OutputError(
            "output.geometry",
            f"'{path.name}' cannot be written as NIfTI: the axes of its grid {fault}, which a NIfTI header cannot hold.",
            "a grid with three axes at right angles.",
            "Resample the image onto a right-angled grid first; if the file is only a mask, name it .nrrd.",
        )
