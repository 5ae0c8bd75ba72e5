"""Cubic B-spline interpolation onto a lattice whose axes are those of the image: one matrix per axis.

Unser, Aldroubi and Eden (IEEE Trans Signal Process 1993;41:821). Along one axis both steps, from values to coefficients and from
these to new values, are linear, so they are one matrix, and an image is resampled by three products instead of a walk over 64
coefficients per voxel. The result is that of ITK's B-spline to its rounding.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def resample_spline(image: np.ndarray, positions: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """``image`` (z, y, x) at every combination of three lists of continuous indices; float32. 0 outside the image."""
    matrices = [axis_matrix(side, along) for side, along in zip(image.shape, positions, strict=True)]
    result = image
    for axis in np.argsort([len(matrix) / matrix.shape[1] for matrix in matrices]):  # what shrinks most goes first
        result = _along(axis, matrices[axis], result)
    return np.ascontiguousarray(result, np.float32)


def _along(axis: int, matrix: np.ndarray, array: np.ndarray) -> np.ndarray:
    """``matrix`` applied to every line of ``array`` along ``axis``; plane by plane, so that no double of the image is made."""
    lines = np.moveaxis(array, axis, -1)
    found = np.empty((*lines.shape[:2], len(matrix)))
    for plane, values in zip(found, lines, strict=True):
        np.matmul(values.astype(float), matrix.T, out=plane)
    return np.moveaxis(found, -1, axis)


def axis_matrix(side: int, positions: np.ndarray) -> np.ndarray:
    """The matrix (m, ``side``) that takes values at 0 … side−1, mirrored at both ends, to values at ``positions`` (m,)."""
    inside = (positions >= -0.5) & (positions < side - 0.5)
    if side == 1:
        return inside[:, None].astype(float)
    before = np.floor(positions)
    t = positions - before
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6
    taps = np.abs(before.astype(int)[:, None] + np.arange(-1, 3))
    taps = side - 1 - np.abs(side - 1 - taps)
    matrix = np.zeros((len(positions), side))
    rows = np.flatnonzero(inside)
    np.add.at(matrix, (rows[:, None], taps[rows]), weights[rows])
    return matrix @ ndimage.spline_filter1d(np.eye(side), 3, axis=0, mode="mirror")
