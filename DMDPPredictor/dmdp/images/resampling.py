"""Masks and images carried from one voxel grid onto another."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .volume import Geometry


def resample_mask(mask: np.ndarray, geometry: Geometry, onto: Geometry) -> tuple[np.ndarray, float]:
    """A mask (z, y, x) on another grid by nearest neighbour, and the relative change of its volume.

    Only the voxels of ``onto`` near the mask are touched. Both grids lie in the same LPS space.
    """
    if geometry.same_grid(onto):
        return np.array(mask, dtype=bool), 0.0
    result = np.zeros(onto.shape, dtype=bool)
    found = np.argwhere(mask)
    if not len(found):
        return result, 0.0
    lower, upper = found.min(axis=0) - 0.5, found.max(axis=0) + 0.5
    box = np.array(np.meshgrid(*zip(lower, upper, strict=True), indexing="ij")).reshape(3, -1).T
    on_new = onto.to_index(geometry.to_lps(box))
    start = np.clip(np.floor(on_new.min(axis=0)).astype(int), 0, onto.shape)
    stop = np.clip(np.ceil(on_new.max(axis=0)).astype(int) + 1, 0, onto.shape)
    if np.all(stop > start):
        window = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        result[window] = sample(np.asarray(mask, np.uint8), geometry, onto.crop(start, stop - start), order=0, outside=0) > 0
    before, after = mask.sum() * geometry.voxel_ml, result.sum() * onto.voxel_ml
    return result, float(after / before - 1.0)


def sample(array: np.ndarray, geometry: Geometry, onto: Geometry, *, order: int, outside: float) -> np.ndarray:
    """Values of ``array`` (z, y, x) at the voxel centres of ``onto``, by splines of ``order`` (0 nearest, 1 linear).

    Where a centre lies beyond the outermost voxel centres by more than half a voxel, the value is ``outside``.
    """
    to_source = np.linalg.inv(geometry.matrix)
    to_source = (
        to_source[:3, :3] @ onto.matrix[:3, :3],
        to_source[:3, :3] @ onto.matrix[:3, 3] + to_source[:3, 3],
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
