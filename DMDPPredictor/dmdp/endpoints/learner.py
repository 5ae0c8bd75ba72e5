"""What an endpoint requires of the sub-model of an ensemble that answers it."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Learner(Protocol):
    """What was fitted to the inputs of patients, of whom it is asked in rows (n, p)."""

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """The log-odds (n,) of rows (n, p)."""

    def resampled(self, rows: np.ndarray) -> np.ndarray:
        """The log-odds (B, n) of rows (n, p) by B resamples of the fit."""


class CumulativeLearner(Learner, Protocol):
    """A learner of K ordered classes; its ``resampled(rows)`` is (B, n, K − 1), as :meth:`above` by B resamples of the fit."""

    def above(self, rows: np.ndarray) -> np.ndarray:
        """The log-odds (n, K − 1) of lying above each cut, of rows (n, p)."""
