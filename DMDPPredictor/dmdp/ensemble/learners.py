"""The functions that sub-models compute: calibrated log-odds of a row of inputs, and those of the resampled fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..endpoints.learner import Learner
from .forest import Forest

FORESTS = ("RF", "EXT")
EDGE = 1e-3  # base probabilities are held between this and 1 − this: a unanimous forest would have infinite log-odds


@dataclass(frozen=True, eq=False)
class Regression:
    """Logistic regression with its calibration folded in: ``weights`` (1+p,) and ``bootstrap`` (B, 1+p), intercept first."""

    weights: np.ndarray
    bootstrap: np.ndarray

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        return self.weights[0] + rows @ self.weights[1:]

    def resampled(self, rows: np.ndarray) -> np.ndarray:
        return self.bootstrap[:, :1] + self.bootstrap[:, 1:] @ rows.T


@dataclass(frozen=True, eq=False)
class Stack:
    """Logistic regression on the log-odds of three base learners, as in Jiang et al. 2026 (DMDP).

    ``linear`` (1+p,) is the base regression, ``forests`` random forest and extra trees; ``second`` (1+3,) and
    ``bootstrap`` (B, 1+3) the second layer, which also calibrates.
    """

    linear: np.ndarray
    forests: tuple[Forest, ...]
    second: np.ndarray
    bootstrap: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds of the base learners, (n, 3): LR, RF, EXT."""
        linear = 1.0 / (1.0 + np.exp(-(self.linear[0] + rows @ self.linear[1:])))
        base = np.column_stack([linear, *(forest.probability(rows) for forest in self.forests)])
        base = np.clip(base, EDGE, 1 - EDGE)
        return np.log(base / (1 - base))

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        return self.second[0] + self.scores(rows) @ self.second[1:]

    def resampled(self, rows: np.ndarray) -> np.ndarray:
        return self.bootstrap[:, :1] + self.bootstrap[:, 1:] @ self.scores(rows).T


@dataclass(frozen=True, eq=False)
class ProportionalOdds:
    """Ordinal regression with its calibration folded in: the log-odds above each cut are a score minus that cut.

    ``weights`` (p,), ``cuts`` (K − 1,) in rising order, ``bootstrap`` (B, p + K − 1) with the weights first.
    """

    weights: np.ndarray
    cuts: np.ndarray
    bootstrap: np.ndarray

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """The score (n,), whose differences are those of the log-odds above any cut."""
        return rows @ self.weights

    def above(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds (n, K − 1) of lying above each cut."""
        return self.log_odds(rows)[:, None] - self.cuts

    def resampled(self, rows: np.ndarray) -> np.ndarray:
        """The same (B, n, K − 1) for B resamples of the fit."""
        p = len(self.weights)
        return (self.bootstrap[:, :p] @ rows.T)[:, :, None] - self.bootstrap[:, None, p:]


def from_tensors(kind: str, tensors: Mapping[str, np.ndarray], name: str, inputs: int) -> Learner:
    """The learner ``name`` of a bundle. Raises ``KeyError`` or ``ValueError`` if its tensors are missing or misshapen."""
    if kind == "regression":
        learner = Regression(_rows(tensors[f"{name}.weights"], 1 + inputs), tensors[f"{name}.bootstrap"])
        _rows(learner.bootstrap, 1 + inputs)
        return learner
    if kind == "proportional_odds":
        weights, cuts = _rows(tensors[f"{name}.weights"], inputs), tensors[f"{name}.cuts"]
        if cuts.ndim != 1 or not (np.diff(cuts) > 0).all():
            raise ValueError(f"the cuts of '{name}' do not rise")
        return ProportionalOdds(weights, cuts, _rows(tensors[f"{name}.bootstrap"], inputs + len(cuts)))
    if kind != "stack":
        raise ValueError(f"'{name}' is a '{kind}', which is no learner of this version")
    forests = tuple(Forest.from_tensors(tensors, f"{name}.{forest}", inputs) for forest in FORESTS)
    width = 2 + len(forests)
    linear = _rows(tensors[f"{name}.linear"], 1 + inputs)
    return Stack(linear, forests, _rows(tensors[f"{name}.second"], width), _rows(tensors[f"{name}.bootstrap"], width))


def _rows(array: np.ndarray, width: int) -> np.ndarray:
    if array.shape[-1] != width or not np.isfinite(array).all():
        raise ValueError(f"an array of shape {array.shape} where {width} finite columns were expected")
    return array
