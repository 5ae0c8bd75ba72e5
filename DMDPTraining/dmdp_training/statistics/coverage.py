"""Whether the conformal sets reach their nominal coverage on patients whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dmdp.endpoints.conformal import ALPHA, thresholds, verdict
from scipy.stats import binomtest
from sklearn.model_selection import StratifiedKFold

FOLDS = 5


@dataclass(frozen=True)
class Coverage:
    """``kept`` of ``n`` patients of one class whose class stayed in their set, with the exact 95 % binomial interval."""

    label: int
    kept: int
    n: int
    interval: tuple[float, float]

    @property
    def value(self) -> float:
        """Share of the class that is kept; nominally 1 − alpha."""
        return self.kept / self.n


def coverage(
    probability: np.ndarray, y: np.ndarray, alpha: float = ALPHA, seed: int = 0
) -> tuple[tuple[Coverage, Coverage], float]:
    """Coverage of the negative and the positive class, and the share of patients who are told *uncertain*.

    ``probability`` (n,) out-of-fold probabilities of the positive class, ``y`` (n,) 0/1. The thresholds that judge a patient
    come from the other four fifths, as those of a bundle come from its training patients. The interval is Clopper and
    Pearson's.
    """
    kept, uncertain = np.zeros(len(y), bool), np.zeros(len(y), bool)
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(probability[:, None], y):
        stored = thresholds(np.column_stack([1 - probability[train], probability[train]]), y[train])
        negative, positive = stored[str(alpha)]
        kept[test] = np.where(y[test] == 1, probability[test] >= positive, 1 - probability[test] >= negative)
        uncertain[test] = [verdict(p, stored, alpha) == "uncertain" for p in probability[test]]
    found = []
    for label in (0, 1):
        k, n = int(kept[y == label].sum()), int((y == label).sum())
        interval = binomtest(k, n).proportion_ci(0.95, method="exact")
        found.append(Coverage(label, k, n, (float(interval.low), float(interval.high))))
    return (found[0], found[1]), float(uncertain.mean())
