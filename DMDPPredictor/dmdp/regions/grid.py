"""The 1 mm grid that regions are defined on."""

from __future__ import annotations

import numpy as np

from ..images.volume import Geometry
from ..patients.case import Lesion, upright_lesion


def fine_grid(lesion: Lesion, margin_mm: float) -> Geometry:
    """A 1 mm grid that holds the lesion and ``margin_mm`` round it, along the axes of the lesion's grid, in the patient's order
    (z, y, x) however the slices were stored."""
    lesion = upright_lesion(lesion)
    found = np.argwhere(lesion.mask)
    spacing = np.array(lesion.geometry.spacing)
    extent = (found.max(axis=0) - found.min(axis=0) + 1) * spacing + 2 * margin_mm
    axes = lesion.geometry.matrix[:3, :3] / spacing
    corner = lesion.geometry.to_lps(found.min(axis=0)) - axes @ (spacing / 2 + margin_mm - 0.5)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes, corner
    return Geometry(tuple(int(np.ceil(e)) for e in extent), tuple(tuple(float(v) for v in row) for row in affine))
