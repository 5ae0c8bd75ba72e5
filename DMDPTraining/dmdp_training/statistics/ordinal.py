"""How well ordered classes are told: the c-index of a score, and Cohen's kappa with quadratic weights of a call."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from .bootstrap import Value, interval_of, weights
from .metrics import auc


def concordance(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The c-index of each row of ``scores`` (R, n) for classes ``y`` (n,): of two patients of different classes, how often the
    one of the higher class has the higher score (ties count half). With two classes it is the AUC.

    Source: Harrell et al., JAMA 1982;247:2543; for ordered classes Waegeman et al., Pattern Recognit Lett 2008;29:1.
    """
    ordered, pairs = 0.0, 0
    for low, high in combinations(np.unique(y), 2):
        both = np.isin(y, (low, high))
        count = int((y == low).sum() * (y == high).sum())
        ordered, pairs = ordered + count * auc(scores[:, both], (y[both] == high).astype(int)), pairs + count
    return ordered / pairs


def mean_concordance(scores: np.ndarray, y: np.ndarray, seed: int, resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Mean c-index over the repeats (rows of ``scores``) and its 95 % interval over patients, resampled within their class."""
    rng, classes = np.random.default_rng(seed), [np.flatnonzero(y == label) for label in np.unique(y)]
    samples = (np.concatenate([rng.choice(members, len(members)) for members in classes]) for _ in range(resamples))
    values = [concordance(scores[:, sample], y[sample]).mean() for sample in samples]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(concordance(scores, y).mean()), (float(low), float(high))


def quadratic_kappa(called: np.ndarray, y: np.ndarray, classes: int, seed: int, resamples: int = 1000) -> Value:
    """Cohen's kappa with quadratic weights of the classes ``called`` (n,) for ``y`` (n,), with its 95 % interval over patients.

    Source: Cohen, Psychol Bull 1968;70:213.
    """
    far = (np.arange(classes)[:, None] - np.arange(classes)) ** 2.0

    def kappa(w: np.ndarray) -> np.ndarray:
        table = np.stack([np.bincount(y * classes + called, row, classes**2) for row in w]).reshape(-1, classes, classes)
        expected = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :] / table.sum(axis=(1, 2))[:, None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1 - (far * table).sum(axis=(1, 2)) / (far * expected).sum(axis=(1, 2))

    return interval_of(kappa, weights(y, resamples, seed))
