"""A simulated tumour: its lobulated shape, where its uptake and its density lie, and what surrounds it.

Every property is a function of LPS points (mm), so that CT and PET see one tumour on any grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .labels import Factors
from .thorax import Vessel

MARGIN_HU = -500.0
WAVES = 8


@dataclass(frozen=True)
class Tumour:
    """``centre`` (LPS, mm) and ``radius`` (mm, mean) with ``bumps`` (unit vectors, K × 3) of ``heights`` (share of the radius).

    What is measured in it does not depend on the factors: ``suv_max``, ``max_to_mean`` and ``mean_hu``. What does: ``foci``
    (N × 4: LPS points and widths, mm; the first is cold if ``hollow``), ``contrast_hu`` between the habitats of ``waves``
    (K × 4: wave vectors in 1/mm and phases), and ``margin_mm`` of ground glass.
    """

    centre: np.ndarray
    radius: float
    bumps: np.ndarray
    heights: np.ndarray
    suv_max: float
    max_to_mean: float
    mean_hu: float
    foci: np.ndarray
    hollow: bool
    contrast_hu: float
    waves: np.ndarray
    margin_mm: float
    spicules: tuple[Vessel, ...]


def draw_tumour(factors: Factors, rng: np.random.Generator) -> Tumour:
    """A tumour with the given factors. Size, place, uptake and density are drawn first and do not depend on them."""
    side = rng.choice([-1.0, 1.0])
    centre = np.array([side * rng.uniform(62, 88), rng.uniform(-30, 35), rng.uniform(0, 80)])
    radius = float(rng.uniform(13, 23))
    bumps, heights = _directions(rng, 5), rng.uniform(0.0, 0.22, 5)
    suv_max = float(rng.lognormal(np.log(9.0), 0.35))
    max_to_mean, mean_hu = float(rng.uniform(1.6, 2.0)), float(rng.normal(25.0, 12.0))
    spicules = tuple(
        Vessel(tuple(centre + 0.8 * radius * d), tuple(centre + (radius + rng.uniform(4, 14)) * d), 1.6, 0.8)
        for d in _directions(rng, int(rng.integers(0, 7)))
    )
    wavelength = radius * rng.uniform(1.4, 2.2, WAVES)
    waves = np.column_stack([_directions(rng, WAVES) * (2 * np.pi / wavelength)[:, None], rng.uniform(0, 2 * np.pi, WAVES)])
    hollow, foci = _uptake(factors.heterogeneous, centre, radius, rng)
    return Tumour(
        centre,
        radius,
        bumps,
        heights,
        suv_max,
        max_to_mean,
        mean_hu,
        foci,
        hollow,
        float(rng.uniform(90, 130)) if factors.habitats else 0.0,
        waves,
        float(rng.uniform(6, 10)) if factors.margin else 0.0,
        spicules,
    )


def _directions(rng: np.random.Generator, count: int) -> np.ndarray:
    vectors = rng.normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _uptake(heterogeneous: bool, centre, radius: float, rng: np.random.Generator) -> tuple[bool, np.ndarray]:
    """Unimodal: one broad focus near the centre. Heterogeneous: a cold centre within a ring that is hotter on one side, or two
    to four foci towards the edge."""
    if not heterogeneous:
        place = centre + 0.15 * radius * _directions(rng, 1)
        return False, np.column_stack([place, [0.65 * radius]])
    if rng.random() < 0.4:
        hot = centre + 0.8 * radius * _directions(rng, 1)
        return True, np.column_stack([np.vstack([centre[None], hot]), [0.6 * radius, 1.25 * radius]])
    count = int(rng.integers(2, 5))
    first = _directions(rng, 1)[0]
    directions = [first, -first]  # two opposite ones keep the pattern from being one off-centre focus
    directions += list(_directions(rng, count - 2))
    places = centre + rng.uniform(0.6, 0.75, (count, 1)) * radius * np.array(directions)
    return False, np.column_stack([places, rng.uniform(0.32, 0.42, count) * radius])


def level(tumour: Tumour, points) -> np.ndarray:
    """Distance from the centre relative to the surface in that direction (1 on the surface), float32 (z, y, x)."""
    offset = [np.float32(1) * (p - c) for p, c in zip(points, tumour.centre, strict=True)]
    distance = np.sqrt(sum(o**2 for o in offset)) + np.float32(1e-3)
    surface = np.full(distance.shape, tumour.radius, np.float32)
    for bump, height in zip(tumour.bumps, tumour.heights, strict=True):
        cosine = sum(o * np.float32(b) for o, b in zip(offset, bump, strict=True)) / distance
        surface += np.float32(height * tumour.radius) * np.exp((cosine - 1) / np.float32(0.15))
    return distance / surface


def uptake_pattern(tumour: Tumour, points) -> np.ndarray:
    """Where the uptake lies, 0…1, float32 (z, y, x)."""
    foci = [
        np.exp(-sum(((p - np.float32(c)) / np.float32(width)) ** 2 for p, c in zip(points, place, strict=True)))
        for *place, width in tumour.foci
    ]
    return (1 - foci[0]) * foci[1] if tumour.hollow else np.maximum.reduce(foci)


def density_pattern(tumour: Tumour, points) -> np.ndarray:
    """HU relative to the tumour's mean, float32 (z, y, x): half of the contrast above or below it, in patches."""
    field = np.zeros(np.broadcast_shapes(*(p.shape for p in points)), np.float32)
    for *wave, phase in tumour.waves:
        field += np.cos(
            sum((p - np.float32(c)) * np.float32(k) for p, c, k in zip(points, tumour.centre, wave, strict=True)) + phase
        )
    return np.float32(tumour.contrast_hu) * (np.float32(0.5) * np.tanh(field / np.float32(0.5)))
