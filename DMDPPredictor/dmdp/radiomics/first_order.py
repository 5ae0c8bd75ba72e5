"""First-order features of the values in a region (IBSI 3.3 and 3.4; PyRadiomics 3.0.1)."""

from __future__ import annotations

import numpy as np

EPS = np.spacing(1)


def first_order(values: np.ndarray, levels: np.ndarray, voxel_mm3: float, shift: float) -> dict[str, float]:
    """18 features of ``values`` (n,) and their grey ``levels`` (n,). Kurtosis is not excess kurtosis (IBSI subtracts 3)."""
    x = np.asarray(values, float)
    share = np.unique(levels, return_counts=True)[1] / len(x)
    low, first, third, high = np.percentile(x, [10, 25, 75, 90])
    robust = x[(x >= low) & (x <= high)]
    deviation = x - x.mean()
    moments = [(deviation**order).mean() for order in (2, 3, 4)]
    scale = moments[0] or 1.0
    energy = ((x + shift) ** 2).sum()
    return {
        "Energy": energy,
        "TotalEnergy": energy * voxel_mm3,
        "Entropy": -(share * np.log2(share + EPS)).sum(),
        "Minimum": x.min(),
        "10Percentile": low,
        "90Percentile": high,
        "Maximum": x.max(),
        "Mean": x.mean(),
        "Median": np.median(x),
        "InterquartileRange": third - first,
        "Range": x.max() - x.min(),
        "MeanAbsoluteDeviation": np.abs(deviation).mean(),
        "RobustMeanAbsoluteDeviation": np.abs(robust - robust.mean()).mean(),
        "RootMeanSquared": np.sqrt(energy / len(x)),
        "Skewness": moments[1] / scale**1.5,
        "Kurtosis": moments[2] / scale**2,
        "Variance": moments[0],
        "Uniformity": (share**2).sum(),
    }
