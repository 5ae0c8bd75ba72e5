"""A set of voxels in the patient, and what is asked of one everywhere: box, middle, size, and itself on another grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import GeometryError
from .axes import upright
from .volume import Geometry


@dataclass(frozen=True, eq=False)
class Mask:
    """``array`` bool (z, y, x), read-only, on ``geometry``. Raises :class:`GeometryError` if their shapes differ."""

    array: np.ndarray
    geometry: Geometry

    def __post_init__(self) -> None:
        array = np.ascontiguousarray(self.array, dtype=bool).view()
        if array.shape != self.geometry.shape:
            raise GeometryError(
                "geometry.shape",
                f"A mask of {array.shape} voxels on a grid of {self.geometry.shape}.",
                "both to agree.",
                "Give the mask on the grid of its image.",
            )
        array.flags.writeable = False
        object.__setattr__(self, "array", array)

    def __bool__(self) -> bool:
        """True if at least one voxel is inside."""
        return bool(self.array.any())

    @property
    def voxels(self) -> int:
        """The number of voxels inside."""
        return int(self.array.sum())

    @property
    def volume_ml(self) -> float:
        """The volume in ml."""
        return self.voxels * self.geometry.voxel_ml

    @property
    def points(self) -> np.ndarray:
        """LPS points (mm), shape (n, 3), of the centres of the voxels inside."""
        return self.geometry.to_lps(np.argwhere(self.array))

    @property
    def centroid(self) -> np.ndarray:
        """LPS point (mm) of the centre of mass."""
        return self.geometry.to_lps(np.argwhere(self.array).mean(axis=0))

    def box(self, margin: int | Sequence[int] = 0) -> tuple[slice, ...]:
        """The smallest box (z, y, x) that holds the mask, with ``margin`` voxels to spare on each side (one number, or one per
        axis) as far as the grid goes. Raises ``IndexError`` for an empty mask."""
        sides = []
        for axis, spare in enumerate(np.broadcast_to(margin, 3)):
            marked = np.flatnonzero(self.array.any(axis=tuple(other for other in range(3) if other != axis)))
            sides.append(slice(max(0, int(marked[0] - spare)), min(self.array.shape[axis], int(marked[-1] + spare + 1))))
        return tuple(sides)

    def onto(self, grid: Geometry) -> Mask:
        """The mask on another grid of the same LPS space, by nearest neighbour. Only voxels of ``grid`` near it are touched."""
        if self.geometry.same_grid(grid):
            return Mask(self.array, grid)
        from .resampling import sample  # scipy, which takes its time to import

        result = np.zeros(grid.shape, dtype=bool)
        if self:
            box = self.box()
            corners = self.geometry.crop([side.start for side in box], [side.stop - side.start for side in box]).corners(0.5)
            index = grid.to_index(corners)
            start = np.clip(np.floor(index.min(axis=0)).astype(int), 0, grid.shape)
            stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, 0, grid.shape)
            if np.all(stop > start):
                window = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
                part = grid.crop(start, stop - start)
                result[window] = sample(self.array.view(np.uint8), self.geometry, part, order=0, outside=0) > 0
        return Mask(result, grid)

    def change(self, carried: Mask) -> float:
        """The relative change of volume from this mask to the same one ``carried`` onto another grid."""
        if self.geometry.same_grid(carried.geometry) or not self:
            return 0.0
        return float(carried.volume_ml / self.volume_ml - 1.0)

    def upright(self) -> Mask:
        """The mask by :func:`dmdp.images.axes.upright`."""
        array, geometry = upright(self.array, self.geometry)
        return self if geometry is self.geometry else Mask(array, geometry)
