"""The contour as another reader might have drawn it: a millimetre larger, smaller, or shifted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from ..images.mask import Mask
from ..patients.case import Lesion
from ..regions.grid import fine_grid

STEP_MM = 1.0
SMOOTH_VOXELS = 0.7
SPARE = 3  # voxels round the mask that a smoothed and shifted one may reach


def perturbed(lesion: Lesion, step_mm: float = STEP_MM) -> dict[str, Lesion]:
    """Name → lesion: ``grown`` and ``shrunk`` by ``step_mm``, and shifted by it both ways along each axis of the grid.

    Ours. PET voxels are coarser than a millimetre, so a dilation cannot show the effect of one millimetre. The mask is smoothed
    to a membership instead, and as many voxels of highest membership are taken as the lesion's volume asks for: that of the mask
    moved by ``step_mm`` on a 1 mm grid, or its own for a shift. What would hold no voxel is left out.
    """
    box = lesion.mask.box(SPARE)
    inside = lesion.mask.array[box]
    membership = ndimage.gaussian_filter(inside.astype(np.float64), SMOOTH_VOXELS)
    own = int(inside.sum())
    sizes = {"grown": own * _growth(lesion, step_mm), "shrunk": own * _growth(lesion, -step_mm)}
    found = {name: _highest(membership, size) for name, size in sizes.items()}
    for axis, (name, spacing) in enumerate(zip("zyx", lesion.geometry.spacing, strict=True)):
        for sign, word in ((1, "+"), (-1, "-")):
            offset = [sign * step_mm / spacing if a == axis else 0.0 for a in range(3)]
            found[f"{word}{name}"] = _highest(ndimage.shift(membership, offset, order=1, mode="nearest"), own)
    return {name: _lesion(lesion, box, mask) for name, mask in found.items() if mask.any()}


def _growth(lesion: Lesion, step_mm: float) -> float:
    """The factor by which the volume changes when the surface moves outwards by ``step_mm`` (inwards if negative)."""
    fine = lesion.mask.onto(fine_grid(lesion, abs(step_mm) + 2.0)).array
    away = ndimage.distance_transform_edt(~fine if step_mm > 0 else fine)
    moved = away <= step_mm if step_mm > 0 else away > -step_mm
    return float(moved.sum() / max(fine.sum(), 1))


def _highest(membership: np.ndarray, size: float) -> np.ndarray:
    """The ``size`` voxels of highest membership."""
    mask = np.zeros(membership.shape, bool)
    order = np.argsort(-membership, axis=None, kind="stable")[: round(size)]
    mask.flat[order] = True
    return mask


def _lesion(lesion: Lesion, box: tuple[slice, ...], inside: np.ndarray) -> Lesion:
    mask = np.zeros(lesion.geometry.shape, bool)
    mask[box] = inside
    return replace(lesion, mask=Mask(mask, lesion.geometry), notes=())
