"""How far each input moved the answer from that for a typical patient: exact Shapley values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import factorial

import numpy as np


def shapley(log_odds: Callable[[np.ndarray], np.ndarray], row: np.ndarray, typical: np.ndarray) -> np.ndarray:
    """Share of each input in ``log_odds(row) − log_odds(typical)``, (p,), in log-odds; they add up to it exactly.

    All 2ᵖ mixtures of ``row`` (p,) and ``typical`` (p,) are evaluated, so that forests and interactions count in full; for a
    linear model it is weight × difference. One reference patient stands for the training set, of which no row is kept.
    Source: Shapley 1953; Sundararajan and Najmi, The many Shapley values for model explanation, ICML 2020 (baseline Shapley).
    """
    p = len(row)
    taken = np.array(list(product((False, True), repeat=p)))
    values = log_odds(np.where(taken, row, typical))
    size = taken.sum(axis=1)
    weight = np.array([factorial(k) * factorial(p - k - 1) / factorial(p) if k < p else 0.0 for k in range(p + 1)])
    code = taken @ (1 << np.arange(p)[::-1])
    value_of = np.empty(2**p)
    value_of[code] = values
    shares = np.empty(p)
    for j in range(p):
        without = ~taken[:, j]
        gain = value_of[code[without] + (1 << (p - 1 - j))] - value_of[code[without]]
        shares[j] = (weight[size[without]] * gain).sum()
    return shares
