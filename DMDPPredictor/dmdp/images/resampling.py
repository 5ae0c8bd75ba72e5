"""Images carried from one voxel grid onto another."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .volume import Geometry


def sample(array: np.ndarray, geometry: Geometry, onto: Geometry, *, order: int, outside: float) -> np.ndarray:
    """Values of ``array`` (z, y, x) at the voxel centres of ``onto``, by splines of ``order`` (0 nearest, 1 linear).

    If a centre lies beyond the outermost voxel centres by more than half a voxel, the value is ``outside``.
    """
    inverse = np.linalg.inv(geometry.matrix)
    to_source = (
        inverse[:3, :3] @ onto.matrix[:3, :3],
        inverse[:3, :3] @ onto.matrix[:3, 3] + inverse[:3, 3],
    )
    values = ndimage.affine_transform(
        array,
        *to_source,
        output_shape=onto.shape,
        order=order,
        mode="nearest",
        output=np.float32,
        prefilter=False,
    )
    inside = np.ones(onto.shape, dtype=bool)
    index = np.ogrid[tuple(slice(n) for n in onto.shape)]
    for axis, size in enumerate(geometry.shape):
        row, offset = to_source[0][axis], to_source[1][axis]
        position = sum(weight * along for weight, along in zip(row, index, strict=True)) + offset
        inside &= (position >= -0.5) & (position <= size - 0.5)
    values[~inside] = outside
    return values
