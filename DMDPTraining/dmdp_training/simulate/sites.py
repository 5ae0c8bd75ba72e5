"""Hospitals of the simulated cohort: each has its scanner's voxels, sharpness, noise and scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dmdp.images.volume import Geometry

FIELD_LPS = ((-192.0, 192.0), (-192.0, 192.0), (-150.0, 150.0))  # mm, as x, y, z


@dataclass(frozen=True)
class Site:
    """``ct_spacing`` and ``pet_spacing`` (z, y, x) in mm; ``ct_blur`` in voxels; ``ct_noise`` in HU before smoothing; ``fwhm``
    the PET's resolution in mm; ``pet_noise`` relative to the root of the SUV; ``suv_gain`` the error of its calibration;
    ``motion`` the standard deviation of the breathing smear along z in mm."""

    name: str
    ct_spacing: tuple[float, float, float]
    pet_spacing: tuple[float, float, float]
    ct_blur: float
    ct_noise: float
    fwhm: float
    pet_noise: float
    suv_gain: float
    motion: float


SITES = (
    Site("north", (3.0, 2.0, 2.0), (3.0, 4.0, 4.0), 0.50, 40.0, 5.5, 0.10, 1.00, 1.5),
    Site("east", (2.5, 2.0, 2.0), (3.27, 3.65, 3.65), 0.65, 30.0, 6.5, 0.12, 0.93, 2.5),
    Site("south", (3.0, 2.2, 2.2), (4.0, 4.07, 4.07), 0.45, 50.0, 6.0, 0.15, 1.08, 2.0),
)


def grid(spacing, centre=None, half=None) -> Geometry:
    """Axis-aligned voxels of ``spacing`` (z, y, x; mm) over the whole field, or only those within ``half`` (x, y, z; mm) of a
    point: a part of the very same grid."""
    steps = np.array(spacing)[::-1]
    field = np.array(FIELD_LPS)
    origin, count = field[:, 0] + steps / 2, np.floor((field[:, 1] - field[:, 0]) / steps).astype(int)
    first, last = np.zeros(3, int), count
    if centre is not None:
        first = np.clip(np.floor((np.array(centre) - half - origin) / steps).astype(int), 0, count - 2)
        last = np.clip(np.ceil((np.array(centre) + half - origin) / steps).astype(int) + 1, first + 2, count)
    return Geometry.from_spacing(tuple(last - first)[::-1], spacing, origin + first * steps)


def axes(geometry: Geometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """LPS coordinates x, y, z (mm) of an axis-aligned grid, float32, each of a shape that broadcasts to (z, y, x)."""
    (dz, dy, dx), (x0, y0, z0) = geometry.spacing, geometry.matrix[:3, 3]
    nz, ny, nx = geometry.shape
    return (
        (x0 + dx * np.arange(nx, dtype=np.float32))[None, None, :],
        (y0 + dy * np.arange(ny, dtype=np.float32))[None, :, None],
        (z0 + dz * np.arange(nz, dtype=np.float32))[:, None, None],
    )
