"""The probability for a place where the positive class is more or less common than among the training patients."""

from __future__ import annotations

import numpy as np


def at_prevalence(probability: float, trained: float, local: float) -> float:
    """``probability`` moved from a training prevalence to a local one (both in (0, 1)), by Bayes' rule on the odds.

    Label shift: it assumes that patients of each class look alike in both places. It changes what is displayed, nothing else.
    Source: Saerens et al., Neural Comput 2002;14:21, equation 2.4.
    """
    log_odds = _logit(probability) + _logit(local) - _logit(trained)
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def _logit(p: float) -> float:
    return float(np.log(p / (1.0 - p)))
