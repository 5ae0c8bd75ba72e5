"""Where a heatmap lies: in the lesion's core, on its rim, in the ring round it, or elsewhere (docs/method.md, Heatmaps)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ..network.opinion import RIM_MM, RING_MM, ZoneShares

CORE, RIM, RING, ELSEWHERE = range(4)


def zones(lesion: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    """The zone of every voxel, uint8 (z, y, x): core (deeper than 3 mm), rim (within 3 mm of the surface, either side), ring
    (3–9 mm outside), elsewhere. ``lesion`` bool (z, y, x), ``spacing`` (z, y, x) in mm. Without a lesion all is elsewhere."""
    if not lesion.any():
        return np.full(lesion.shape, ELSEWHERE, np.uint8)
    half = float(np.mean(spacing)) / 2  # distances are between centres of voxels; the surface runs between them
    outside, inside = (ndimage.distance_transform_edt(side, spacing) - half for side in (~lesion, lesion))
    depth = np.where(lesion, -inside, outside)
    return np.digitize(depth, (-RIM_MM, RIM_MM, RING_MM), right=True).astype(np.uint8)


def shares(heatmap: np.ndarray, where: np.ndarray) -> ZoneShares:
    """How the sum of a map (z, y, x; 0 or more) is spread over the zones of :func:`zones`."""
    sums = np.bincount(where.ravel(), weights=heatmap.ravel(), minlength=4)
    total = sums.sum()
    return ZoneShares(*(float(v) for v in (sums / total if total > 0 else np.zeros(4))))
