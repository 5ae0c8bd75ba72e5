"""Measures of discrimination with their intervals."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def auc(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of each row of ``scores`` (R, n) for labels ``y`` (n,), by the Mann-Whitney statistic."""
    positives = int(y.sum())
    negatives = len(y) - positives
    ranks = rankdata(scores, axis=-1)
    return (ranks[..., y == 1].sum(axis=-1) - positives * (positives + 1) / 2) / (positives * negatives)


def mean_auc(scores: np.ndarray, y: np.ndarray, seed: int, resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Mean AUC over the repeats (rows of ``scores``, shape (R, n)) and its 95 % interval over patients.

    The interval resamples patients within each class (stratified percentile bootstrap).
    """
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(y == label) for label in (0, 1)]
    values = np.empty(resamples)
    for i in range(resamples):
        sample = np.concatenate([rng.choice(members, len(members)) for members in classes])
        values[i] = auc(scores[:, sample], y[sample]).mean()
    low, high = np.quantile(values, [0.025, 0.975])
    return float(auc(scores, y).mean()), (float(low), float(high))
