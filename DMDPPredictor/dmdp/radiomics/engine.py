"""All features of one or more regions of an image, with everything that they share done once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..case import Volume
from ..errors import LesionError
from .discretise import grey_levels
from .filters import filtered
from .first_order import first_order
from .glcm import glcm_features
from .grid import on_profile_grid
from .matrices import neighbourhood, runs, zones
from .ngtdm import ngtdm_features
from .offsets import offsets
from .profile import Profile
from .shape import shape_features
from .sizes import gldm_features, glrlm_features, glszm_features

TEXTURES = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")


def extract(image: Volume, masks: Mapping[str, np.ndarray], profile: Profile) -> dict[str, dict[str, float]]:
    """Features by region and by name ``<image>_<class>_<feature>``, as PyRadiomics names them.

    ``masks`` are bool arrays on the image's grid (z, y, x). All regions share one crop, one resampling and one pass of each
    filter. Raises :class:`LesionError` for a region with fewer voxels than the profile's minimum after resampling and
    resegmentation.
    """
    grid = on_profile_grid(image, dict(masks), profile)
    kept = {name: _resegmented(grid.image, mask, profile, name) for name, mask in grid.masks.items()}
    found: dict[str, dict[str, float]] = {name: {} for name in masks}
    if "shape" in profile.classes:
        for name, mask in grid.masks.items():
            shape = shape_features(mask, grid.spacing)
            found[name] |= {f"original_shape_{key}": float(value) for key, value in shape.items()}
    for prefix, values in filtered(grid.image, grid.spacing, profile):
        for name, mask in kept.items():
            found[name] |= _of_image(prefix, values, mask, grid.spacing, profile)
    return found


def _resegmented(image: np.ndarray, mask: np.ndarray, profile: Profile, name: str) -> np.ndarray:
    kept = mask.copy()
    if profile.resegment is not None and mask.any():
        inside = image[mask]
        scale, shift = {
            "absolute": (1.0, 0.0),
            "relative": (inside.max(), 0.0),
            "sigma": (inside.std(), inside.mean()),
        }[profile.resegment_mode]
        limits = [scale * limit + shift for limit in sorted(profile.resegment)]
        kept[mask] = (inside >= limits[0]) & (inside <= (limits[1] if len(limits) == 2 else np.inf))
    if kept.sum() < max(profile.minimum_voxels, 1):
        raise LesionError(
            "region.too_small",
            f"The region '{name}' has {int(kept.sum())} voxels on the grid of '{profile.name}'.",
            f"at least {max(profile.minimum_voxels, 1)}.",
            "Leave it out, or choose another profile.",
        )
    return kept


def _of_image(prefix: str, image: np.ndarray, mask: np.ndarray, spacing, profile: Profile) -> dict[str, float]:
    window = tuple(slice(side.min(), side.max() + 1) for side in np.nonzero(mask))
    mask = mask[window]
    values = image[window][mask]
    binned = grey_levels(values, profile)
    found: dict[str, dict[str, float]] = {}
    if "firstorder" in profile.classes:
        found["firstorder"] = first_order(values, binned, float(np.prod(spacing)), profile.array_shift)
    if set(profile.classes) & set(TEXTURES):
        levels = np.zeros(mask.shape, np.int32)
        levels[mask] = binned
        found |= _textures(levels, np.unique(binned), profile)
    return {f"{prefix}_{kind}_{name}": float(value) for kind in profile.classes for name, value in found.get(kind, {}).items()}


def _textures(levels: np.ndarray, present: np.ndarray, profile: Profile) -> dict[str, dict[str, float]]:
    steps, highest = offsets(profile, levels.shape), int(present.max())
    near = offsets(replace(profile, distances=(1,)), levels.shape)  # runs and zones know no distance
    found = {}
    if {"glcm", "gldm", "ngtdm"} & set(profile.classes):
        pairs, dependences, tones = neighbourhood(levels, steps, highest, profile.gldm_alpha)
        found["glcm"] = glcm_features(pairs, present, profile.symmetric_glcm)
        found["gldm"] = gldm_features(dependences, present)
        found["ngtdm"] = ngtdm_features(tones)
    if "glrlm" in profile.classes:
        found["glrlm"] = glrlm_features(runs(levels, near, highest), present)
    if "glszm" in profile.classes:
        found["glszm"] = glszm_features(zones(levels, near), present)
    return found
