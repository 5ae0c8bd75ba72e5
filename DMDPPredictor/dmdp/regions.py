"""CT sub-regions of a lesion and its surroundings: ``ct_regions_v1``, our own definition.

The DMDP paper names regions but does not define them; these are not the paper's. Tumour: dense, less dense, low; a margin of 6 mm
round it: aerated, interstitial, soft tissue. In this version the chest wall is not told from other soft tissue; bone is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from .case import Geometry, Lesion, Volume
from .files import resample_mask, sample

MEANINGS = {
    1: "tumour, dense",
    2: "tumour, less dense or necrotic",
    3: "tumour, low density (below −150 HU)",
    4: "margin, aerated lung (below −700 HU)",
    5: "margin, interstitial or ground-glass (−700 to −200 HU)",
    6: "margin, soft tissue and vessels (above −200 HU)",
}
MARGIN_MM, CORE_MM = 6.0, 2.0
LOW_HU, AERATED_HU, SOFT_HU, BONE_HU = -150.0, -700.0, -200.0, 200.0
MIN_COMPONENT, MIN_REGION = 8, 64  # voxels of 1 mm³
MIN_CONTRAST_HU = 25.0
MAX_SIDE_MM = 250


@dataclass(frozen=True, eq=False)
class Regions:
    """``labels`` uint8 (z, y, x), 1…6 as in ``MEANINGS``, on a 1 mm ``geometry`` along the CT's axes; absent regions are 0.

    ``threshold_hu`` parts dense from less dense; ``contrast_hu`` is the difference of their means (NaN without both).
    """

    labels: np.ndarray
    geometry: Geometry
    threshold_hu: float
    contrast_hu: float
    unassigned: float

    def to_json(self) -> dict[str, Any]:
        """Volumes and shares for ``prediction.json``."""
        counts = np.bincount(self.labels.ravel(), minlength=7)[1:7]
        parts = [counts[:3].sum(), counts[3:].sum()]
        notes = ["Our definition (ct_regions_v1); the paper gives none."]
        if not self.contrast_hu >= MIN_CONTRAST_HU:
            notes.append(f"No distinct density habitat: dense and less dense differ by less than {MIN_CONTRAST_HU:.0f} HU.")
        return {
            "definition": "ct_regions_v1",
            "regions": [
                {
                    "name": f"reg{number}",
                    "meaning": meaning,
                    "present": bool(counts[number - 1]),
                    "volume_ml": counts[number - 1] / 1000.0,
                    "fraction": float(counts[number - 1] / max(parts[number > 3], 1)),
                }
                for number, meaning in MEANINGS.items()
            ],
            "threshold_hu": None if np.isnan(self.threshold_hu) else self.threshold_hu,
            "contrast_hu": None if np.isnan(self.contrast_hu) else self.contrast_hu,
            "frac_unassigned": self.unassigned,
            "notes": notes,
        }


def ct_regions(ct: Volume, lesion: Lesion) -> Regions | None:
    """The regions of a lesion (on the CT's grid) in a CT in HU; None where the lesion is wider than 250 mm.

    Components below 8 voxels and regions below 64 are taken away; their share of all is ``unassigned``.
    """
    geometry = _fine_grid(lesion)
    if max(geometry.shape) > MAX_SIDE_MM:
        return None
    tumour, _ = resample_mask(lesion.mask, lesion.geometry, geometry)
    smooth = ndimage.gaussian_filter(sample(ct.array, ct.geometry, geometry, order=1, outside=-1000.0), 1.0)
    labels = np.zeros(geometry.shape, np.uint8)
    threshold = _otsu(smooth[ndimage.binary_erosion(tumour, _ball(CORE_MM)) & (smooth >= LOW_HU)])
    labels[tumour & (smooth < LOW_HU)] = 3
    solid = tumour & (smooth >= LOW_HU)
    labels[solid] = np.where(smooth[solid] >= (LOW_HU if np.isnan(threshold) else threshold), 1, 2)
    contrast = _contrast(smooth, labels)
    margin = ndimage.distance_transform_edt(~tumour) <= MARGIN_MM
    margin &= ~tumour & (smooth <= BONE_HU)
    labels[margin] = 4 + np.digitize(smooth[margin], [AERATED_HU, SOFT_HU])
    before = np.count_nonzero(labels)
    for number in MEANINGS:
        labels[(labels == number) & ~_clean(labels == number)] = 0
    return Regions(labels, geometry, threshold, contrast, 1.0 - np.count_nonzero(labels) / max(before, 1))


def _fine_grid(lesion: Lesion) -> Geometry:
    """A 1 mm grid along the lesion grid's axes that holds the lesion and its margin."""
    found = np.argwhere(lesion.mask)
    spacing = np.array(lesion.geometry.spacing)
    extent = (found.max(axis=0) - found.min(axis=0) + 1) * spacing + 2 * (MARGIN_MM + 2)
    axes = lesion.geometry.matrix[:3, :3] / spacing
    corner = lesion.geometry.to_lps(found.min(axis=0)) - axes @ (spacing / 2 + MARGIN_MM + 1.5)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes, corner
    return Geometry(tuple(int(np.ceil(e)) for e in extent), tuple(tuple(float(v) for v in row) for row in affine))


def _ball(radius: float) -> np.ndarray:
    reach = int(radius)
    return ((np.indices((2 * reach + 1,) * 3) - reach) ** 2).sum(axis=0) <= radius**2


def _otsu(values: np.ndarray) -> float:
    """The threshold (HU) that parts ``values`` into two classes of least variance (Otsu 1979).

    NaN for fewer than 64 values, or for equal ones.
    """
    if len(values) < MIN_REGION or np.ptp(values) < 1.0:
        return float("nan")
    counts, edges = np.histogram(values, bins=128)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = len(values) - below
    mass = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (mass / below - (mass[-1] - mass) / above) ** 2
    return float(edges[1 + int(np.nanargmax(between[:-1]))])


def _contrast(smooth: np.ndarray, labels: np.ndarray) -> float:
    dense, less = labels == 1, labels == 2
    return float(smooth[dense].mean() - smooth[less].mean()) if dense.any() and less.any() else float("nan")


def _clean(region: np.ndarray) -> np.ndarray:
    """The region without components below 8 voxels; empty where fewer than 64 voxels remain."""
    parts, _ = ndimage.label(region)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    kept = (sizes >= MIN_COMPONENT)[parts]
    return kept if kept.sum() >= MIN_REGION else np.zeros_like(region)
