"""Areas under ROC curves by DeLong's method, for one or several repeats of out-of-fold scores.

DeLong, DeLong, Clarke-Pearson, Biometrics 1988;44:837. Written here because the mean over repeats of one cohort is needed: its
variance comes from the structural components averaged over the repeats, which no maintained package offers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, norm, rankdata


@dataclass(frozen=True)
class Auc:
    """An area with its standard error and 95 % interval (normal, clipped to 0…1; exact if the error is 0 or unknown)."""

    value: float
    error: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """The paired difference of two areas with its 95 % interval and two-sided ``p``."""

    value: float
    interval: tuple[float, float]
    p: float


def components(scores: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Structural components of the mean AUC over the repeats (rows) of ``scores`` (R, n).

    Returns V10 (positives,), the share of negatives below each positive, and V01 (negatives,), the share of positives
    above each negative; ties count half.
    """
    scores = np.atleast_2d(scores)
    positive, negative = scores[:, y == 1], scores[:, y == 0]
    m, n = positive.shape[1], negative.shape[1]
    ranks = rankdata(np.hstack([positive, negative]), axis=1)
    v10 = (ranks[:, :m] - rankdata(positive, axis=1)) / n
    v01 = 1 - (ranks[:, m:] - rankdata(negative, axis=1)) / m
    return v10.mean(axis=0), v01.mean(axis=0)


def delong(scores: np.ndarray, y: np.ndarray) -> Auc:
    """Mean AUC of the repeats ``scores`` (R, n) or (n,) for labels ``y`` (n,) 0/1; the interval is over patients.

    If the components do not vary (a perfect ranking, a single patient of a class), their variance underestimates chance; the
    interval is then :func:`of_pairs`.
    """
    v10, v01 = components(scores, y)
    value = float(v10.mean())
    pairs = min(len(v10), len(v01))
    error = float(np.sqrt(v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01))) if pairs > 1 else float("nan")
    if not error > 0:
        return Auc(value, error, of_pairs(value, pairs))
    low, high = value + norm.ppf([0.025, 0.975]) * error
    return Auc(value, error, (max(float(low), 0.0), min(float(high), 1.0)))


def of_pairs(value: float, pairs: int) -> tuple[float, float]:
    """A conservative 95 % interval of an area from ``pairs`` patients of the rarer class.

    Each of them is paired with one other patient of the other class: independent pairs, of which the share ``value`` is ordered
    rightly. The interval is that of a binomial share (Clopper and Pearson, Biometrika 1934;26:404); for a perfect ranking its
    lower end is 0.025^(1/pairs).
    """
    right, wrong = pairs * value, pairs * (1 - value)
    low = beta.ppf(0.025, right, wrong + 1) if right else 0.0
    high = beta.ppf(0.975, right + 1, wrong) if wrong else 1.0
    return float(low), float(high)


def compare(a: np.ndarray, b: np.ndarray, y: np.ndarray) -> Difference:
    """AUC of ``a`` minus AUC of ``b``, scores (R, n) of the same patients: DeLong's test for correlated curves."""
    (a10, a01), (b10, b01) = components(a, y), components(b, y)
    d10, d01 = a10 - b10, a01 - b01
    value = float(d10.mean())
    error = float(np.sqrt(d10.var(ddof=1) / len(d10) + d01.var(ddof=1) / len(d01)))
    if error == 0:
        return Difference(value, (value, value), 1.0 if value == 0 else 0.0)
    low, high = value + norm.ppf([0.025, 0.975]) * error
    return Difference(value, (float(low), float(high)), float(2 * norm.sf(abs(value) / error)))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment of p values (k,)."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
