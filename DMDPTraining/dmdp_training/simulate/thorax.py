"""A thorax without a tumour: ellipsoids and tapering vessels in LPS millimetres, with density (HU) and uptake (SUV)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LUNG_CENTRE, LUNG_RADII = (75.0, 0.0, 45.0), (58.0, 84.0, 125.0)
TRUNKS, BRANCHES = 6, 3  # vessels that leave each hilum, and branches of each


@dataclass(frozen=True)
class Vessel:
    """A tapering tube from ``start`` to ``stop`` (LPS, mm) with radii in mm."""

    start: tuple[float, float, float]
    stop: tuple[float, float, float]
    radius_start: float
    radius_stop: float


@dataclass(frozen=True)
class Anatomy:
    """What differs between bodies: ``size`` of the trunk relative to the mean, ``lung_hu``, uptakes in SUV, and the vessels.

    ``great_vessels`` says whether the aorta and the cavity of the heart are there.
    """

    size: float
    lung_hu: float
    blood: float
    heart: float
    kidneys: tuple[float, float]
    liver: float
    vessels: tuple[Vessel, ...] = ()
    great_vessels: bool = True


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """A body."""
    return Anatomy(
        size=float(rng.uniform(0.93, 1.06)),
        lung_hu=float(rng.uniform(-880, -800)),
        blood=float(rng.uniform(1.2, 2.0)),
        heart=float(rng.choice([rng.uniform(1.8, 3.0), rng.uniform(4.0, 10.0)])),
        kidneys=(float(rng.uniform(4, 20)), float(rng.uniform(4, 20))),
        liver=float(rng.uniform(1.8, 2.6)),
        vessels=tuple(v for side in (-1, 1) for v in _tree(rng, side)),
    )


def _tree(rng: np.random.Generator, side: int) -> list[Vessel]:
    hilum, found = np.array([side * 30.0, 5.0, 50.0]), []
    for _ in range(TRUNKS):
        direction = rng.normal(size=3)
        direction[0] = side * abs(direction[0])
        end = np.array(LUNG_CENTRE) * (side, 1, 1) + 0.6 * direction / np.linalg.norm(direction) * LUNG_RADII
        radius = rng.uniform(2.5, 4.5)
        found.append(Vessel(tuple(hilum), tuple(end), radius, radius / 2))
        for share in rng.uniform(0.35, 0.9, BRANCHES):
            start = hilum + share * (end - hilum)
            stop = start + rng.normal(size=3) * 22
            found.append(Vessel(tuple(start), tuple(stop), radius * (1 - share / 2) * 0.7, 0.8))
    return found


def ellipsoid(points, centre, radii) -> np.ndarray:
    """Squared normalised radius of ``points`` (x, y, z that broadcast): below 1 inside."""
    return sum(((p - c) / r) ** 2 for p, c, r in zip(points, centre, radii, strict=True))


def paint_thorax(anatomy: Anatomy, points) -> tuple[np.ndarray, np.ndarray]:
    """HU and SUV, each float32 (z, y, x), at ``points``: LPS x, y, z in mm that broadcast to (z, y, x)."""
    x, y, z = points
    shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
    hu, suv = np.full(shape, -1000.0, np.float32), np.zeros(shape, np.float32)

    def fill(where, density, uptake):
        where = np.broadcast_to(where, shape)
        hu[where], suv[where] = density, uptake

    body = ((x / 172) ** 2 + (y / 118) ** 2) / anatomy.size**2 + 0 * z
    fill(body <= 1, -90, 0.3)  # fat
    fill(body <= 0.86, 45, 0.8)  # muscle
    fill((body > 0.76) & (body < 0.85) & (np.mod(z + 0.25 * y, 24) < 8), 420, 1.0)  # ribs
    for side in (-1, 1):
        centre = (side * LUNG_CENTRE[0], *LUNG_CENTRE[1:])
        fill(ellipsoid(points, centre, LUNG_RADII) <= 1, anatomy.lung_hu, 0.45)
    lung = hu == np.float32(anatomy.lung_hu)
    for vessel in anatomy.vessels:
        paint_tube(hu, suv, points, vessel, 35.0, anatomy.blood, lung)
    fill(ellipsoid(points, (8, -5, 70), (32, 60, 110)) <= 1, 40, anatomy.blood)  # mediastinum
    heart = ellipsoid(points, (22, -30, 0), (52, 44, 48))
    fill(heart <= 1, 40, anatomy.heart)
    if anatomy.great_vessels:
        fill(heart <= 0.45, 40, anatomy.blood)  # its cavity
        fill(((x - 4) ** 2 + (y - 32) ** 2 <= 11**2) & (z > -120), 45, anatomy.blood)  # aorta
    fill((x**2 + (y + 20) ** 2 <= 9**2) & (z > 40), -1000, 0.0)  # trachea
    fill((x / 20) ** 2 + ((y - 75) / 18) ** 2 + 0 * z <= 1, 260, 1.5)  # spine
    fill(ellipsoid(points, (-75, -15, -105), (75, 75, 48)) <= 1, 60, anatomy.liver)
    for side, uptake in zip((-1, 1), anatomy.kidneys, strict=True):
        fill(ellipsoid(points, (side * 60, 45, -130), (24, 24, 38)) <= 1, 35, uptake)
    return hu, suv


def paint_tube(hu, suv, points, tube: Vessel, density: float, uptake: float | None, within: np.ndarray) -> None:
    """Fill a tube (``hu`` and ``suv`` are changed in place) where ``within`` is True; only its bounding box is looked at."""
    start, stop = np.array(tube.start), np.array(tube.stop)
    reach = max(tube.radius_start, tube.radius_stop)
    low, high = np.minimum(start, stop) - reach, np.maximum(start, stop) + reach
    window, local = [], []
    for axis, p in zip((2, 1, 0), points, strict=True):
        flat = p.ravel()
        first, last = np.searchsorted(flat, low[2 - axis]), np.searchsorted(flat, high[2 - axis])
        window.insert(0, slice(first, last))
        local.append(p[tuple(slice(first, last) if a == axis else slice(None) for a in range(3))])
    window = tuple(window)
    if hu[window].size == 0:
        return
    along = stop - start
    position = sum((p - s) * d for p, s, d in zip(local, start, along, strict=True)) / max(float(along @ along), 1e-6)
    position = np.clip(position, 0, 1)
    distance = sum((p - s - position * d) ** 2 for p, s, d in zip(local, start, along, strict=True))
    radius = tube.radius_start + position * (tube.radius_stop - tube.radius_start)
    inside = (distance <= radius**2) & within[window]
    hu[window][inside] = density
    if uptake is not None:
        suv[window][inside] = uptake
