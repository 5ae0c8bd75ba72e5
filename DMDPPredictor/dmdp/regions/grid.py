"""The 1 mm grid that regions are defined on."""

from __future__ import annotations

import numpy as np

from ..images.volume import Geometry
from ..patients.case import Lesion


def fine_grid(lesion: Lesion, margin_mm: float) -> Geometry:
    """A 1 mm grid that holds the lesion and ``margin_mm`` round it, along the axes of the lesion's grid, in the patient's order
    (z, y, x) however the slices were stored."""
    mask = lesion.mask.upright()
    lower, upper = np.array([(side.start, side.stop) for side in mask.box()]).T
    spacing = np.array(mask.geometry.spacing)
    extent = (upper - lower) * spacing + 2 * margin_mm
    axes = mask.geometry.matrix[:3, :3] / spacing
    corner = mask.geometry.to_lps(lower) - axes @ (spacing / 2 + margin_mm - 0.5)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes, corner
    return Geometry.from_matrix(np.ceil(extent), affine)
