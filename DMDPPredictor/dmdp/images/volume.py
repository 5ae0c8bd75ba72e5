"""A voxel grid in the patient, and an image on it.

Conventions: arrays are indexed (z, y, x); points are LPS millimetres; all values are immutable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from ..errors import GeometryError

Number = TypeVar("Number", int, float)
Matrix = tuple[tuple[float, ...], ...]
SUVBW = "SUVbw g/ml"
"""The unit of a PET that became SUV by body weight."""
EVEN_MM = 0.5
"""How far (mm) a voxel may lie from where its even grid has it: the one limit for steps between slices and deformations."""


def triple(kind: Callable[[Any], Number], values: Iterable[Any]) -> tuple[Number, Number, Number]:
    """Three values, one for each axis, as plain numbers of one ``kind``, int or float."""
    first, second, third = map(kind, values)
    return first, second, third


@dataclass(frozen=True)
class Geometry:
    """Where a voxel grid lies in the patient.

    ``affine`` is the 4×4 matrix that takes a homogeneous voxel index (z, y, x, 1) to an LPS point (x, y, z, 1) in mm.
    Index (0, 0, 0) is the centre of the first voxel.
    """

    shape: tuple[int, int, int]
    affine: Matrix

    @classmethod
    def from_matrix(cls, shape, matrix) -> Geometry:
        """A grid of ``shape`` (z, y, x) with an array of 4×4 numbers, or nested sequences of them, as its ``affine``."""
        return cls(triple(int, shape), tuple(tuple(float(v) for v in row) for row in matrix))

    @classmethod
    def from_sitk(cls, image) -> Geometry:
        """Geometry of a 3-D ``SimpleITK.Image``."""
        direction = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
        affine = np.eye(4)
        affine[:3, :3] = direction[:, ::-1]
        affine[:3, 3] = image.GetOrigin()
        return cls.from_matrix(image.GetSize()[::-1], affine)

    @classmethod
    def from_spacing(cls, shape, spacing, origin=(0.0, 0.0, 0.0)) -> Geometry:
        """Axis-aligned grid: ``shape`` and ``spacing`` (mm) in (z, y, x), ``origin`` an LPS point (x, y, z) in mm."""
        affine = np.eye(4)
        affine[:3, :3] = np.diag(spacing)[::-1]
        affine[:3, 3] = origin
        return cls.from_matrix(shape, affine)

    @property
    def matrix(self) -> np.ndarray:
        """``affine`` as a 4×4 float64 array."""
        return np.array(self.affine)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size in mm, in (z, y, x)."""
        return triple(float, np.linalg.norm(self.matrix[:3, :3], axis=0))

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in ml (cm³)."""
        return float(abs(np.linalg.det(self.matrix[:3, :3]))) / 1000.0

    def to_lps(self, index) -> np.ndarray:
        """LPS points (mm), shape (…, 3), of voxel indices (z, y, x), shape (…, 3)."""
        m = self.matrix
        return np.asarray(index, float) @ m[:3, :3].T + m[:3, 3]

    def to_index(self, lps) -> np.ndarray:
        """Continuous voxel indices (z, y, x), shape (…, 3), of LPS points (mm), shape (…, 3)."""
        inverse = np.linalg.inv(self.matrix)
        return np.asarray(lps, float) @ inverse[:3, :3].T + inverse[:3, 3]

    def nearest_voxel(self, lps) -> tuple[int, int, int] | None:
        """Index (z, y, x) of the voxel that holds an LPS point, or None if the point lies outside the grid."""
        index = np.floor(self.to_index(lps) + 0.5).astype(int)
        if np.any(index < 0) or np.any(index >= self.shape):
            return None
        return triple(int, index)

    def same_grid(self, other: Geometry, tolerance_mm: float = 1e-2) -> bool:
        """True if every corner voxel of both grids coincides within ``tolerance_mm``."""
        if self.shape != other.shape:
            return False
        return bool(np.abs(self.corners() - other.corners()).max() <= tolerance_mm)

    def corners(self, beyond: float = 0.0) -> np.ndarray:
        """LPS points (mm), shape (8, 3), of the corner voxels' centres, or ``beyond`` them by so many voxels (0.5: the edges)."""
        ends = [(-beyond, n - 1 + beyond) for n in self.shape]
        return self.to_lps(np.array(np.meshgrid(*ends, indexing="ij")).reshape(3, -1).T)

    def samples(self, step_mm: float) -> np.ndarray:
        """LPS points (mm), shape (n, 3): all slices, each from edge to edge at most ``step_mm`` apart along its two axes."""
        counts = [int(np.ceil((n - 1) * size / step_mm)) + 1 for n, size in zip(self.shape, self.spacing, strict=True)]
        axes = [np.arange(self.shape[0]), *(np.linspace(0, n - 1, m) for n, m in zip(self.shape[1:], counts[1:], strict=True))]
        return self.to_lps(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3))

    def crop(self, lower, shape) -> Geometry:
        """Geometry of the sub-grid that starts at index ``lower`` (z, y, x) and has ``shape`` (z, y, x)."""
        affine = self.matrix
        affine[:3, 3] = self.to_lps(lower)
        return Geometry.from_matrix(shape, affine)

    def moved(self, matrix) -> Geometry:
        """This grid after a 4×4 matrix (LPS mm to LPS mm) has moved it."""
        return Geometry.from_matrix(self.shape, np.asarray(matrix, float) @ self.matrix)


@dataclass(frozen=True, eq=False)
class Volume:
    """An image: ``array`` float32 (z, y, x), read-only; ``unit`` is ``HU``, :data:`SUVBW`, ``Bq/ml``, ``counts`` or ``1``.

    ``provenance`` holds plain JSON values that say where the voxels come from (modality, frame_of_reference_uid,
    series_uid, source, …); never a name or a birth date.
    """

    array: np.ndarray
    geometry: Geometry
    unit: str
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        array = np.ascontiguousarray(self.array, dtype=np.float32)
        if array.shape != self.geometry.shape:
            raise GeometryError(
                "geometry.shape",
                f"An array of {array.shape} voxels on a grid of {self.geometry.shape}.",
                "both to agree.",
                "Read the image again; this is a programming error if it persists.",
            )
        if array is self.array:
            array = array.view()
        array.flags.writeable = False
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    def hottest(self, mask: np.ndarray) -> tuple[int, int, int]:
        """Index (z, y, x) of the highest value inside a ``mask`` (bool, z, y, x) that is not empty; the first of several."""
        inside = np.argwhere(mask)
        z, y, x = inside[np.argmax(self.array[mask])].tolist()
        return z, y, x
