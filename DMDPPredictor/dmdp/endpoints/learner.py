"""What an endpoint requires of the sub-model of an ensemble that answers it."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Learner(Protocol):
    """``log_odds(rows)`` (n,) for rows (n, p); ``resampled(rows)`` (B, n) for B resamples of the fit."""

    def log_odds(self, rows: np.ndarray) -> np.ndarray: ...

    def resampled(self, rows: np.ndarray) -> np.ndarray: ...


class CumulativeLearner(Learner, Protocol):
    """A learner of ordered classes: ``above(rows)`` (n, K − 1) are the log-odds of lying above each cut, ``resampled(rows)``
    (B, n, K − 1) the same for B resamples of the fit."""

    def above(self, rows: np.ndarray) -> np.ndarray: ...
