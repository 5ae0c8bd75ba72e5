"""Texture matrices by counting (IBSI 3.6 to 3.11).

:class:`Levels` holds a region's grey levels in a box with a border of zeros at least as wide as the longest step, so that no
neighbour has to be tested for lying in the box. The kernels work on flat indices: ``inside`` are those of the region's voxels,
``steps`` the offsets of one of each pair of opposite neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .compiled import kernel


@dataclass(frozen=True, eq=False)
class Levels:
    """A region's grey levels as the counting wants them. ``slot`` (G+1,) is the rank of a level among ``present`` (P,)."""

    box: np.ndarray
    inside: np.ndarray
    present: np.ndarray
    slot: np.ndarray

    @classmethod
    def of(cls, levels: np.ndarray, border: int) -> Levels:
        """From grey levels (z, y, x), 0 outside the region, with a ``border`` of that many voxels put round them."""
        box = np.zeros([side + 2 * border for side in levels.shape], np.int32)
        box[(slice(border, -border),) * 3] = levels
        inside = np.flatnonzero(box)
        present = np.flatnonzero(np.bincount(box.ravel()[inside]))
        slot = np.zeros(present[-1] + 1, np.int64)
        slot[present] = np.arange(len(present))
        return cls(box, inside, present, slot)

    def flat(self, steps: np.ndarray) -> np.ndarray:
        """Flat offsets (A,) of ``steps`` (A, 3)."""
        return steps @ np.array([self.box.shape[1] * self.box.shape[2], self.box.shape[2], 1])


def neighbourhood(levels: Levels, steps: np.ndarray, alpha: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(GLCM (A, P, P), GLDM (P, 2A+1), NGTDM (P, 3)) in one pass over the voxels; ``steps`` (A, 3).

    GLCM counts pairs one way. GLDM counts voxels by level and number of neighbours within ``alpha`` of it. NGTDM holds, per
    level, the number of voxels, the sum of \\|level − mean level of the neighbours in the region\\|, and the number of voxels
    without neighbours.
    """
    return _neighbourhood(levels.box.ravel(), levels.inside, levels.flat(steps), levels.slot, len(levels.present), alpha)


def runs(levels: Levels, steps: np.ndarray) -> np.ndarray:
    """Runs of equal level along each of ``steps`` (A, 3), by level and length: (A, P, longest side).

    A direction in which no line holds two voxels of the region is left empty: the region is flat across it.
    """
    used = np.array([_has_line(levels.box, levels.inside, step) for step in steps], bool)
    ranks = np.zeros(len(levels.slot), np.uint16 if len(levels.present) < 2**16 else np.int32)
    ranks[levels.present] = np.arange(1, len(levels.present) + 1)
    return _runs(ranks[levels.box.ravel()], levels.inside, levels.flat(steps), used, len(levels.present), max(levels.box.shape))


def zones(levels: Levels, steps: np.ndarray) -> np.ndarray:
    """Connected zones of equal level, rows (rank of the level, voxels); neighbours are one of ``steps`` away, either way."""
    return _zones(levels.box.ravel().copy(), levels.inside, levels.flat(steps), levels.slot)


@kernel
def _neighbourhood(box, inside, steps, slot, count, alpha):
    angles = len(steps)
    glcm = np.zeros((angles, count, count))
    gldm = np.zeros((count, 2 * angles + 1))
    ngtdm = np.zeros((count, 3))
    for voxel in inside:
        level = box[voxel]
        row = slot[level]
        alike, near, total = 0, 0, 0
        for a in range(angles):
            ahead, behind = box[voxel + steps[a]], box[voxel - steps[a]]
            if ahead > 0:
                glcm[a, row, slot[ahead]] += 1
                near += 1
                total += ahead
                alike += abs(level - ahead) <= alpha
            if behind > 0:
                near += 1
                total += behind
                alike += abs(level - behind) <= alpha
        gldm[row, alike] += 1
        ngtdm[row, 0] += 1
        if near:
            ngtdm[row, 1] += abs(level - total / near)
        else:
            ngtdm[row, 2] += 1
    return glcm, gldm, ngtdm


@kernel
def _runs(ranks, inside, steps, used, count, longest):
    """``ranks`` is the box with 0 outside and 1 … ``count`` inside. Without branches: whether a run ends is unpredictable."""
    found = np.zeros((len(steps), count + 1, longest + 1))
    so_far = np.zeros(len(ranks), np.int32)
    for a in range(len(steps)):
        if not used[a]:
            continue
        step, counts = steps[a], found[a]
        for voxel in inside:  # in the order of the box, and steps lead forward in it
            rank = ranks[voxel]
            length = so_far[voxel - step] * (ranks[voxel - step] == rank) + 1
            so_far[voxel] = length
            ends = ranks[voxel + step] != rank
            counts[rank, length * ends] += ends
    return found[:, 1:, 1:]


@kernel
def _has_line(box, inside, step):
    """True if some line along the step holds two voxels of the region, side by side or not."""
    depth, height, width = box.shape
    flat = box.ravel()
    offset = (step[0] * height + step[1]) * width + step[2]
    for voxel in inside:
        if flat[voxel + offset] > 0:
            return True
    for voxel in inside:  # only now the walk across the gaps
        z, y, x = voxel // (height * width), voxel // width % height, voxel % width
        z, y, x = z + step[0], y + step[1], x + step[2]
        while 0 <= z < depth and 0 <= y < height and 0 <= x < width:
            if box[z, y, x] > 0:
                return True
            z, y, x = z + step[0], y + step[1], x + step[2]
    return False


@kernel
def _zones(left, inside, steps, slot):
    stack = np.empty(len(inside), np.int64)
    found = np.empty((len(inside), 2), np.int64)
    number = 0
    for start in inside:
        level = left[start]
        if level == 0:
            continue
        left[start] = 0
        stack[0] = start
        top, size = 1, 0
        while top:
            top -= 1
            size += 1
            voxel = stack[top]
            for step in steps:
                for other in (voxel + step, voxel - step):
                    if left[other] == level:
                        left[other] = 0
                        stack[top] = other
                        top += 1
        found[number, 0], found[number, 1] = slot[level], size
        number += 1
    return found[:number]
