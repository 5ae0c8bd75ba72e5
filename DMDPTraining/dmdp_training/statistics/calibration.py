"""Calibration of probabilities: slope, intercept, Brier score and the curve.

Van Calster et al., BMC Med 2019;17:230. Intervals are sandwich intervals over patients; for several repeats the influence of
each patient is averaged over the repeats, as for DeLong's areas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import binomtest, norm
from sklearn.linear_model import LogisticRegression

from .bootstrap import Value

EDGE = 1e-6


@dataclass(frozen=True)
class Calibration:
    """``slope`` of the outcome on the log-odds (1 is right, below 1 too extreme), ``intercept`` in the large (slope fixed
    at 1; 0 is right, below 0 too high on average)."""

    slope: Value
    intercept: Value


@dataclass(frozen=True)
class CurvePoint:
    """Patients of one bin: mean predicted probability, observed share with its 95 % Wilson interval, and their number."""

    predicted: float
    observed: float
    interval: tuple[float, float]
    n: int


def calibration(probability: np.ndarray, y: np.ndarray) -> Calibration:
    """Slope and intercept of the probabilities (R, n) or (n,), averaged over the repeats (rows)."""
    rows = logit(np.clip(np.atleast_2d(probability), EDGE, 1 - EDGE))
    slopes, slope_influence = zip(*(_slope(row, y) for row in rows), strict=True)
    intercepts, intercept_influence = zip(*(_intercept(row, y) for row in rows), strict=True)
    return Calibration(_mean(slopes, slope_influence), _mean(intercepts, intercept_influence))


def _mean(values: tuple[float, ...], influence: tuple[np.ndarray, ...]) -> Value:
    value = float(np.mean(values))
    error = float(np.sqrt((np.mean(influence, axis=0) ** 2).sum()))
    low, high = value + norm.ppf([0.025, 0.975]) * error
    return Value(value, (float(low), float(high)))


def _slope(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Slope of y on log-odds x (n,), and each patient's influence on it (n,)."""
    fit = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(x[:, None], y)
    design = np.column_stack([np.ones_like(x), x])
    p = expit(fit.intercept_[0] + fit.coef_[0, 0] * x)
    inverse = np.linalg.pinv((design * (p * (1 - p))[:, None]).T @ design)
    return float(fit.coef_[0, 0]), ((y - p)[:, None] * design @ inverse)[:, 1]


def _intercept(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Intercept of y with the log-odds x (n,) as offset (Newton), and each patient's influence on it (n,)."""
    a = 0.0
    for _ in range(50):
        p = expit(a + x)
        step = float((y - p).sum() / max((p * (1 - p)).sum(), EDGE))
        a += np.clip(step, -2, 2)
        if abs(step) < 1e-10:
            break
    p = expit(a + x)
    return float(a), (y - p) / max((p * (1 - p)).sum(), EDGE)


def brier(probability: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Brier score per row of patient weights ``w`` (B, n), mean over the repeats of ``probability`` (R, n)."""
    return w @ ((np.atleast_2d(probability) - y) ** 2).mean(axis=0) / w.sum(axis=1)


def curve(probability: np.ndarray, y: np.ndarray, bins: int = 6) -> list[CurvePoint]:
    """Observed against predicted in ``bins`` groups of equal size of the probabilities (R, n) or (n,).

    All repeats are pooled; number and interval are those of the patients, not of the repeats.
    """
    rows = np.atleast_2d(probability)
    p, outcome, points = rows.ravel(), np.tile(y, len(rows)), []
    for members in np.array_split(np.argsort(p, kind="stable"), bins):
        n = max(1, round(len(members) / len(rows)))
        share = float(outcome[members].mean())
        found = binomtest(round(share * n), n).proportion_ci(method="wilson")
        points.append(CurvePoint(float(p[members].mean()), share, (min(found.low, share), max(found.high, share)), n))
    return points
