"""First-order and size features of the uptake inside a lesion."""

from __future__ import annotations

import numpy as np

from ..images.volume import Volume, triple
from ..patients.case import Lesion

PEAK_RADIUS_MM = (3.0 / (4.0 * np.pi)) ** (1.0 / 3.0) * 10.0  # the sphere of 1 cm³: 6.2035 mm
SUBDIVISIONS = 9


def intensity(pet: Volume, lesion: Lesion) -> dict[str, float]:
    """Statistics of the SUV inside the lesion, its volume and glycolysis; NaN if too few or flat voxels forbid one.

    Variance with n − 1; skewness and excess kurtosis from central moments; TLG_4 counts the voxels at or above 40 % of the
    maximum but multiplies by the mean of the whole lesion, as the published columns do; TLG40 is the conventional one.
    """
    y = pet.array[lesion.mask.array].astype(np.float64)
    n, mean, maximum = len(y), float(y.mean()), float(y.max())
    centred = y - mean
    m2 = float((centred**2).mean())
    flat = m2 <= (1e-6 * max(abs(mean), 1e-12)) ** 2
    volume = n * lesion.geometry.voxel_ml
    hot = y >= 0.40 * maximum
    variance = float(y.var(ddof=1)) if n > 1 else np.nan
    return {
        "suv_max": maximum,
        "suv_mean": mean,
        "suv_median": float(np.median(y)),
        "suv_min": float(y.min()),
        "suv_var": variance,
        "suv_sd": float(np.sqrt(variance)),
        "suv_skew": np.nan if flat else float((centred**3).mean() / m2**1.5),
        "suv_kurtosis": np.nan if flat else float((centred**4).mean() / m2**2 - 3.0),
        "suv_area": largest_section_cm2(lesion),
        "suv_peak": peak(pet, pet.hottest(lesion.mask.array)),
        "suv_peak_global": global_peak(pet, lesion),
        "MTV_3": volume,
        "TLG_3": volume * mean,
        "TLG_4": int(hot.sum()) * lesion.geometry.voxel_ml * mean,
        "TLG40": int(hot.sum()) * lesion.geometry.voxel_ml * float(y[hot].mean()),
    }


def hottest_point(pet: Volume, lesion: Lesion) -> tuple[float, float, float]:
    """LPS point (mm) of the lesion's voxel of highest uptake; of the first in array order if there are several."""
    return triple(float, pet.geometry.to_lps(pet.hottest(lesion.mask.array)))


def largest_section_cm2(lesion: Lesion) -> float:
    """Area of the largest slice of the mask along z, in cm²."""
    _, dy, dx = lesion.geometry.spacing
    return float(lesion.mask.array.sum(axis=(1, 2)).max() * dy * dx / 100.0)


def peak(pet: Volume, centre: tuple[int, int, int]) -> float:
    """Mean SUV in a sphere of 1 cm³ round a voxel centre; the image is not masked by the lesion.

    A voxel counts with the share of it that lies in the sphere, found on 9 × 9 × 9 sub-voxels, so that the value does not
    jump with the voxel size. What lies outside the image does not count.
    """
    offsets, weights = sphere(pet.geometry.spacing)
    return _weighted(pet, np.array([centre]), offsets, weights)[0]


def global_peak(pet: Volume, lesion: Lesion) -> float:
    """The largest of the 1 cm³ means over all voxel centres inside the lesion (IBSI "global intensity peak")."""
    offsets, weights = sphere(pet.geometry.spacing)
    return float(_weighted(pet, np.argwhere(lesion.mask.array), offsets, weights).max())


def sphere(spacing: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Voxel offsets (k, 3) and the share (k,) of each that lies in the 1 cm³ sphere round the central voxel."""
    reach = [int(np.ceil(PEAK_RADIUS_MM / s + 0.5)) for s in spacing]
    offsets = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij"), axis=-1).reshape(-1, 3)
    sub = (np.arange(SUBDIVISIONS) + 0.5) / SUBDIVISIONS - 0.5
    points = np.stack(np.meshgrid(sub, sub, sub, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm((offsets[:, None] + points[None]) * np.array(spacing), axis=-1)
    weights = (distance <= PEAK_RADIUS_MM).mean(axis=1)
    return offsets[weights > 0], weights[weights > 0]


def _weighted(pet: Volume, centres: np.ndarray, offsets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = np.zeros(len(centres))
    counted = np.zeros(len(centres))
    shape = np.array(pet.geometry.shape)
    for offset, weight in zip(offsets, weights, strict=True):
        at = centres + offset
        inside = np.all((at >= 0) & (at < shape), axis=1)
        total[inside] += weight * pet.array[tuple(at[inside].T)]
        counted[inside] += weight
    return total / counted
