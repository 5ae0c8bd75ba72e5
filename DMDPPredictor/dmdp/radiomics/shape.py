"""Shape features of a region (IBSI 3.1; PyRadiomics 3.0.1)."""

from __future__ import annotations

import numpy as np

from .diameters import diameter, flat_diameter
from .mesh import area_and_volume, vertices


def shape_features(mask: np.ndarray, spacing: tuple[float, float, float], lost: int = 0) -> dict[str, float]:
    """14 features of a mask (bool, z, y, x), cut to its box, with ``spacing`` mm; lengths in mm, volumes in mm³.

    ``lost`` degrees of freedom of the covariance behind the axis lengths: PyRadiomics none, the IBSI reference values one.
    """
    area, volume = area_and_volume(mask, spacing)
    points = np.argwhere(mask) * np.array(spacing)
    centred = points - points.mean(axis=0)
    least, minor, major = np.sqrt(np.clip(np.linalg.eigvalsh(centred.T @ centred / max(len(points) - lost, 1)), 0, None))
    surface = vertices(mask)
    mm = np.array(spacing) / 2
    return {
        "MeshVolume": volume,
        "VoxelVolume": len(points) * float(np.prod(spacing)),
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume if volume else np.inf,
        "Sphericity": (36 * np.pi * volume**2) ** (1 / 3) / area,
        "Maximum3DDiameter": diameter(surface * mm),
        "Maximum2DDiameterSlice": flat_diameter(surface, mm, 0),
        "Maximum2DDiameterColumn": flat_diameter(surface, mm, 1),
        "Maximum2DDiameterRow": flat_diameter(surface, mm, 2),
        "MajorAxisLength": 4 * major,
        "MinorAxisLength": 4 * minor,
        "LeastAxisLength": 4 * least,
        "Elongation": minor / major if major else np.nan,
        "Flatness": least / major if major else np.nan,
    }
