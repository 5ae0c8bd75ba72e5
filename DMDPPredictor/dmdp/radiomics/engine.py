"""All features of one or more regions of an image; what they share is computed once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import LesionError
from ..images.volume import Volume
from .families import FAMILIES
from .family import MASK, Patch
from .filters import ORIGINAL, filtered
from .grid import Gridded, bounds, on_profile_grid
from .names import feature_names
from .profile import Profile
from .region import box_of, check_neighbours, kept_voxels

Features = dict[str, float]


def extract(image: Volume, masks: Mapping[str, np.ndarray], profile: Profile) -> dict[str, Features]:
    """Features by region and by name ``<image>_<class>_<feature>``, as PyRadiomics names them.

    ``masks`` are bool arrays on the image's grid (z, y, x). All regions share one resampling and one pass of each filter. Raises
    :class:`LesionError` for the first region that is too small for the profile, after resampling and resegmentation.
    """
    found, refused = extract_present(image, masks, profile)
    if refused:
        raise next(iter(refused.values()))
    return found


def extract_present(
    image: Volume, masks: Mapping[str, np.ndarray], profile: Profile, *, whole_numbers: bool = False
) -> tuple[dict[str, Features], dict[str, LesionError]]:
    """As :func:`extract`, but a region that is too small costs only its own features: (features, errors), both by region.

    With ``whole_numbers`` interpolated values lose their fraction, as those of an integer image do in ITK.
    """
    refused: dict[str, LesionError] = {}
    drawn = {name: mask for name, mask in masks.items() if _attempt(refused, name, box_of, mask, profile) is not None}
    found: dict[str, Features] = {}
    for grid in on_profile_grid(image, drawn, profile, whole_numbers=whole_numbers):
        found |= _on_grid(grid, profile, refused)
    order = feature_names(profile)
    return {name: {key: found[name][key] for key in order if key in found[name]} for name in masks if name in found}, refused


def _attempt(refused: dict[str, LesionError], name: str, step, *arguments):
    """What ``step`` returns; None, and its error in ``refused``, if it refuses the region."""
    try:
        return step(name, *arguments)
    except LesionError as error:
        refused[name] = error
        return None


def _on_grid(grid: Gridded, profile: Profile, refused: dict[str, LesionError]) -> dict[str, Features]:
    found: dict[str, Features] = {}
    kept, boxes = {}, {}
    for name, mask in grid.masks.items():
        drawn = _attempt(refused, name, box_of, mask, profile)
        voxels = None if drawn is None else _attempt(refused, name, kept_voxels, grid.image[drawn], mask[drawn], profile)
        if voxels is None or (inner := bounds(voxels)) is None:
            continue
        _attempt(refused, name, check_neighbours, voxels[inner].shape, profile)
        if name in refused:
            continue
        kept[name] = voxels[inner]
        boxes[name] = tuple(slice(a.start + b.start, a.start + b.stop) for a, b in zip(drawn, inner, strict=True))
        # without resegment_shape PyRadiomics takes the mask as drawn, but cut to the box of what resegmentation kept
        whole = drawn if profile.ibsi and not profile.resegment_shape else boxes[name]
        outline = kept[name] if profile.resegment_shape else mask[whole]
        found[name] = _measured(ORIGINAL, Patch(grid.image[whole], outline, grid.spacing, profile), once=True)
    for prefix, patches in filtered(grid, boxes, profile):
        for name, patch in patches.items():
            found[name] |= _measured(prefix, Patch(patch, kept[name], grid.spacing, profile), once=False)
    return found


def _measured(image: str, patch: Patch, *, once: bool) -> Features:
    """The features of a region in an ``image``, by the profile's families that are computed ``once`` per region or of each."""
    wanted = [family for name, family in FAMILIES.items() if name in patch.profile.classes and (family.reads == MASK) == once]
    only = patch.profile.only
    return {
        f"{image}_{family.name}_{name}": float(value)
        for family in wanted
        for name, value in family.compute(patch).items()
        if only is None or f"{family.name}_{name}" in only
    }
