"""First-order features of the values in a region (IBSI 3.3 and 3.4; PyRadiomics 3.0.1)."""

from __future__ import annotations

import numpy as np

from .family import VALUES, Family, Patch

EPS = np.spacing(1)
TABLE = """
Energy | u² | stat_energy | Σ (x + shift)²
TotalEnergy | u²·mm³ | - | Energy × volume of a voxel
Entropy | bit | ih_entropy | −Σ p log2 p over grey levels
Minimum | u | stat_min | smallest value
10Percentile | u | stat_p10 | 10th percentile, interpolated
90Percentile | u | stat_p90 | 90th percentile, interpolated
Maximum | u | stat_max | largest value
Mean | u | stat_mean | Σ x / n
Median | u | stat_median | 50th percentile
InterquartileRange | u | stat_iqr | 75th − 25th percentile
Range | u | stat_range | largest − smallest value
MeanAbsoluteDeviation | u | stat_mad | Σ |x − μ| / n
RobustMeanAbsoluteDeviation | u | stat_rmad | the same of values from the 10th to the 90th percentile
RootMeanSquared | u | stat_rms | √(Energy / n)
Skewness | 1 | stat_skew | μ3 / σ³; 0 in a flat region
Kurtosis | 1 | stat_kurt | μ4 / σ⁴, 3 for a normal distribution (IBSI: 3 less); 0 in a flat region
Variance | u² | stat_var | Σ (x − μ)² / n
Uniformity | 1 | ih_uniformity | Σ p² over grey levels
"""


def first_order(
    values: np.ndarray, counts: np.ndarray, voxel_mm3: float, shift: float, normal_kurtosis: float = 0.0
) -> dict[str, float]:
    """18 features of ``values`` (n,), of which ``counts`` (P,) fall into each grey level.

    ``normal_kurtosis`` is subtracted from the kurtosis: 3 makes it the excess kurtosis (IBSI). If all values are equal, the
    kurtosis is 0 before this subtraction, and the skewness is 0.
    """
    x = np.sort(values).astype(float)
    share = counts / len(x)
    low, first, median, third, high = _percentiles(x, np.array([10, 25, 50, 75, 90]))
    robust = x[np.searchsorted(x, low) : np.searchsorted(x, high, "right")]
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
        "Minimum": x[0],
        "10Percentile": low,
        "90Percentile": high,
        "Maximum": x[-1],
        "Mean": mean,
        "Median": median,
        "InterquartileRange": third - first,
        "Range": x[-1] - x[0],
        "MeanAbsoluteDeviation": np.abs(deviation).mean(),
        "RobustMeanAbsoluteDeviation": np.abs(robust - robust.mean()).mean(),
        "RootMeanSquared": np.sqrt(energy / len(x)),
        "Skewness": (squares * deviation).mean() / scale**1.5,
        "Kurtosis": (squares * squares).mean() / scale**2 - normal_kurtosis,
        "Variance": variance,
        "Uniformity": (share**2).sum(),
    }


def _percentiles(x: np.ndarray, percent: np.ndarray) -> np.ndarray:
    """Percentiles of sorted values, linearly interpolated: to the last bit as by ``numpy.percentile``, which sorts them again."""
    place = percent / 100 * (len(x) - 1)
    before = np.floor(place).astype(int)
    t = place - before
    a, b = x[before], x[np.minimum(before + 1, len(x) - 1)]
    return np.where(t < 0.5, a + (b - a) * t, b - (b - a) * (1 - t))


def _of(patch: Patch) -> dict[str, float]:
    counts = np.bincount(patch.bins)
    normal = 3.0 if patch.profile.ibsi else 0.0
    return first_order(patch.values, counts[counts > 0], float(np.prod(patch.spacing)), patch.profile.array_shift, normal)


FAMILY = Family("firstorder", VALUES, _of, TABLE, ibsi="{tag}", pyradiomics=True)
