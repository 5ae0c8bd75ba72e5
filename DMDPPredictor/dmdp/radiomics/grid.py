"""The grid that features are computed on: crop round the region, and resampling as PyRadiomics places it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ..case import Geometry, Volume
from ..errors import LesionError
from .profile import Profile

INTERPOLATION = {"bspline": sitk.sitkBSpline, "linear": sitk.sitkLinear, "nearest": sitk.sitkNearestNeighbor}


@dataclass(frozen=True, eq=False)
class Gridded:
    """``image`` float32 (z, y, x) and ``masks`` bool by name on one grid of ``spacing`` mm (z, y, x)."""

    image: np.ndarray
    masks: dict[str, np.ndarray]
    spacing: tuple[float, float, float]


def on_profile_grid(image: Volume, masks: dict[str, np.ndarray], profile: Profile) -> Gridded:
    """``image`` and ``masks`` (bool, on its grid) as the profile wants them, cropped round all masks together.

    The new grid shares the corner of the old one (not the centre of its first voxel), whole new voxels are counted from
    there, and ``pad`` of them are kept round the masks where the image reaches. An axis on which the masks span one slice is
    not resampled. Raises :class:`LesionError` where all masks are empty.
    """
    together = np.logical_or.reduce(list(masks.values()))
    found = np.argwhere(together)[:, ::-1]  # x, y, z
    if not len(found):
        raise LesionError("region.empty", "The region is empty.", "at least one voxel.", "Outline the region.")
    low, high = found.min(axis=0), found.max(axis=0)
    spacing = np.array(image.geometry.spacing[::-1])
    wanted = np.array(profile.spacing_mm or (0.0, 0.0, 0.0))
    wanted = np.where((wanted == 0) | (low == high), spacing, wanted)
    if profile.spacing_mm is None:  # filters see all of the image, as in PyRadiomics
        return Gridded(image.array, dict(masks), image.geometry.spacing)
    if np.allclose(spacing, wanted):
        window = tuple(slice(max(0, a - profile.pad), b + profile.pad + 1) for a, b in zip(low[::-1], high[::-1], strict=True))
        cropped = {name: mask[window] for name, mask in masks.items()}
        return Gridded(image.array[window], cropped, image.geometry.spacing)
    return _resampled(image, masks, profile, low, high, spacing, wanted)


def _resampled(image: Volume, masks, profile: Profile, low, high, spacing, wanted) -> Gridded:
    size = np.array(image.geometry.shape[::-1])
    ratio = spacing / wanted
    first = np.maximum(np.floor((low - 0.5) * ratio - profile.pad), 0)
    last = np.minimum(np.ceil((high + 0.5) * ratio + profile.pad), np.ceil(size * ratio) - 1)
    start = 0.5 * (wanted - spacing) / spacing + first / ratio  # continuous index of the new first voxel
    source = to_sitk(image.array.astype(np.float32), image.geometry)
    resampler = sitk.ResampleImageFilter()
    resampler.SetOutputOrigin(source.TransformContinuousIndexToPhysicalPoint(start.tolist()))
    resampler.SetOutputSpacing(wanted.tolist())
    resampler.SetOutputDirection(source.GetDirection())
    resampler.SetSize((last - first + 1).astype(int).tolist())
    resampler.SetOutputPixelType(sitk.sitkFloat32)
    resampler.SetInterpolator(INTERPOLATION[profile.interpolator])
    values = sitk.GetArrayFromImage(resampler.Execute(source))
    resampler.SetOutputPixelType(sitk.sitkUInt8)
    resampler.SetInterpolator(sitk.sitkNearestNeighbor)
    found = {
        name: sitk.GetArrayFromImage(resampler.Execute(to_sitk(mask.astype(np.uint8), image.geometry))) > 0
        for name, mask in masks.items()
    }
    return Gridded(values, found, tuple(float(v) for v in wanted[::-1]))


def to_sitk(array: np.ndarray, geometry: Geometry) -> sitk.Image:
    """An array (z, y, x) as a SimpleITK image with its place in LPS."""
    image = sitk.GetImageFromArray(array)
    matrix, spacing = geometry.matrix, geometry.spacing
    image.SetOrigin(matrix[:3, 3].tolist())
    image.SetSpacing(spacing[::-1])
    image.SetDirection((matrix[:3, :3] / spacing)[:, ::-1].ravel().tolist())
    return image
