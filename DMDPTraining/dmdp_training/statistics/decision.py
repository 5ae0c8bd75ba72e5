"""Decision curves: the net benefit of acting on the probability (Vickers and Elkin, Med Decis Making 2006;26:565)."""

from __future__ import annotations

import numpy as np

THRESHOLDS = np.round(np.arange(0.05, 0.601, 0.01), 2)


def net_benefit(probability: np.ndarray, y: np.ndarray, thresholds: np.ndarray = THRESHOLDS) -> np.ndarray:
    """Net benefit (T,) of calling positive at ``thresholds`` (T,), mean over the repeats of ``probability`` (R, n).

    True positives per patient less false positives per patient, weighted by the odds of the threshold.
    """
    calls = np.atleast_2d(probability)[None] >= thresholds[:, None, None]
    hits, false = (calls & (y == 1)).mean(axis=(1, 2)), (calls & (y == 0)).mean(axis=(1, 2))
    return hits - false * thresholds / (1 - thresholds)


def treat_all(y: np.ndarray, thresholds: np.ndarray = THRESHOLDS) -> np.ndarray:
    """Net benefit (T,) of calling everyone positive."""
    return y.mean() - (1 - y.mean()) * thresholds / (1 - thresholds)
