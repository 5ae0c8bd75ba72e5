"""Class-conditional conformal sets: which of the two classes cannot be ruled out for this patient.

For each class, the patients of that class with known truth say how badly the model may do on one of them. A class stays in
the set while its probability is not worse than that of all but a share ``alpha`` of its own patients. So each class is missed
in about ``alpha`` of its patients, also the rare one. The scores come from models that did not see the patient
(cross-conformal; the guarantee is approximate). Source: Vovk, Cross-conformal predictors, Ann Math Artif Intell 2015;74:9.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

ALPHAS = (0.05, 0.1, 0.2)
ALPHA = 0.1


def thresholds(probability: np.ndarray, y: np.ndarray) -> dict[str, list[float]]:
    """Per ``alpha`` the lowest probability of [negative, positive] that still counts, from out-of-fold probabilities (n,) of
    the positive class and labels (n,); 0 where a class has too few patients for that ``alpha``."""
    found = {}
    for alpha in ALPHAS:
        lowest = []
        for label in (0, 1):
            own = np.sort(probability[y == label] if label else 1 - probability[y == label])
            rank = int(np.floor(alpha * (len(own) + 1)))  # so many of the class's own patients may lie below
            lowest.append(float(own[rank - 1]) if rank >= 1 else 0.0)
        found[str(alpha)] = lowest
    return found


def verdict(probability: float, stored: Mapping[str, list[float]], alpha: float = ALPHA) -> str:
    """``likely`` (only the positive class cannot be ruled out), ``unlikely`` (only the negative), else ``uncertain``."""
    negative, positive = stored[str(alpha)]
    classes = (1 - probability >= negative, probability >= positive)
    return {(False, True): "likely", (True, False): "unlikely"}.get(classes, "uncertain")
