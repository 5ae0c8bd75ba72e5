"""All features of one or more regions of an image, with everything that they share done once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import LesionError
from ..images.volume import Volume
from .discretise import check_levels, grey_levels
from .filters import filtered
from .first_order import first_order
from .glcm import glcm_features
from .grid import Gridded, bounds, on_profile_grid
from .matrices import Levels, neighbourhood, runs, zones
from .ngtdm import ngtdm_features
from .offsets import offsets
from .profile import TEXTURES, Profile, feature_names
from .region import box_of, check_neighbours, kept_voxels
from .shape import shape_features
from .sizes import gldm_features, glrlm_features, glszm_features

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
    """What ``step`` returns; None, and its error in ``refused``, where it refuses the region."""
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
        if voxels is None:
            continue
        inner = bounds(voxels)
        _attempt(refused, name, check_neighbours, voxels[inner].shape, profile)
        if name in refused:
            continue
        kept[name] = voxels[inner]
        boxes[name] = tuple(slice(a.start + b.start, a.start + b.stop) for a, b in zip(drawn, inner, strict=True))
        found[name] = {}
        if "shape" in profile.classes:
            # without resegment_shape PyRadiomics takes the mask as drawn, but cut to the box of what resegmentation kept
            whole = mask[drawn if profile.ibsi else boxes[name]]
            shape = shape_features(kept[name] if profile.resegment_shape else whole, grid.spacing, int(profile.ibsi))
            found[name] |= _named("original", "shape", shape, profile)
    for prefix, patches in filtered(grid, boxes, profile):
        for name, patch in patches.items():
            found[name] |= _of_image(prefix, patch, kept[name], grid.spacing, profile)
    return found


def _of_image(prefix: str, image: np.ndarray, mask: np.ndarray, spacing, profile: Profile) -> Features:
    """Features of ``image`` within ``mask``, both cut to the mask's box."""
    values = image[mask]
    binned = grey_levels(values, profile)
    found: Features = {}
    if "firstorder" in profile.classes:
        counts = np.bincount(binned)
        normal = 3.0 if profile.ibsi else 0.0
        whole = first_order(values, counts[counts > 0], float(np.prod(spacing)), profile.array_shift, normal)
        found |= _named(prefix, "firstorder", whole, profile)
    if set(profile.classes) & set(TEXTURES):
        levels = np.zeros(mask.shape, np.int32)
        levels[mask] = binned
        for kind, values in _textures(levels, profile).items():
            found |= _named(prefix, kind, values, profile)
    return found


def _textures(box: np.ndarray, profile: Profile) -> dict[str, Features]:
    levels = Levels.of(box, max(profile.distances))
    near = offsets(box.shape, force_2d_axis=profile.force_2d_axis)  # runs and zones know no distance
    found, wanted = {}, set(profile.classes)
    if wanted & {"glcm", "gldm", "ngtdm"}:
        steps = offsets(box.shape, profile.distances, profile.force_2d_axis)
        check_levels(len(steps), levels.present, profile)
        pairs, dependences, tones = neighbourhood(levels, steps, profile.gldm_alpha)
        if "glcm" in wanted:
            found["glcm"] = glcm_features(pairs, levels.present, profile.symmetric_glcm)
        if "gldm" in wanted:
            found["gldm"] = gldm_features(dependences, levels.present)
        if "ngtdm" in wanted:
            found["ngtdm"] = ngtdm_features(tones, levels.present, profile.ibsi)
    if "glrlm" in wanted:
        found["glrlm"] = glrlm_features(runs(levels, near), levels.present)
    if "glszm" in wanted:
        found["glszm"] = glszm_features(zones(levels, near), levels.present)
    return found


def _named(prefix: str, kind: str, values: Mapping[str, float], profile: Profile) -> Features:
    return {
        f"{prefix}_{kind}_{name}": float(value)
        for name, value in values.items()
        if profile.only is None or f"{kind}_{name}" in profile.only
    }
