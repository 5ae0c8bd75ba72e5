"""Uptake profile from the core to the edge of a lesion in three orthogonal planes (``plane_profile_v1``, ours).

The published columns suv_mean_sd_* and type_* are not defined by Jiang et al. 2026 (DMDP). This definition follows what the
released values allow; it is not meant to reproduce them.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..images.volume import Volume
from ..patients.case import Lesion

PLANES = {"xy": 0, "xz": 1, "yz": 2}  # the array axis (z, y, x) that the plane is perpendicular to
MIN_PIXELS = 3
RISE = 0.05
EIGHT = np.ones((3, 3), dtype=bool)


def planes(pet: Volume, lesion: Lesion) -> dict[str, float]:
    """Per plane: ``suv_mean_sd`` (variance of the zone means, (g/ml)²), its root ``…_sd`` and ``type`` (1 = hollow or
    with a second peak, 0 = falling from the core outwards).

    The plane goes through the SUVmax voxel; zones are layers of the distance to the edge, from the core outwards.
    """
    values: dict[str, float] = {}
    centre = pet.hottest(lesion.mask.array)
    for name, axis in PLANES.items():
        spacing = np.delete(np.array(lesion.geometry.spacing), axis)
        means = zone_means(
            np.take(pet.array, centre[axis], axis=axis).astype(np.float64),
            np.take(lesion.mask.array, centre[axis], axis=axis),
            tuple(np.delete(np.array(centre), axis)),
            tuple(spacing),
        )
        variance = float(np.var(means, ddof=1)) if len(means) > 1 else 0.0
        values[f"suv_mean_sd_{name}"] = variance
        values[f"suv_mean_sd_{name}_sd"] = float(np.sqrt(variance))
        values[f"type_{name}"] = float(rises(means, float(pet.array[centre])))
    return values


def zone_means(suv: np.ndarray, mask: np.ndarray, centre: tuple[int, int], spacing: tuple[float, float]) -> np.ndarray:
    """Mean SUV of each zone, core first, in the 8-connected part of ``mask`` that holds ``centre``.

    Zones are the Euclidean distance to the outside in units of the larger pixel side, rounded; one with fewer than three
    pixels joins the next outward one.
    """
    labels, _ = ndimage.label(mask, structure=EIGHT)
    part = np.pad(labels == labels[centre], 1)
    depth = ndimage.distance_transform_edt(part, sampling=spacing)[1:-1, 1:-1] / max(spacing)
    part = part[1:-1, 1:-1]
    layer = np.maximum(np.round(depth[part]).astype(int), 1)
    values = suv[part]
    zones: list[np.ndarray] = []
    waiting = np.empty(0)
    for number in range(layer.max(), 0, -1):
        waiting = np.concatenate([waiting, values[layer == number]])
        if len(waiting) >= MIN_PIXELS:
            zones.append(waiting)
            waiting = np.empty(0)
    if len(waiting):
        zones = [*zones[:-1], np.concatenate([zones[-1], waiting])] if zones else [waiting]
    return np.array([zone.mean() for zone in zones])


def rises(means: np.ndarray, maximum: float) -> bool:
    """True if an outer zone exceeds the core by more than 5 %, or the profile rises by more than 5 % of SUVmax."""
    return bool((means[1:] > means[0] * (1 + RISE)).any() or (np.diff(means) > RISE * maximum).any())
