"""The images that features are computed from: the original, its wavelet bands, and its Laplacian of Gaussian.

PyRadiomics filters the whole field of a region (:mod:`.grid`). Both filters forget what is far, so here they see the regions and
their surroundings only, and one wavelet pass serves all regions whose neighbourhood lies within their field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import SimpleITK as sitk

from ..errors import MissingPackage
from .grid import Box, Gridded
from .profile import Profile

LOG_REACH = 12.0  # standard deviations; beyond, a voxel changes less than single precision shows
LOG_LEAST = 4  # voxels that the filter asks for along each axis, and as many as it looks back
WAVELET_REACH = 3  # voxels of coif1 at level 1

Patches = dict[str, np.ndarray]
Ends = tuple[tuple[int, int] | None, ...]


def filtered(grid: Gridded, boxes: Mapping[str, Box], profile: Profile) -> Iterator[tuple[str, Patches]]:
    """(prefix, image by region) for every image of the profile; each image is cut to the region's box in ``boxes``."""
    if profile.original:
        yield "original", {name: grid.image[box] for name, box in boxes.items()}
    for sigma in profile.log_sigma_mm:
        found = {}
        for name, box in boxes.items():
            if _wide_enough(grid.fields[name], grid.spacing, sigma):
                found[name] = _laplacian_in(grid, grid.fields[name], box, sigma)
        yield f"log-sigma-{str(float(sigma)).replace('.', '-')}-mm-3D", found
    if profile.wavelet:
        axes = [axis for axis in range(3) if axis != profile.force_2d_axis]
        yield from _wavelets(grid, boxes, profile.wavelet, axes)


def _wide_enough(field: Box, spacing: tuple[float, float, float], sigma: float) -> bool:
    """Whether PyRadiomics applies the filter: the field has four voxels along each axis, and one more than ``sigma`` is long."""
    sides = zip(field, spacing, strict=True)
    return all(side.stop - side.start >= max(LOG_LEAST, np.ceil(sigma / mm) + 1) for side, mm in sides)


def _laplacian_in(grid: Gridded, field: Box, box: Box, sigma: float) -> np.ndarray:
    part, inner = [], []
    for side, end, mm in zip(box, field, grid.spacing, strict=True):
        reach = max(int(np.ceil(LOG_REACH * sigma / mm)), LOG_LEAST)
        part.append(slice(max(side.start - reach, end.start), min(side.stop + reach, end.stop)))
        inner.append(slice(side.start - part[-1].start, side.stop - part[-1].start))
    return laplacian_of_gaussian(grid.image[tuple(part)], grid.spacing, sigma)[tuple(inner)]


def laplacian_of_gaussian(image: np.ndarray, spacing: tuple[float, float, float], sigma: float) -> np.ndarray:
    """Scale-normalised Laplacian of a recursive Gaussian of ``sigma`` mm (SimpleITK, in single precision as PyRadiomics)."""
    source = sitk.GetImageFromArray(np.ascontiguousarray(image, np.float32))
    source.SetSpacing(spacing[::-1])
    smooth = sitk.LaplacianRecursiveGaussianImageFilter()
    smooth.SetNormalizeAcrossScale(True)
    smooth.SetSigma(sigma)
    return sitk.GetArrayFromImage(smooth.Execute(source))


def _wavelets(grid: Gridded, boxes: Mapping[str, Box], wavelet: str, axes: list[int]) -> Iterator[tuple[str, Patches]]:
    """One pass for all regions that no end of their field is near to, and one for each way in which others are."""
    sharing: dict[Ends, list[str]] = {}
    for name, box in boxes.items():
        sharing.setdefault(_near_ends(box, grid.fields[name], axes), []).append(name)
    passes = []
    for ends, names in sharing.items():
        part = tuple(
            slice(*end)
            if end
            else slice(
                max(min(boxes[name][axis].start for name in names) - WAVELET_REACH, 0),
                max(boxes[name][axis].stop for name in names) + WAVELET_REACH,
            )
            for axis, end in enumerate(ends)
        )
        passes.append((names, part, wavelet_bands(grid.image[part], wavelet, axes)))
    for label in passes[0][2] if passes else ():
        found = {}
        for names, part, bands in passes:
            for name in names:
                window = tuple(slice(s.start - p.start, s.stop - p.start) for s, p in zip(boxes[name], part, strict=True))
                found[name] = bands[label][window]
        yield f"wavelet-{label}", {name: found[name] for name in boxes}


def _near_ends(box: Box, field: Box, axes: list[int]) -> Ends:
    """Per axis the field's extent where ``box`` comes near to its ends, else None.

    There the transform goes round to the other end, and must be given all of the field along that axis.
    """
    return tuple(
        (field[axis].start, field[axis].stop)
        if axis in axes and min(box[axis].start - field[axis].start, field[axis].stop - box[axis].stop) < WAVELET_REACH
        else None
        for axis in range(3)
    )


def wavelet_bands(image: np.ndarray, name: str, axes: list[int]) -> dict[str, np.ndarray]:
    """The bands of one level of the undecimated wavelet transform; ``LLH`` is low, low, high along x, y, z.

    The transform repeats the image; an odd side is first made even by a copy of its first voxel, as PyRadiomics does. The
    approximation (LLL) comes last.
    """
    try:
        import pywt
    except ImportError as error:
        raise MissingPackage("PyWavelets", "wavelet features", "radiomics") from error
    order = tuple(sorted(axes, reverse=True))  # x first: the letters of the names
    even = np.pad(image, [(0, side % 2) for side in image.shape], "wrap")
    bands = pywt.swtn(even, pywt.Wavelet(name), level=1, start_level=0, axes=order)[0]
    low = "a" * len(axes)
    letters = (*(key for key in bands if key != low), low)
    return {key.replace("a", "L").replace("d", "H"): bands[key] for key in letters}
