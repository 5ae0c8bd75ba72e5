"""How features depend on where exactly a contour was drawn: the same lesion outlined a little differently.

Contour changes after Zwanenburg et al. (Sci Rep 2019;9:614): grown, shrunk and shifted masks stand for the disagreement between
readers. What varies with them more than between lesions is no property of the lesion (:mod:`.agreement`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from ..case import Volume
from .engine import Features, extract_present
from .grid import bounds
from .profile import Profile

AS_DRAWN = "as drawn"


def perturbed(
    mask: np.ndarray, spacing: tuple[float, float, float], margin_mm: float = 1.0, shift_mm: float = 1.0
) -> dict[str, np.ndarray]:
    """Nine masks by name: as drawn, larger and smaller by ``margin_mm``, shifted by ``shift_mm`` six ways.

    ``mask`` is bool (z, y, x) with ``spacing`` mm in the same order. Distances are those between voxel centres, so voxels larger
    than ``margin_mm`` are neither gained nor lost along their long side; a shift is at least one voxel. A shrunk mask may be
    empty, and a shifted one loses what leaves the image.
    """
    found = {name: np.zeros_like(mask) for name in (AS_DRAWN, f"{margin_mm:g} mm larger", f"{margin_mm:g} mm smaller")}
    found[AS_DRAWN] = mask
    if mask.any():
        window = _around(mask, np.ceil(margin_mm / np.array(spacing)).astype(int) + 1)
        inside = np.pad(mask[window], 1)  # beyond the image is outside
        away, deep = (ndimage.distance_transform_edt(side, sampling=spacing)[1:-1, 1:-1, 1:-1] for side in (~inside, inside))
        _, larger, smaller = found.values()
        larger[window], smaller[window] = away <= margin_mm, deep > margin_mm
    for axis, letter in enumerate("zyx"):
        for sign, word in ((1, "+"), (-1, "−")):
            step = sign * max(1, round(shift_mm / spacing[axis]))
            found[f"{word}{shift_mm:g} mm along {letter}"] = _shifted(mask, axis, step)
    return found


def features_of_contours(image: Volume, masks: Mapping[str, np.ndarray], profile: Profile) -> dict[str, Features]:
    """Features by the name of the contour; all contours share one resampling and one pass of each filter.

    A contour that is too small for the profile is left out.
    """
    return extract_present(image, masks, profile)[0]


def _around(mask: np.ndarray, room: np.ndarray) -> tuple[slice, slice, slice]:
    return tuple(slice(max(side.start - gap, 0), side.stop + gap) for side, gap in zip(bounds(mask), room, strict=True))


def _shifted(mask: np.ndarray, axis: int, step: int) -> np.ndarray:
    found = np.zeros_like(mask)
    to, of = (np.moveaxis(array, axis, 0) for array in (found, mask))
    if step > 0:
        to[step:] = of[:-step]
    else:
        to[:step] = of[-step:]
    return found
