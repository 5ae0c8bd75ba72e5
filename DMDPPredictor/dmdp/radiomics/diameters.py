"""The largest distances between points of a surface, in space and within planes."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from .compiled import kernel

MANY_POINTS = 500  # from here on the hull is found first: the farthest pair lies on it


def diameter(points: np.ndarray) -> float:
    """The largest distance between two of ``points`` (n, 3), in their unit."""
    if len(points) > MANY_POINTS:
        with suppress(QhullError):  # all in one plane or line
            points = points[ConvexHull(points).vertices]
    return float(np.sqrt(_farthest(np.ascontiguousarray(points, float))))


def flat_diameter(surface: np.ndarray, mm: np.ndarray, axis: int) -> float:
    """The largest distance (mm) within one plane across ``axis``, of points on a grid of integers (n, 3) with steps ``mm``."""
    row, column = (a for a in range(3) if a != axis)
    low = surface.min(axis=0)
    side = surface.max(axis=0) - low + 1
    shifted = surface - low
    return float(np.sqrt(_farthest_in_planes(shifted, (axis, row, column), side, mm[row], mm[column])))


@kernel
def _farthest(points):
    best = 0.0
    for i in range(len(points)):
        for j in range(i):
            d0, d1, d2 = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
            best = max(best, d0 * d0 + d1 * d1 + d2 * d2)
    return best


@kernel
def _farthest_in_planes(points, axes, side, row_mm, column_mm):
    """Squared. Of a row only its first and last point can belong to the farthest pair."""
    plane, row, column = axes
    first = np.full((side[plane], side[row]), side[column])
    last = np.full((side[plane], side[row]), -1)
    for point in points:
        p, r, c = point[plane], point[row], point[column]
        first[p, r] = min(first[p, r], c)
        last[p, r] = max(last[p, r], c)
    best = 0.0
    for p in range(side[plane]):
        for r in range(side[row]):
            if last[p, r] < 0:
                continue
            for other in range(r + 1):
                if last[p, other] >= 0:
                    width = max(last[p, r] - first[p, other], last[p, other] - first[p, r]) * column_mm
                    height = (r - other) * row_mm
                    best = max(best, width * width + height * height)
    return best
