"""Flat views through a volume: where their pixels lie in the patient, and what the volume holds there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..images.volume import Geometry

# LPS directions of a view's columns (to the right on the page) and rows (down the page), radiological convention
AXES = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}
LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))  # towards the negative and positive end of the LPS axes


@dataclass(frozen=True)
class Plane:
    """A square view ``width_mm`` wide with ``pixels`` × ``pixels``, centred on an LPS point (mm).

    Views lie along the patient's axes whatever the orientation of the scan, so that an oblique scan is shown straight.
    """

    view: str
    centre: tuple[float, float, float]
    width_mm: float
    pixels: int

    def points(self) -> np.ndarray:
        """LPS points (mm) of the pixel centres, shape (pixels, pixels, 3); row 0 is the top of the page."""
        right, down = (np.array(axis) for axis in AXES[self.view])
        along = (np.arange(self.pixels) + 0.5) / self.pixels * self.width_mm - self.width_mm / 2
        return np.array(self.centre) + along[None, :, None] * right + along[:, None, None] * down

    def sample(self, array: np.ndarray, geometry: Geometry, order: int = 1, outside: float = np.nan) -> np.ndarray:
        """Values (pixels, pixels) float32 of ``array`` (z, y, x), by nearest (0) or linear (1) interpolation.

        A pixel that lies in no voxel is ``outside``; the outer half of a border voxel holds that voxel's value.
        """
        index = np.moveaxis(geometry.to_index(self.points()), -1, 0)
        last = np.array(geometry.shape)[:, None, None] - 0.5
        values = ndimage.map_coordinates(array, index, order=order, mode="nearest", output=np.float32)
        return np.where(np.all((index >= -0.5) & (index <= last), axis=0), values, np.float32(outside))

    def letters(self) -> dict[str, str]:
        """Orientation letters at the ``left``, ``right``, ``top`` and ``bottom`` of the page."""
        right, down = (np.array(axis) for axis in AXES[self.view])
        return {
            "left": _letter(-right),
            "right": _letter(right),
            "top": _letter(-down),
            "bottom": _letter(down),
        }

    @property
    def normal(self) -> int:
        """The LPS axis (0, 1 or 2) across the view."""
        return {"axial": 2, "coronal": 1, "sagittal": 0}[self.view]

    @property
    def position(self) -> str:
        """Where the slice lies, in words: ``Axial, I 121.9 mm`` is 121.9 mm towards the feet from the scanner's origin."""
        value = round(self.centre[self.normal], 1)
        return f"{self.view.capitalize()}, {LETTERS[self.normal][int(value >= 0)]} {abs(value):.1f} mm"


def _letter(direction: np.ndarray) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return LETTERS[axis][int(direction[axis] > 0)]
