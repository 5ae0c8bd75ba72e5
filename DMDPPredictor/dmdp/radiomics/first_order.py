"""First-order features of the values in a region (IBSI 3.3 and 3.4; PyRadiomics 3.0.1)."""

from __future__ import annotations

import numpy as np

EPS = np.spacing(1)


def first_order(values: np.ndarray, counts: np.ndarray, voxel_mm3: float, shift: float) -> dict[str, float]:
    """18 features of ``values`` (n,), of which ``counts`` (P,) fall into each grey level.

    Kurtosis is not excess kurtosis (IBSI subtracts 3), and is 0, like skewness, where all values are equal.
    """
    x = np.asarray(values, float)
    share = counts / len(x)
    low, first, median, third, high = np.percentile(x, [10, 25, 50, 75, 90])
    robust = x[(x >= low) & (x <= high)]
    mean = x.mean()
    deviation = x - mean
    squares = deviation * deviation
    variance = squares.mean()
    scale = variance or 1.0
    energy = float(np.square(x + shift).sum())
    return {
        "Energy": energy,
        "TotalEnergy": energy * voxel_mm3,
        "Entropy": -(share * np.log2(share + EPS)).sum(),
        "Minimum": x.min(),
        "10Percentile": low,
        "90Percentile": high,
        "Maximum": x.max(),
        "Mean": mean,
        "Median": median,
        "InterquartileRange": third - first,
        "Range": np.ptp(x),
        "MeanAbsoluteDeviation": np.abs(deviation).mean(),
        "RobustMeanAbsoluteDeviation": np.abs(robust - robust.mean()).mean(),
        "RootMeanSquared": np.sqrt(energy / len(x)),
        "Skewness": (squares * deviation).mean() / scale**1.5,
        "Kurtosis": (squares * squares).mean() / scale**2,
        "Variance": variance,
        "Uniformity": (share**2).sum(),
    }
