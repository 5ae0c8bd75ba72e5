"""A few numbers of the CT inside a lesion and round it: the CT part of the table, in place of full radiomics, which would take
too long.
"""

from __future__ import annotations

import numpy as np
from dmdp.images.mask import Mask
from dmdp.images.volume import Volume
from scipy import ndimage, stats

RINGS_MM = ((-3.0, 0.0), (0.0, 3.0), (3.0, 9.0))
CT_SUMMARY = (
    "ct_mean",
    "ct_sd",
    "ct_skewness",
    "ct_kurtosis",
    "ct_p10",
    "ct_p90",
    *(f"ct_ring_{low:g}_{high:g}" for low, high in RINGS_MM),
)


def ct_summary(ct: Volume, lesion: Mask) -> dict[str, float]:
    """First-order statistics of HU in a lesion on the CT's grid, and mean HU of shells (mm from its surface, inside negative)."""
    mask = lesion.array
    inside = ct.array[mask].astype(np.float64)
    spacing = ct.geometry.spacing
    depth = ndimage.distance_transform_edt(~mask, spacing) - ndimage.distance_transform_edt(mask, spacing)
    shells = [ct.array[(depth > low) & (depth <= high)] for low, high in RINGS_MM]
    found = (
        inside.mean(),
        inside.std(),
        stats.skew(inside),
        stats.kurtosis(inside),
        *np.percentile(inside, (10, 90)),
        *(shell.mean() if shell.size else np.nan for shell in shells),
    )
    return dict(zip(CT_SUMMARY, map(float, found), strict=True))
