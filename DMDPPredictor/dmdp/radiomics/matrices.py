"""Texture matrices by counting, compiled by numba into the user's cache.

``levels`` is int32 (z, y, x), 0 outside the region; ``steps`` (A, 3) are the directions of :func:`.offsets.offsets`.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def neighbourhood(levels, steps, count, alpha):
    """(glcm (A, G, G), gldm (G, 2A+1), ngtdm (G, 2)) in one pass over the voxels.

    glcm counts pairs one way. gldm counts voxels by level and number of neighbours within ``alpha`` of it. ngtdm holds, per
    level, the number of voxels and the sum of |level − mean level of the neighbours in the region|.
    """
    depth, height, width = levels.shape
    angles = len(steps)
    glcm = np.zeros((angles, count, count))
    gldm = np.zeros((count, 2 * angles + 1))
    ngtdm = np.zeros((count, 2))
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                level = levels[z, y, x]
                if level == 0:
                    continue
                alike, near, total = 0, 0, 0
                for a in range(angles):
                    for sign in (1, -1):
                        k, j, i = z + sign * steps[a, 0], y + sign * steps[a, 1], x + sign * steps[a, 2]
                        if 0 <= k < depth and 0 <= j < height and 0 <= i < width and levels[k, j, i] > 0:
                            other = levels[k, j, i]
                            if sign == 1:
                                glcm[a, level - 1, other - 1] += 1
                            near += 1
                            total += other
                            if abs(level - other) <= alpha:
                                alike += 1
                gldm[level - 1, alike] += 1
                ngtdm[level - 1, 0] += 1
                if near:
                    ngtdm[level - 1, 1] += abs(level - total / near)
    return glcm, gldm, ngtdm


@njit(cache=True)
def runs(levels, steps, count):
    """Runs of equal level along each direction by level and length: (A, G, longest side).

    A direction in which no line holds two voxels of the region is left empty: the region is flat across it.
    """
    depth, height, width = levels.shape
    found = np.zeros((len(steps), count, max(depth, height, width)))
    for a in range(len(steps)):
        dz, dy, dx = steps[a]
        if not _has_line(levels, dz, dy, dx):
            continue
        for z in range(depth):
            for y in range(height):
                for x in range(width):
                    level = levels[z, y, x]
                    if level == 0:
                        continue
                    k, j, i = z - dz, y - dy, x - dx
                    if 0 <= k < depth and 0 <= j < height and 0 <= i < width and levels[k, j, i] == level:
                        continue  # not the start of its run
                    length = 1
                    k, j, i = z + dz, y + dy, x + dx
                    while 0 <= k < depth and 0 <= j < height and 0 <= i < width and levels[k, j, i] == level:
                        length += 1
                        k, j, i = k + dz, j + dy, i + dx
                    found[a, level - 1, length - 1] += 1
    return found


@njit(cache=True)
def _has_line(levels, dz, dy, dx):
    """True where some line along the step holds two voxels of the region, side by side or not."""
    depth, height, width = levels.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if levels[z, y, x] == 0:
                    continue
                k, j, i = z + dz, y + dy, x + dx
                while 0 <= k < depth and 0 <= j < height and 0 <= i < width:
                    if levels[k, j, i] > 0:
                        return True
                    k, j, i = k + dz, j + dy, i + dx
    return False


@njit(cache=True)
def zones(levels, steps):
    """Connected zones of equal level, as rows (level, voxels); neighbours are one step away, either way."""
    depth, height, width = levels.shape
    left = levels.copy()
    stack = np.empty((levels.size, 3), np.int64)
    found = np.empty((levels.size, 2), np.int64)
    number = 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                level = left[z, y, x]
                if level == 0:
                    continue
                left[z, y, x] = 0
                stack[0, 0], stack[0, 1], stack[0, 2] = z, y, x
                top, size = 1, 0
                while top:
                    top -= 1
                    size += 1
                    cz, cy, cx = stack[top]
                    for a in range(len(steps)):
                        for sign in (1, -1):
                            k, j, i = cz + sign * steps[a, 0], cy + sign * steps[a, 1], cx + sign * steps[a, 2]
                            if 0 <= k < depth and 0 <= j < height and 0 <= i < width and left[k, j, i] == level:
                                left[k, j, i] = 0
                                stack[top, 0], stack[top, 1], stack[top, 2] = k, j, i
                                top += 1
                found[number, 0], found[number, 1] = level, size
                number += 1
    return found[:number]
