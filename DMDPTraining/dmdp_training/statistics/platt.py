"""Platt's calibration of log-odds: of out-of-fold scores, and with targets that keep the slope finite if the classes do not
overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

FLAT = 1e-6  # slope for a score that points the wrong way out of fold: it keeps its order and says the prevalence
ALIKE = 1e-6  # a relative deviation below which values differ by rounding only


@dataclass(frozen=True)
class Platt:
    """Log-odds → calibrated log-odds: ``slope`` · x + ``intercept``."""

    slope: float
    intercept: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.slope * x + self.intercept


def platt(scores: np.ndarray, y: np.ndarray) -> Platt:
    """Platt's calibration of out-of-fold log-odds (n,).

    A score that points the wrong way is not turned round, since that would be learning from noise: it is made flat.
    """
    fit = LogisticRegression(C=np.inf).fit(scores[:, None], y)
    slope = float(fit.coef_[0, 0])
    if slope > FLAT:
        return Platt(slope, float(fit.intercept_[0]))
    return Platt(FLAT, float(np.log(y.mean() / (1 - y.mean())) - FLAT * scores.mean()))


def smoothed_platt(logits: np.ndarray, y: np.ndarray) -> Platt:
    """Platt's calibration of log-odds (repeats, N) for labels ``y`` (N,) 0/1; all repeats are fitted together, since what is used
    later is one ensemble and not the mean of several.

    The targets are (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2) (Platt, Advances in Large Margin Classifiers, 2000, 61). A score that points
    the wrong way is made flat, as :func:`platt` does.
    """
    positive, negative = int(y.sum()), int((1 - y).sum())
    targets = np.tile(np.where(y == 1, (positive + 1) / (positive + 2), 1 / (negative + 2)), len(logits))
    x = np.asarray(logits, float).reshape(-1, 1)
    width = spread(x)  # the solver's tolerance is absolute
    both, classes = np.concatenate([x, x]) / width, np.repeat([1, 0], len(x))
    fit = LogisticRegression(C=np.inf).fit(both, classes, sample_weight=np.concatenate([targets, 1 - targets]))
    slope = float(fit.coef_[0, 0]) / width
    if slope > FLAT:
        return Platt(slope, float(fit.intercept_[0]))
    return Platt(FLAT, float(np.log(positive / negative) - FLAT * x.mean()))


def spread(column: np.ndarray) -> float:
    """The standard deviation of some values, 1 if they are all alike but for rounding."""
    deviation = float(np.std(column))
    return deviation if deviation > ALIKE * max(abs(float(np.mean(column))), 1.0) else 1.0
