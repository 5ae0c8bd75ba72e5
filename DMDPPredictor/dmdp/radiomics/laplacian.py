"""The Laplacian of Gaussian of an image, at the scales of a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import SimpleITK as sitk

from .grid import Box, Gridded
from .image_filter import ImageFilter, Patches
from .profile import Profile

LOG_REACH = 12.0  # standard deviations; beyond, a voxel changes less than single precision shows
LOG_LEAST = 4  # voxels that the filter asks for along each axis, and as many as it looks back


def _images(profile: Profile) -> tuple[str, ...]:
    return tuple(f"log-sigma-{str(float(sigma)).replace('.', '-')}-mm-3D" for sigma in profile.log_sigma_mm)


def _apply(grid: Gridded, boxes: Mapping[str, Box], profile: Profile) -> Iterator[Patches]:
    for sigma in profile.log_sigma_mm:
        wide = {name: box for name, box in boxes.items() if _wide_enough(grid.fields[name], grid.spacing, sigma)}
        yield {name: _laplacian_in(grid, grid.fields[name], box, sigma) for name, box in wide.items()}


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


FILTER = ImageFilter("LoG", _images, _apply)
