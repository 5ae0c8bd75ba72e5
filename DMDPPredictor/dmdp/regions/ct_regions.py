"""CT sub-regions of a lesion and its surroundings: ``ct_regions_v1``, our own definition.

Jiang et al. 2026 (DMDP) name six regions but do not define them, so this definition is not theirs. The tumour is divided into
dense, less dense and low parts; a margin of 6 mm round it, within the thoracic cavity, into aerated, interstitial and soft
tissue. Three shells round the tumour, each 3 mm thick, reach to 9 mm, as the expansions of Liu et al. 2025 do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..images.mask import Mask
from ..images.resampling import sample
from ..images.volume import Geometry, Volume
from ..patients.case import Lesion
from .document import RegionReading, RegionsReport, ShellReading
from .grid import fine_grid
from .names import MEANINGS
from .thorax import Thorax

MARGIN_MM, CORE_MM = 6.0, 2.0
SHELLS_MM = (3.0, 6.0, 9.0)
ROOM_MM = SHELLS_MM[-1] + 10.0  # for the filters and the B-spline round the outermost shell
LOW_HU, AERATED_MARGIN_HU, SOFT_HU = -150.0, -700.0, -200.0
TISSUE_HU = (-960.0, 200.0)  # below lies free air (airways, bullae, room), above bone and contrast medium
MIN_PART, MIN_COMPONENT, MIN_REGION = 0.05, 8, 64  # share of the lesion; voxels of 1 mm³
MIN_CONTRAST_HU = 25.0
MAX_SIDE_MM = 300


@dataclass(frozen=True, eq=False)
class Regions:
    """``labels`` uint8 (z, y, x), 1…6 as in ``MEANINGS``, on a 1 mm ``geometry`` along the CT's axes; absent regions are 0.

    ``shells`` uint8 on the same grid: 1, 2, 3 are 0–3, 3–6 and 6–9 mm from the lesion, within the cavity; 0 elsewhere.
    ``threshold_hu`` parts dense from less dense; ``contrast_hu`` is the difference of their means (NaN without both).
    ``unassigned`` is the share of lesion and margin that clean-up took away; ``bounded`` says whether a thorax was found to
    bound margin and shells.
    """

    labels: np.ndarray
    shells: np.ndarray
    geometry: Geometry
    threshold_hu: float
    contrast_hu: float
    unassigned: float
    bounded: bool

    def masks(self) -> dict[str, Mask]:
        """Name → mask of all that features are measured in, absent ones left out.

        ``reg1``…``reg6``; ``tumour``, the whole of reg1 to reg3; ``shell_0_3``, ``shell_3_6``, ``shell_6_9``; and the cumulative
        ``ring_0_6`` and ``ring_0_9`` (the shell 0–3 mm is the first of both).
        """
        found = {f"reg{number}": self.labels == number for number in MEANINGS}
        found["tumour"] = (self.labels >= 1) & (self.labels <= 3)
        for inner, outer, number in zip((0, *SHELLS_MM), SHELLS_MM, range(1, 1 + len(SHELLS_MM)), strict=False):
            found[f"shell_{inner:.0f}_{outer:.0f}"] = self.shells == number
        for number, outer in enumerate(SHELLS_MM[1:], 2):
            found[f"ring_0_{outer:.0f}"] = (self.shells >= 1) & (self.shells <= number)
        return {name: Mask(mask, self.geometry) for name, mask in found.items() if np.count_nonzero(mask) >= MIN_REGION}

    def report(self, further_notes: tuple[str, ...] = ()) -> RegionsReport:
        """Volumes and shares for ``prediction.json``."""
        counts = np.bincount(self.labels.ravel(), minlength=7)[1:7]
        parts = [counts[:3].sum(), counts[3:].sum()]
        notes = ["Our definition (CT regions, version 1); the paper gives none."]
        if not self.contrast_hu >= MIN_CONTRAST_HU:
            notes.append(f"No distinct density habitat: dense and less dense differ by less than {MIN_CONTRAST_HU:.0f} HU.")
        if not self.bounded:
            notes.append("No lung is seen in the CT: margin and shells are not limited to the thorax.")
        return RegionsReport(
            definition="ct_regions_v1",
            regions=tuple(
                RegionReading(
                    name=f"reg{number}",
                    meaning=meaning,
                    present=bool(counts[number - 1]),
                    volume_ml=counts[number - 1] / 1000.0,
                    fraction=float(counts[number - 1] / max(parts[number > 3], 1)),
                )
                for number, meaning in MEANINGS.items()
            ),
            shells=tuple(
                ShellReading(f"shell_{inner:.0f}_{outer:.0f}", np.count_nonzero(self.shells == number) / 1000.0)
                for number, (inner, outer) in enumerate(zip((0, *SHELLS_MM), SHELLS_MM, strict=False), 1)
            ),
            threshold_hu=None if np.isnan(self.threshold_hu) else self.threshold_hu,
            contrast_hu=None if np.isnan(self.contrast_hu) else self.contrast_hu,
            frac_unassigned=self.unassigned,
            notes=(*notes, *further_notes),
        )


def ct_regions(ct: Volume, lesion: Lesion, thorax: Thorax) -> Regions | None:
    """The regions of a lesion (on the CT's grid) in a CT in HU; None if the lesion is empty or wider than about 260 mm.

    Parts of the lesion below 5 % of it, components below 8 voxels and regions below 64 are taken away; their share of all is
    ``unassigned``. Margin and shells hold tissue between −960 and 200 HU inside the thoracic cavity.
    """
    if not lesion.mask:
        return None
    geometry = fine_grid(lesion, ROOM_MM)
    if max(geometry.shape) > MAX_SIDE_MM:
        return None
    whole = lesion.mask.onto(geometry).array
    tumour = _large_parts(whole)
    smooth = ndimage.gaussian_filter(sample(ct.array, ct.geometry, geometry, order=1, outside=-1000.0), 1.0)
    labels, threshold = _density(tumour, smooth)
    contrast = _contrast(smooth, labels)
    away = ndimage.distance_transform_edt(~whole)
    around = ~whole & (smooth >= TISSUE_HU[0]) & (smooth <= TISSUE_HU[1])
    if bounded := bool(thorax.cavity):
        around &= thorax.cavity.onto(geometry).array
    margin = around & (away <= MARGIN_MM)
    labels[margin] = 4 + np.digitize(smooth[margin], [AERATED_MARGIN_HU, SOFT_HU])
    before = int(np.count_nonzero(labels) + np.count_nonzero(whole & ~tumour))
    for number in MEANINGS:
        labels[(labels == number) & ~_clean(labels == number)] = 0
    shells = np.where(around & (away <= SHELLS_MM[-1]), 1 + np.digitize(away, SHELLS_MM[:-1], right=True), 0).astype(np.uint8)
    unassigned = 1.0 - np.count_nonzero(labels) / max(before, 1)
    return Regions(labels, shells, geometry, threshold, contrast, unassigned, bounded)


def _large_parts(mask: np.ndarray) -> np.ndarray:
    """The largest component (26-connected) and all of more than 5 % of the mask."""
    parts, count = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    return ((sizes > MIN_PART * sizes.sum()) | (sizes == sizes.max()) & (sizes > 0))[parts]


def _density(tumour: np.ndarray, smooth: np.ndarray) -> tuple[np.ndarray, float]:
    """reg1 to reg3 of a tumour by its smoothed HU, and the threshold between dense and less dense, found in its core."""
    labels = np.zeros(tumour.shape, np.uint8)
    threshold = _otsu(smooth[ndimage.binary_erosion(tumour, _ball(CORE_MM)) & (smooth >= LOW_HU)])
    labels[tumour & (smooth < LOW_HU)] = 3
    solid = tumour & (smooth >= LOW_HU)
    labels[solid] = np.where(smooth[solid] >= (LOW_HU if np.isnan(threshold) else threshold), 1, 2)
    return labels, threshold


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
    """The region without components below 8 voxels; empty if fewer than 64 voxels remain."""
    parts, _ = ndimage.label(region)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    kept = (sizes >= MIN_COMPONENT)[parts]
    return kept if kept.sum() >= MIN_REGION else np.zeros_like(region)
