"""Flat views through a volume: where their pixels lie in the patient, and what the volume holds there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..case import Geometry

# LPS directions of a view's columns (to the right on the page) and rows (down the page), radiological convention
AXES = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}
LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))  # towards the negative and positive end of the LPS axes


@dataclass(frozen=True)
class Plane:
    """A square view ``width_mm`` wide with ``pixels`` × ``pixels``, centred on an LPS point (mm)."""

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
        """Values (pixels, pixels) of ``array`` (z, y, x), by nearest (0) or linear (1) interpolation."""
        index = np.moveaxis(geometry.to_index(self.points()), -1, 0)
        return ndimage.map_coordinates(array, index, order=order, mode="constant", cval=outside, output=np.float32)

    def letters(self) -> dict[str, str]:
        """Orientation letters at the ``left``, ``right``, ``top`` and ``bottom`` of the page."""
        right, down = (np.array(axis) for axis in AXES[self.view])
        return {
            "left": _letter(-right),
            "right": _letter(right),
            "top": _letter(-down),
            "bottom": _letter(down),
        }


def _letter(direction: np.ndarray) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return LETTERS[axis][int(direction[axis] > 0)]
