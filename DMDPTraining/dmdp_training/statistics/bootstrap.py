"""Stratified bootstrap over patients of the mean over repeats, all resamples at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEVEL = (0.025, 0.975)


@dataclass(frozen=True)
class Value:
    """A figure with its 95 % interval."""

    value: float
    interval: tuple[float, float]


def weights(y: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """How often each patient stands in each resample, (resamples, n) float; patients are drawn within their class."""
    rng = np.random.default_rng(seed)
    found = np.zeros((resamples, len(y)))
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        found[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=resamples)
    return found


def ranked_areas(score: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted AUC and average precision of one score (n,) for each row of weights ``w`` (B, n); ties are one threshold."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # last patient of every group of equal scores
    hits = np.cumsum(w[:, order] * (y[order] == 1), axis=1)[:, last]
    misses = np.cumsum(w[:, order] * (y[order] == 0), axis=1)[:, last]
    new_hits, new_misses = np.diff(hits, axis=1, prepend=0.0), np.diff(misses, axis=1, prepend=0.0)
    auc = ((hits - new_hits / 2) * new_misses).sum(axis=1) / (hits[:, -1] * misses[:, -1])
    precision = hits / np.maximum(hits + misses, 1e-12)
    return auc, (precision * new_hits).sum(axis=1) / hits[:, -1]


def interval_of(statistic: Callable[[np.ndarray], np.ndarray], w: np.ndarray) -> Value:
    """``statistic(w)`` → (B,) on the cohort as it is and on the resamples ``w`` (B, n): value and percentile interval."""
    value = float(statistic(np.ones((1, w.shape[1])))[0])
    drawn = statistic(w)
    drawn = drawn[np.isfinite(drawn)]  # a ratio may be undefined, for instance precision if nobody is called positive
    low, high = np.quantile(drawn, LEVEL) if len(drawn) else (np.nan, np.nan)
    return Value(value, (float(low), float(high)))
