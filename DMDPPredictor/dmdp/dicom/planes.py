"""The position of one slice, read from its header."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from ..images.volume import EVEN_MM
from .numbers import Limits, read_number, read_numbers

SIZE = Limits(low=1, high=65535)
VOXEL_MM = Limits(low=0.01, high=100.0)
SKEW = 1e-3  # by how much direction cosines may fail to be of length 1 or at right angles: rounding


@dataclass(frozen=True, eq=False)
class Plane:
    """One slice in LPS mm: ``position`` of its first voxel, unit vectors ``right`` (along a row) and ``down`` (along a column),
    ``spacing`` between (rows, columns), ``shape`` (rows, columns), and ``notes`` on numbers that were not plainly written."""

    position: np.ndarray
    right: np.ndarray
    down: np.ndarray
    spacing: tuple[float, float]
    shape: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def normal(self) -> np.ndarray:
        """The unit vector at right angles to the slice."""
        return np.cross(self.right, self.down)

    def fits(self, other: Plane) -> bool:
        """Whether both are of one stack: same shape, and no corner off by more than :data:`EVEN_MM` for spacing or direction."""
        if self.shape != other.shape:
            return False
        ours, theirs = self._edges(), other._edges()
        return bool(np.linalg.norm(ours - theirs, axis=1).max() <= EVEN_MM)

    def _edges(self) -> np.ndarray:
        """The vectors (mm) from the first voxel to the ends of the first column and the first row."""
        lengths = [(n - 1) * size for n, size in zip(self.shape, self.spacing, strict=True)]
        return np.stack([self.down * lengths[0], self.right * lengths[1]])


def plane_of(header: Dataset) -> Plane | str:
    """The plane of a header, or the reason why it gives none."""
    readings = {
        "ImageOrientationPatient": read_numbers(header, "ImageOrientationPatient", 6),
        "ImagePositionPatient": read_numbers(header, "ImagePositionPatient", 3),
        "PixelSpacing": read_numbers(header, "PixelSpacing", 2, VOXEL_MM),
        "Rows": read_number(header, "Rows", SIZE),
        "Columns": read_number(header, "Columns", SIZE),
    }
    finding = next((reading.finding for reading in readings.values() if reading.finding is not None), None)
    if finding is not None:
        return finding.found.rstrip(".")
    cosines = np.array(readings["ImageOrientationPatient"].values)
    axes = _right_angled(cosines[:3], cosines[3:])
    if axes is None:
        said = "\\".join(f"{v:g}" for v in cosines)
        return f"(0020,0037) ImageOrientationPatient is '{said}', which are not two unit vectors at right angles"
    return Plane(
        np.array(readings["ImagePositionPatient"].values),
        *axes,
        (readings["PixelSpacing"].values[0], readings["PixelSpacing"].values[1]),
        (int(readings["Rows"].values[0]), int(readings["Columns"].values[0])),
        tuple(reading.note for reading in readings.values() if reading.note),
    )


def _right_angled(right: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Both directions freed of rounding, or None if they are no directions."""
    lengths = np.linalg.norm(right), np.linalg.norm(down)
    if max(abs(length - 1.0) for length in lengths) > SKEW or abs(float(right @ down)) > SKEW:
        return None
    right = right / lengths[0]
    down = down - right * float(right @ down)
    return right, down / np.linalg.norm(down)
