"""Grey level co-occurrence features (IBSI 3.6; PyRadiomics 3.0.1), averaged over the directions."""

from __future__ import annotations

import numpy as np

from .family import LEVELS, Family, Patch
from .first_order import EPS

TABLE = """
Autocorrelation | 1 | cm_auto_corr | Σ p i j
JointAverage | 1 | cm_joint_avg | Σ p i
ClusterProminence | 1 | cm_clust_prom | Σ p (i + j − μx − μy)⁴
ClusterShade | 1 | cm_clust_shade | Σ p (i + j − μx − μy)³
ClusterTendency | 1 | cm_clust_tend | Σ p (i + j − μx − μy)²
Contrast | 1 | cm_contrast | Σ p (i − j)²
Correlation | 1 | cm_corr | (Σ p i j − μx μy) / (σx σy); 1 in a flat region
DifferenceAverage | 1 | cm_diff_avg | Σ k p(|i − j| = k)
DifferenceEntropy | bit | cm_diff_entr | H of |i − j|
DifferenceVariance | 1 | cm_diff_var | variance of |i − j|
JointEnergy | 1 | cm_energy | Σ p²
JointEntropy | bit | cm_joint_entr | H of (i, j)
Imc1 | 1 | cm_info_corr1 | (HXY − HXY1) / max(HX, HY); 0 where the entropies are 0
Imc2 | 1 | cm_info_corr2 | √(1 − e^(−2 (HXY2 − HXY))); 0 where HXY2 = HXY
Idm | 1 | cm_inv_diff_mom | Σ p / (1 + (i − j)²)
MCC | 1 | - | maximal correlation: √ of the second eigenvalue of Σ p(i,k) p(j,k) / (px(i) py(k))
Idmn | 1 | cm_inv_diff_mom_norm | Σ p / (1 + (i − j)²/N²)
Id | 1 | cm_inv_diff | Σ p / (1 + |i − j|)
Idn | 1 | cm_inv_diff_norm | Σ p / (1 + |i − j|/N)
InverseVariance | 1 | cm_inv_var | Σ p / (i − j)² over i ≠ j
MaximumProbability | 1 | cm_joint_max | largest p
SumAverage | 1 | cm_sum_avg | Σ k p(i + j = k); twice JointAverage where the matrix is symmetric
SumEntropy | bit | cm_sum_entr | H of i + j
SumSquares | 1 | cm_joint_var | Σ p (i − μx)²
"""


def glcm_features(counts: np.ndarray, present: np.ndarray, symmetric: bool) -> dict[str, float]:
    """24 features of pair ``counts`` (A, P, P), one way, between the grey levels in ``present`` (P,).

    A direction without pairs does not count; without any, every feature is NaN.
    """
    p = counts + counts.transpose(0, 2, 1) if symmetric else counts
    total = p.sum(axis=(1, 2))
    if len(p) > 1 and (total > 0).any():
        p, total = p[total > 0], total[total > 0]
    p = p / np.where(total == 0, np.nan, total)[:, None, None]
    highest = int(present.max())
    px, py = p.sum(axis=2), p.sum(axis=1)
    # summed over pairs, as PyRadiomics does: whether rounding leaves a variance of 0 decides what the correlation is
    mean_x, mean_y = (p * present[:, None]).sum(axis=(1, 2)), (p * present).sum(axis=(1, 2))
    off_x, off_y = present - mean_x[:, None], present - mean_y[:, None]
    var_x, var_y = (p * off_x[:, :, None] ** 2).sum(axis=(1, 2)), (p * off_y[:, None, :] ** 2).sum(axis=(1, 2))
    difference = _collected(p, np.abs(present[:, None] - present[None, :]), highest)
    total_level = _collected(p, present[:, None] + present[None, :], 2 * highest + 1)
    k, s = np.arange(highest, dtype=float), np.arange(2 * highest + 1, dtype=float)
    mean_difference = difference @ k
    cluster = s - (mean_x + mean_y)[:, None]
    joint = _entropy(p.reshape(len(p), -1))
    outer = px[:, :, None] * py[:, None, :]
    information = np.log2(outer + EPS)
    # summed as PyRadiomics does: if the levels are independent, rounding decides between 0 and NaN
    cross, independent = (-(weight * information).sum(axis=(1, 2)) for weight in (p, outer))
    found = {
        "Autocorrelation": (p @ present.astype(float)) @ present,
        "JointAverage": mean_x,
        "ClusterProminence": (total_level * cluster**4).sum(axis=1),
        "ClusterShade": (total_level * cluster**3).sum(axis=1),
        "ClusterTendency": (total_level * cluster**2).sum(axis=1),
        "Contrast": difference @ k**2,
        "Correlation": _correlation(np.einsum("ai,aij,aj->a", off_x, p, off_y, optimize=True), var_x, var_y),
        "DifferenceAverage": mean_difference,
        "DifferenceEntropy": _entropy(difference),
        "DifferenceVariance": (difference * (k - mean_difference[:, None]) ** 2).sum(axis=1),
        "JointEnergy": np.einsum("aij,aij->a", p, p),
        "JointEntropy": joint,
        "Imc1": _ratio(joint - cross, np.fmax(_entropy(px), _entropy(py))),
        "Imc2": _imc2(joint, independent),
        "Idm": difference @ (1 / (1 + k**2)),
        "MCC": _maximal_correlation(p, outer),
        "Idmn": difference @ (1 / (1 + k**2 / highest**2)),
        "Id": difference @ (1 / (1 + k)),
        "Idn": difference @ (1 / (1 + k / highest)),
        "InverseVariance": difference[:, 1:] @ (1 / k[1:] ** 2) + 0 * mean_difference,  # NaN stays NaN
        "MaximumProbability": p.max(axis=(1, 2)),
        "SumAverage": total_level @ s,
        "SumEntropy": _entropy(total_level),
        "SumSquares": var_x,
    }
    return {name: _mean(values) for name, values in found.items()}


def _collected(p: np.ndarray, key: np.ndarray, size: int) -> np.ndarray:
    """Sum of ``p`` (A, P, P) over equal ``key`` (P, P), (A, size)."""
    flat = key.ravel()
    return np.stack([np.bincount(flat, weights=angle.ravel(), minlength=size)[:size] for angle in p])


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * np.log2(p + EPS)).sum(axis=1)


def _correlation(covariance, var_x, var_y):
    """1 for a flat region, by PyRadiomics' convention."""
    scale = np.sqrt(var_x) * np.sqrt(var_y)
    return np.where(scale == 0, 1.0, covariance / (scale + EPS))


def _ratio(numerator, denominator):
    return np.where(denominator == 0, 0.0, numerator / np.where(denominator == 0, 1.0, denominator))


def _imc2(joint, independent):
    with np.errstate(invalid="ignore"):
        return np.where(independent == joint, 0.0, np.sqrt(1 - np.exp(-2 * (independent - joint))))


def _maximal_correlation(p, outer) -> np.ndarray:
    """Root of the second largest eigenvalue of Haralick's Q, which rounding may have made negative: then 0.

    The tiny term keeps to PyRadiomics: beside the shares of rare grey levels it is not negligible (5e-6 of the result).
    """
    if p.shape[1] < 2:
        return np.ones(len(p))
    if np.isnan(p).any():
        return np.full(len(p), np.nan)
    q = (p / (outer + EPS)) @ p.transpose(0, 2, 1)
    return np.sqrt(np.clip(np.sort(np.linalg.eigvals(q).real, axis=1)[:, -2], 0, None))


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _of(patch: Patch) -> dict[str, float]:
    return glcm_features(patch.neighbourhood[0], patch.levels.present, patch.profile.symmetric_glcm)


FAMILY = Family("glcm", LEVELS, _of, TABLE, ibsi="{tag}_{place}_avg", pyradiomics=True)
