"""A region on the profile's grid: which of its voxels count, and whether there are enough of them."""

from __future__ import annotations

import numpy as np

from ..errors import LesionError
from .families import TEXTURES
from .grid import Box, bounds
from .offsets import offsets
from .profile import Profile


def box_of(name: str, mask: np.ndarray, profile: Profile) -> Box:
    """The box of a region (bool, z, y, x), as drawn or on the profile's grid.

    Raises :class:`LesionError` if it is empty, one voxel, or has fewer dimensions than the profile asks for.
    """
    box = bounds(mask)
    if box is None:
        raise LesionError("region.empty", f"The region '{name}' is empty.", "at least two voxels.", "Outline the region.")
    wide = sum(side.stop - side.start > 1 for side in box)
    if wide < profile.minimum_dimensions:
        raise LesionError(
            "region.too_thin",
            f"The region '{name}' is wider than one voxel along {wide} of the three axes.",
            f"along at least {profile.minimum_dimensions}, by '{profile.name}'.",
            "Leave it out, or choose another profile.",
        )
    return box


def check_neighbours(name: str, shape: tuple[int, int, int], profile: Profile) -> None:
    """Raise :class:`LesionError` if textures are asked for and none of their directions fits into a box of ``shape``."""
    near = offsets(shape, force_2d_axis=profile.force_2d_axis)
    far = offsets(shape, profile.distances, profile.force_2d_axis)
    if TEXTURES & set(profile.classes) and not (len(near) and len(far)):
        raise LesionError(
            "region.no_neighbours",
            f"The region '{name}' of {' × '.join(map(str, shape))} voxels is too narrow for the directions of '{profile.name}'.",
            "two voxels along one of them.",
            "Leave it out, or choose another profile.",
        )


def kept_voxels(name: str, image: np.ndarray, mask: np.ndarray, profile: Profile) -> np.ndarray:
    """The voxels of ``mask`` whose value in ``image`` the profile's resegmentation keeps; all of them without one.

    Raises :class:`LesionError` if fewer voxels than the profile's minimum, or than two, lie on its grid or are kept.
    """
    number = int(mask.sum())
    if number < profile.minimum_voxels:
        raise _too_small(name, number, profile.minimum_voxels, profile)
    if profile.resegment is None and profile.outliers_sigma is None:
        return mask
    kept = mask
    if profile.resegment is not None:
        inside = image[mask]
        scale, shift = {
            "absolute": (1.0, 0.0),
            "relative": (inside.max(), 0.0),
            "sigma": (inside.std(), inside.mean()),
        }[profile.resegment_mode]
        limits = [scale * limit + shift for limit in sorted(profile.resegment)]
        kept = _between(image, kept, limits[0], limits[1] if len(limits) == 2 else np.inf)
    if profile.outliers_sigma is not None and kept.any():
        inside = image[kept].astype(float)
        away = profile.outliers_sigma * inside.std()
        kept = _between(image, kept, inside.mean() - away, inside.mean() + away)
    least = max(profile.minimum_voxels, 2)
    if kept.sum() < least:
        raise _too_small(name, int(kept.sum()), least, profile)
    box_of(name, kept, profile)
    return kept


def _between(image: np.ndarray, mask: np.ndarray, low: float, high: float) -> np.ndarray:
    return mask & (image >= low) & (image <= high)


def _too_small(name: str, number: int, minimum: int, profile: Profile) -> LesionError:
    return LesionError(
        "region.too_small",
        f"The region '{name}' has {number} voxels on the grid of '{profile.name}'.",
        f"at least {minimum}.",
        "Leave it out, or choose another profile.",
    )
