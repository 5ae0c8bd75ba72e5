"""The largest distances between points of a surface, in space and within planes."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from .compiled import kernel

MANY_POINTS = 500  # from here on the hull is found first: the farthest pair lies on it
FAR = np.iinfo(np.int64).max


def diameter(rows: np.ndarray, mm: np.ndarray) -> float:
    """The largest distance (mm) between the ends of ``rows``, (z, y, first x, last x) on a grid of integers with steps ``mm``."""
    points = np.concatenate([rows[:, :3], rows[:, [0, 1, 3]]])
    if len(points) > MANY_POINTS:
        for axis in (0, 1):
            points = points[_outermost(points, *(a for a in range(3) if a != axis), axis)]
    points = points * mm
    if len(points) > MANY_POINTS:
        with suppress(QhullError):  # all in one plane or line
            points = points[ConvexHull(points).vertices]
    return float(np.sqrt(_farthest(np.ascontiguousarray(points, float))))


def flat_diameter(rows: np.ndarray, plane: int, mm: np.ndarray) -> float:
    """The same within one plane: across z for ``plane`` 0, across y for 1."""
    across, along = rows[:, plane], rows[:, 1 - plane]
    order = np.argsort(across, kind="stable")
    return float(np.sqrt(_farthest_in_planes(across[order], along[order], rows[order, 2:], mm[1 - plane], mm[2])))


def row_ends(mask: np.ndarray) -> np.ndarray:
    """Of the surface's vertices, the midpoints between voxels in and out, the first and last in each row along x.

    (n, 4) int64: z, y, first x, last x in half voxels. The farthest pair in space, or in a plane along x, is among them.
    """
    first, last = _row_ends(np.ascontiguousarray(mask))
    where = np.argwhere(last >= 0)
    return np.column_stack([where, first[last >= 0], last[last >= 0]])


@kernel
def _row_ends(mask):
    depth, height, width = mask.shape
    first = np.full((2 * depth + 1, 2 * height + 1), FAR)
    last = np.full((2 * depth + 1, 2 * height + 1), -1)
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if not mask[z, y, x]:
                    continue
                r, c, middle = 2 * z + 1, 2 * y + 1, 2 * x + 1
                if x == 0 or not mask[z, y, x - 1]:
                    first[r, c], last[r, c] = min(first[r, c], middle - 1), max(last[r, c], middle - 1)
                if x == width - 1 or not mask[z, y, x + 1]:
                    first[r, c], last[r, c] = min(first[r, c], middle + 1), max(last[r, c], middle + 1)
                if y == 0 or not mask[z, y - 1, x]:
                    first[r, c - 1], last[r, c - 1] = min(first[r, c - 1], middle), max(last[r, c - 1], middle)
                if y == height - 1 or not mask[z, y + 1, x]:
                    first[r, c + 1], last[r, c + 1] = min(first[r, c + 1], middle), max(last[r, c + 1], middle)
                if z == 0 or not mask[z - 1, y, x]:
                    first[r - 1, c], last[r - 1, c] = min(first[r - 1, c], middle), max(last[r - 1, c], middle)
                if z == depth - 1 or not mask[z + 1, y, x]:
                    first[r + 1, c], last[r + 1, c] = min(first[r + 1, c], middle), max(last[r + 1, c], middle)
    return first, last


@kernel
def _outermost(points, a, b, along):
    """Which points are first or last on their line along one axis: only these can be corners of the hull."""
    first = np.full((points[:, a].max() + 1, points[:, b].max() + 1), FAR)
    last = np.full(first.shape, -1)
    for n in range(len(points)):
        row, column, place = points[n, a], points[n, b], points[n, along]
        first[row, column], last[row, column] = min(first[row, column], place), max(last[row, column], place)
    keep = np.empty(len(points), np.bool_)
    for n in range(len(points)):
        row, column, place = points[n, a], points[n, b], points[n, along]
        keep[n] = place == first[row, column] or place == last[row, column]
    return keep


@kernel
def _farthest(points):
    best = 0.0
    for i in range(len(points)):
        for j in range(i):
            d0, d1, d2 = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
            best = max(best, d0 * d0 + d1 * d1 + d2 * d2)
    return best


@kernel
def _farthest_in_planes(plane, row, ends, row_mm, column_mm):
    """Squared; ``plane`` is sorted. Of a row only its first and last point can belong to the farthest pair."""
    best = 0.0
    start = 0
    for i in range(len(plane)):
        if plane[i] != plane[start]:
            start = i
        for j in range(start, i + 1):
            width = max(ends[i, 1] - ends[j, 0], ends[j, 1] - ends[i, 0]) * column_mm
            height = (row[i] - row[j]) * row_mm
            best = max(best, width * width + height * height)
    return best
