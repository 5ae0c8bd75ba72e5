"""Class-conditional conformal sets: which of the classes cannot be ruled out for this patient.

For each class, patients of that class with known truth show how low the probability of their class may be. A class stays in the
set while its probability is not worse than that of all but a share ``alpha`` of its own patients. So each class is missed in
about ``alpha`` of its patients, also the rare one. The scores come from models that did not see the patient (cross-conformal; the
guarantee is approximate). Source: Vovk, Cross-conformal predictors, Ann Math Artif Intell 2015;74:9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

ALPHAS = (0.05, 0.1, 0.2)
ALPHA = 0.1
CONFORMAL = f"class-conditional conformal set that misses about {ALPHA:.0%} of each class"


def thresholds(probabilities: np.ndarray, y: np.ndarray) -> dict[str, list[float]]:
    """Per ``alpha`` the lowest probability of each class that still counts, from out-of-fold probabilities (n, classes) and
    labels (n,); 0 if a class has too few patients for that ``alpha``."""
    found = {}
    for alpha in ALPHAS:
        lowest = []
        for label in range(probabilities.shape[1]):
            own = np.sort(probabilities[y == label, label])
            rank = int(np.floor(alpha * (len(own) + 1)))  # so many of the class's own patients may lie below
            lowest.append(float(own[rank - 1]) if rank >= 1 else 0.0)
        found[str(alpha)] = lowest
    return found


def possible(
    probabilities: Sequence[float] | np.ndarray, stored: Mapping[str, list[float]], alpha: float = ALPHA
) -> tuple[bool, ...]:
    """Which classes cannot be ruled out."""
    return tuple(bool(p >= least) for p, least in zip(probabilities, stored[str(alpha)], strict=True))


def verdict(probability: float, stored: Mapping[str, list[float]], alpha: float = ALPHA) -> str:
    """``likely`` (only the positive class cannot be ruled out), ``unlikely`` (only the negative), else ``uncertain``."""
    negative, positive = possible((1 - probability, probability), stored, alpha)
    return {(False, True): "likely", (True, False): "unlikely"}.get((negative, positive), "uncertain")
