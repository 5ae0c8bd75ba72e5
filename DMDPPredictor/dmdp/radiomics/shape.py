"""Shape features of a region (IBSI 3.1; PyRadiomics 3.0.1)."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from .mesh import area_and_volume, vertices

MANY_POINTS = 500  # from here on the hull is found first: the farthest pair lies on it


def shape_features(mask: np.ndarray, spacing: tuple[float, float, float]) -> dict[str, float]:
    """14 features of a mask (bool, z, y, x) with ``spacing`` mm; lengths in mm, volumes in mm³."""
    mask = mask[tuple(slice(side.min(), side.max() + 1) for side in np.nonzero(mask))]
    area, volume = area_and_volume(mask, spacing)
    points = np.argwhere(mask) * np.array(spacing)
    centred = points - points.mean(axis=0)
    least, minor, major = np.sqrt(np.clip(np.linalg.eigvalsh(centred.T @ centred / len(points)), 0, None))
    surface = vertices(mask)
    mm = np.array(spacing) / 2
    return {
        "MeshVolume": volume,
        "VoxelVolume": len(points) * float(np.prod(spacing)),
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume if volume else np.inf,
        "Sphericity": (36 * np.pi * volume**2) ** (1 / 3) / area,
        "Maximum3DDiameter": _diameter(surface * mm),
        "Maximum2DDiameterSlice": _flat_diameter(surface, mm, 0),
        "Maximum2DDiameterColumn": _flat_diameter(surface, mm, 1),
        "Maximum2DDiameterRow": _flat_diameter(surface, mm, 2),
        "MajorAxisLength": 4 * major,
        "MinorAxisLength": 4 * minor,
        "LeastAxisLength": 4 * least,
        "Elongation": minor / major if major else np.nan,
        "Flatness": least / major if major else np.nan,
    }


def _flat_diameter(surface: np.ndarray, mm: np.ndarray, axis: int) -> float:
    """The largest diameter within one plane across ``axis``, of surface points in half voxels."""
    others = [a for a in range(3) if a != axis]
    order = np.argsort(surface[:, axis], kind="stable")
    planes = np.split(surface[order], np.flatnonzero(np.diff(surface[order, axis])) + 1)
    return max(_diameter(plane[:, others] * mm[others]) for plane in planes)


def _diameter(points: np.ndarray) -> float:
    if len(points) < 2:
        return 0.0
    if len(points) > MANY_POINTS:
        with suppress(QhullError):  # all in one plane or line
            points = points[ConvexHull(points).vertices]
    return float(pdist(points).max())
