"""Shape features of a region (IBSI 3.1; PyRadiomics 3.0.1)."""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .diameters import diameter, flat_diameter, row_ends
from .family import MASK, Family, Patch
from .mesh import area_and_volume

TABLE = """
MeshVolume | mm³ | morph_volume | volume within the marching-cubes surface
VoxelVolume | mm³ | morph_vol_approx | voxels × volume of a voxel
SurfaceArea | mm² | morph_area_mesh | area A of the marching-cubes surface
SurfaceVolumeRatio | 1/mm | morph_av | A / V
Sphericity | 1 | morph_sphericity | (36π V²)^(1/3) / A
Maximum3DDiameter | mm | morph_diam | largest distance between vertices of the surface
Maximum2DDiameterSlice | mm | - | the same within one axial plane
Maximum2DDiameterColumn | mm | - | the same within one coronal plane
Maximum2DDiameterRow | mm | - | the same within one sagittal plane
MajorAxisLength | mm | morph_pca_maj_axis | 4 √λ1 of the covariance of voxel centres
MinorAxisLength | mm | morph_pca_min_axis | 4 √λ2
LeastAxisLength | mm | morph_pca_least_axis | 4 √λ3
Elongation | 1 | morph_pca_elongation | √(λ2/λ1)
Flatness | 1 | morph_pca_flatness | √(λ3/λ1)
"""


def shape_features(mask: np.ndarray, spacing: tuple[float, float, float], lost: int = 0) -> dict[str, float]:
    """14 features of a mask (bool, z, y, x), cut to its box, with ``spacing`` mm; lengths in mm, volumes in mm³.

    ``lost`` degrees of freedom of the covariance behind the axis lengths: PyRadiomics none, the IBSI reference values one.
    """
    area, volume = area_and_volume(mask, spacing)
    number, first, second = _moments(np.ascontiguousarray(mask))
    covariance = (second - np.outer(first, first) / number) / max(number - lost, 1) * np.outer(spacing, spacing)
    least, minor, major = np.sqrt(np.clip(np.linalg.eigvalsh(covariance), 0, None))
    mm = np.array(spacing) / 2
    along_x, along_y = row_ends(mask), row_ends(mask.transpose(2, 0, 1))  # rows (z, y), and rows (x, z)
    return {
        "MeshVolume": volume,
        "VoxelVolume": number * float(np.prod(spacing)),
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume if volume else np.inf,
        "Sphericity": (36 * np.pi * volume**2) ** (1 / 3) / area,
        "Maximum3DDiameter": diameter(along_x, mm),
        "Maximum2DDiameterSlice": flat_diameter(along_x, 0, mm),
        "Maximum2DDiameterColumn": flat_diameter(along_x, 1, mm),
        "Maximum2DDiameterRow": flat_diameter(along_y, 0, mm[[2, 0, 1]]),
        "MajorAxisLength": 4 * major,
        "MinorAxisLength": 4 * minor,
        "LeastAxisLength": 4 * least,
        "Elongation": minor / major if major else np.nan,
        "Flatness": least / major if major else np.nan,
    }


@kernel
def _moments(mask):
    """Voxels, and the sums of their indices and of the products of these: integers, so nothing is lost."""
    depth, height, width = mask.shape
    number, first, second = 0, np.zeros(3), np.zeros((3, 3))
    for z in range(depth):
        for y in range(height):
            here, sum_x, sum_xx = 0, 0, 0
            for x in range(width):
                if mask[z, y, x]:
                    here += 1
                    sum_x += x
                    sum_xx += x * x
            number += here
            first[0] += z * here
            first[1] += y * here
            first[2] += sum_x
            second[0, 0] += z * z * here
            second[0, 1] += z * y * here
            second[0, 2] += z * sum_x
            second[1, 1] += y * y * here
            second[1, 2] += y * sum_x
            second[2, 2] += sum_xx
    second[1, 0], second[2, 0], second[2, 1] = second[0, 1], second[0, 2], second[1, 2]
    return number, first, second


def _of(patch: Patch) -> dict[str, float]:
    return shape_features(patch.mask, patch.spacing, int(patch.profile.ibsi))


FAMILY = Family("shape", MASK, _of, TABLE, ibsi="{tag}", pyradiomics=True)
