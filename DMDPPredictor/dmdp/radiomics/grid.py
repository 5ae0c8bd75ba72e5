"""The grid that features are computed on: resampling as PyRadiomics places it, but of no more of the image than is needed.

The new grid shares the corner of the old one (not the centre of its first voxel), and whole new voxels are counted from there.
Of it PyRadiomics keeps what lies within ``pad`` voxels of a region: the region's *field*, the image that its filters see. Fields
of several regions lie on one lattice, so one resampling of the box round all of them serves all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ..errors import GeometryError, InputError
from ..images.files import to_sitk
from ..images.volume import Geometry, Volume, triple
from .profile import Profile
from .settings import INTERPOLATORS
from .spline import resample_spline

OUTPUT = {"u1": sitk.sitkUInt8, "i4": sitk.sitkInt32}
SOURCE_MARGIN = 32  # voxels; a cubic B-spline's memory of farther ones is below 1e-18 (0.268 per voxel)
MOST_VOXELS = 5e8
TIE = 1e-6  # voxels; what is nearer than this to a voxel or to the midpoint of two is there but for rounding

Box = tuple[slice, ...]  # one for each axis


@dataclass(frozen=True, eq=False)
class Gridded:
    """Regions on one grid: ``image`` (z, y, x) of ``spacing`` mm, ``masks`` bool on it, and each region's field.

    The image is float32, or float64 if it holds whole numbers.
    """

    image: np.ndarray
    masks: dict[str, np.ndarray]
    fields: dict[str, Box]
    spacing: tuple[float, float, float]


def bounds(mask: np.ndarray) -> Box | None:
    """The smallest box that holds a mask (bool, z, y, x), or None if it is empty."""
    planes = np.flatnonzero(mask.any(axis=(1, 2)))
    if not len(planes):
        return None
    front = np.asarray(mask[planes[0] : planes[-1] + 1].any(axis=0))
    rows, columns = np.flatnonzero(front.any(axis=1)), np.flatnonzero(front.any(axis=0))
    return tuple(slice(int(found[0]), int(found[-1]) + 1) for found in (planes, rows, columns))


def on_profile_grid(
    image: Volume, masks: Mapping[str, np.ndarray], profile: Profile, *, whole_numbers: bool = False
) -> Iterator[Gridded]:
    """``image`` and ``masks`` (bool, on its grid, none empty) as the profile wants them.

    ``whole_numbers``: interpolated as an image of integers, whole and by ITK, which cuts their fractions off.

    One grid for all regions, and another for regions that span one slice only along an axis: that axis is not resampled.
    """
    boxes = {name: box for name, mask in masks.items() if (box := bounds(mask)) is not None}
    array = image.array.astype(float) if whole_numbers else image.array  # PyRadiomics filters integers in double precision
    if profile.spacing_mm is None:
        whole = tuple(slice(0, side) for side in image.geometry.shape)
        fields = {name: _padded(box, profile.pad, whole) if profile.crop else whole for name, box in boxes.items()}
        yield Gridded(array, dict(masks), fields, image.geometry.spacing)
        return
    spacing = np.array(image.geometry.spacing)
    groups: dict[tuple[float, ...], list[str]] = {}
    for name, box in boxes.items():
        flat = np.array([side.stop - side.start == 1 for side in box])
        wanted = np.array(profile.spacing_mm[::-1])
        wanted = np.where((wanted == 0) | flat, spacing, wanted)
        groups.setdefault(tuple(wanted), []).append(name)
    for size, names in groups.items():
        if np.allclose(spacing, size):
            whole = tuple(slice(0, side) for side in image.geometry.shape)
            fields = {name: _padded(boxes[name], profile.pad, whole) for name in names}
            yield Gridded(array, {name: masks[name] for name in names}, fields, image.geometry.spacing)
        else:
            regions = {name: (masks[name], boxes[name]) for name in names}
            yield _resampled(image, regions, np.array(size), profile, whole_numbers)


def _padded(box: Box, pad: int, limit: Box) -> Box:
    pairs = zip(box, limit, strict=True)
    return tuple(slice(max(side.start - pad, end.start), min(side.stop + pad, end.stop)) for side, end in pairs)


def _resampled(
    image: Volume, regions: Mapping[str, tuple[np.ndarray, Box]], wanted: np.ndarray, profile: Profile, whole_numbers: bool
) -> Gridded:
    if profile.interpolator == "bspline" and 2 in image.geometry.shape:
        raise GeometryError(
            "image.two_voxels",
            f"An image of {' × '.join(map(str, image.geometry.shape))} voxels.",
            "three voxels along each axis: of two, ITK's B-spline reads beyond the image, and its values are undefined.",
            "Use linear interpolation.",
        )
    lattice = _Lattice(image.geometry, wanted, profile.ibsi)
    fields = {name: lattice.field(box, profile.pad) for name, (_, box) in regions.items()}
    first = np.min([low for low, _ in fields.values()], axis=0)
    last = np.max([high for _, high in fields.values()], axis=0)
    if np.prod(last - first + 1) > MOST_VOXELS:
        raise InputError(
            "radiomics.too_fine",
            f"The radiomics settings resample to {' × '.join(f'{v:g}' for v in wanted[::-1])} mm: "
            f"{np.prod(last - first + 1):.2g} voxels round the region.",
            f"at most {MOST_VOXELS:.0e} voxels.",
            "Choose coarser voxels (resampledPixelSpacing, spacing_mm).",
        )
    margin = SOURCE_MARGIN if profile.interpolator == "bspline" else 2
    if whole_numbers:
        values = lattice.resample_whole(image.array, first, last, profile.interpolator)
    else:
        values = lattice.resample(image.array, first, last, margin, profile.interpolator)
    if profile.ibsi and image.unit == "HU":
        values = np.rint(values)
    masks, windows = {}, {}
    for name, (mask, _) in regions.items():
        low, high = fields[name]
        windows[name] = tuple(slice(int(a), int(b) + 1) for a, b in zip(low - first, high - first, strict=True))
        masks[name] = np.zeros(values.shape, bool)
        if profile.ibsi:
            masks[name][windows[name]] = lattice.resample(mask.astype(np.float32), low, high, 2, "linear") >= 0.5 - TIE
        else:
            masks[name][windows[name]] = lattice.resample(mask, low, high, 2, "nearest").astype(bool)
    return Gridded(values, masks, windows, triple(float, wanted))


class _Lattice:
    """Voxels of ``wanted`` mm (z, y, x) counted from the corner of an image's grid, or placed round the same centre."""

    def __init__(self, geometry: Geometry, wanted: np.ndarray, centred: bool):
        self.geometry, self.wanted = geometry, wanted
        self.spacing = np.array(geometry.spacing)
        self.ratio = self.spacing / wanted
        self.number = np.ceil(np.array(geometry.shape) * self.ratio - (1e-9 if centred else 0.0))
        corner = 0.5 * (wanted - self.spacing) / self.spacing
        # where the first new voxel lies among the old ones
        self.origin = 0.5 * (np.array(geometry.shape) - 1 - (self.number - 1) / self.ratio) if centred else corner
        self.shift = (corner - self.origin) * self.ratio if centred else 0.0
        self.anchor = to_sitk(np.zeros((1, 1, 1), np.uint8), geometry)  # places points, holds no image

    def field(self, box: Box, pad: int) -> tuple[np.ndarray, np.ndarray]:
        """First and last new voxel of the field of a region whose box on the old grid is ``box``."""
        low, high = np.array([side.start for side in box]), np.array([side.stop - 1 for side in box])
        first = np.maximum(np.floor((low - 0.5) * self.ratio + self.shift - pad), 0)
        last = np.minimum(np.ceil((high + 0.5) * self.ratio + self.shift + pad), self.number - 1)
        return first, last

    def resample(self, array: np.ndarray, first: np.ndarray, last: np.ndarray, margin: int, how: str) -> np.ndarray:
        """``array`` (on the old grid) at the new voxels ``first`` to ``last``, from the part of it that they lie in.

        If rounding decides (between two nearest voxels, or on which side of a bin's edge a value falls that the spline takes
        over unchanged) it has to be ITK's rounding of the whole image.
        """
        start = self.origin + first / self.ratio
        along = [a + np.arange(int(n) + 1) / ratio for a, n, ratio in zip(start, last - first, self.ratio, strict=True)]
        low = np.array([max(int(np.floor(at[0])) - margin, 0) for at in along])
        high = np.array([min(int(np.ceil(at[-1])) + margin + 1, n) for at, n in zip(along, array.shape, strict=True)])
        window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        if how == "nearest":
            if any(_near_halves(at).any() for at in along):
                return self._by_itk(array, (0, 0, 0), along, how)
            return _nearest(array, along)
        if how == "bspline" and not _delicate(along, array.shape):
            return resample_spline(array[window], tuple(at - a for at, a in zip(along, low, strict=True)))
        return self._by_itk(array[window], low, along, how)

    def resample_whole(self, array: np.ndarray, first: np.ndarray, last: np.ndarray, how: str) -> np.ndarray:
        """As :meth:`resample`, of an image of whole numbers: from all of it, since a fraction near 0 may be cut off or not."""
        start = self.origin + first / self.ratio
        along = [a + np.arange(int(n) + 1) / ratio for a, n, ratio in zip(start, last - first, self.ratio, strict=True)]
        return self._by_itk(np.rint(array).astype(np.int32), (0, 0, 0), along, how).astype(float)

    def _by_itk(self, part: np.ndarray, low, along: list[np.ndarray], how: str) -> np.ndarray:
        part = np.ascontiguousarray(part.view(np.uint8) if part.dtype == bool else part)
        resampler = sitk.ResampleImageFilter()
        resampler.SetOutputOrigin(self.anchor.TransformContinuousIndexToPhysicalPoint([float(at[0]) for at in along[::-1]]))
        resampler.SetOutputSpacing(self.wanted[::-1].tolist())
        resampler.SetOutputDirection(self.anchor.GetDirection())
        resampler.SetSize([len(at) for at in along[::-1]])
        resampler.SetInterpolator(getattr(sitk, INTERPOLATORS[how]))
        resampler.SetOutputPixelType(OUTPUT.get(part.dtype.kind + str(part.dtype.itemsize), sitk.sitkFloat32))
        return sitk.GetArrayFromImage(resampler.Execute(to_sitk(part, self.geometry.crop(low, part.shape))))


def _near_halves(along: np.ndarray) -> np.ndarray:
    return np.abs(along % 1.0 - 0.5) < TIE


def _delicate(along: list[np.ndarray], shape: tuple[int, int, int]) -> bool:
    """True if new voxels coincide with old ones, or lie on the image's outermost faces."""
    coincide = all((np.abs(at - np.round(at)) < TIE).any() for at in along)
    faces = ((np.abs(at + 0.5) < TIE).any() or (np.abs(at - n + 0.5) < TIE).any() for at, n in zip(along, shape, strict=True))
    return coincide or any(faces)


def _nearest(array: np.ndarray, along: list[np.ndarray]) -> np.ndarray:
    """``array`` at the voxels nearest to positions on its grid, none of them midway; 0 outside."""
    nearest = [np.floor(at + 0.5).astype(int) for at in along]
    inside = [(at >= 0) & (at < n) for at, n in zip(nearest, array.shape, strict=True)]
    found = np.zeros([len(at) for at in along], array.dtype)
    if all(keep.any() for keep in inside):
        nearest = [at[keep] for at, keep in zip(nearest, inside, strict=True)]
        part = array[tuple(slice(at[0], at[-1] + 1) for at in nearest)]
        for axis, at in enumerate(nearest):
            part = part.take(at - at[0], axis)
        found[tuple(slice(keep.argmax(), keep.argmax() + keep.sum()) for keep in inside)] = part
    return found
