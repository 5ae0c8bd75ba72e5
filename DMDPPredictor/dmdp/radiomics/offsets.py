"""The directions that textures look in."""

from __future__ import annotations

from itertools import product

import numpy as np


def offsets(shape: tuple[int, int, int], distances: tuple[int, ...] = (1,), force_2d_axis: int | None = None) -> np.ndarray:
    """One of each pair of opposite steps (z, y, x) at the ``distances`` (Chebyshev, in voxels), shape (A, 3) int64.

    Steps that leave a box of ``shape`` from everywhere are left out; in planes none goes across ``force_2d_axis``.
    """
    reach = max(distances)
    found = []
    for step in product(range(-reach, reach + 1), repeat=3):
        size = max(abs(v) for v in step)
        flat = force_2d_axis is None or step[force_2d_axis] == 0
        fits = all(abs(v) < side for v, side in zip(step, shape, strict=True))
        if size in distances and flat and fits and step > (0, 0, 0):
            found.append(step)
    return np.array(found, np.int64).reshape(-1, 3)
