"""The directions that textures look in."""

from __future__ import annotations

from itertools import product

import numpy as np

from .profile import Profile


def offsets(profile: Profile, shape: tuple[int, int, int]) -> np.ndarray:
    """One of each pair of opposite steps (z, y, x) at the profile's distances, shape (A, 3) int64.

    Steps that leave a box of ``shape`` on every path are left out; in planes none goes across ``force_2d_axis``.
    """
    reach = max(profile.distances)
    found = []
    for step in product(range(-reach, reach + 1), repeat=3):
        size = max(abs(v) for v in step)
        flat = profile.force_2d_axis is None or step[profile.force_2d_axis] == 0
        fits = all(abs(v) < side for v, side in zip(step, shape, strict=True))
        if size in profile.distances and flat and fits and step > (0, 0, 0):
            found.append(step)
    return np.array(found, np.int64).reshape(-1, 3)
