"""Proportional odds regression for ordered classes, and the calibration of a score that orders them.

The log-odds of lying above cut k are a score minus cut k (McCullagh, J R Stat Soc B 1980;42:109). scikit-learn has no such model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.base import BaseEstimator

from .platt import FLAT, spread

LEAST = 1e-12


@dataclass(frozen=True)
class Cuts:
    """The calibration of a score: the log-odds above cut k are ``slope`` · score − ``cuts`` [k]."""

    slope: float
    cuts: tuple[float, ...]

    def __call__(self, score: np.ndarray) -> np.ndarray:
        """The calibrated score, of the same shape."""
        return self.slope * score

    def above(self, score: np.ndarray) -> np.ndarray:
        """The log-odds (…, K − 1) of lying above each cut."""
        return self(score)[..., None] - np.array(self.cuts)


def fit(x: np.ndarray, share: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights (p,) and rising cuts (K − 1,) for inputs ``x`` (n, p) on comparable scales; ``share`` (n, K) says how much a
    patient counts as one of each class.

    They maximise the log-likelihood minus ``penalty`` / 2 times the squared weights; the cuts are free.
    """
    p, total = x.shape[1], share.sum(axis=0)
    start = -logit(np.clip(1 - np.cumsum(total)[:-1] / total.sum(), 1e-3, 1 - 1e-3))
    gaps = np.log(np.maximum(np.diff(start), 1e-3))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights, cuts = parameters[:p], _cuts(parameters[p:])
        above = expit((x @ weights)[:, None] - cuts)
        slope = above * (1 - above)
        one, zero = np.ones((len(x), 1)), np.zeros((len(x), 1))
        probability = np.clip(np.hstack([one, above]) - np.hstack([above, zero]), LEAST, None)
        ratio = share / probability
        of_score = -(ratio * (np.hstack([zero, slope]) - np.hstack([slope, zero]))).sum(axis=1)
        of_cuts = ((ratio[:, 1:] - ratio[:, :-1]) * slope).sum(axis=0)
        later = np.cumsum(of_cuts[::-1])[::-1]  # a gap moves every cut after it
        gradient = np.concatenate([x.T @ of_score + penalty * weights, later[:1], later[1:] * np.exp(parameters[p + 1 :])])
        return float(-(share * np.log(probability)).sum() + penalty / 2 * weights @ weights), gradient

    found = minimize(loss, np.concatenate([np.zeros(p), start[:1], gaps]), jac=True, method="BFGS", options={"gtol": 1e-6})
    return found.x[:p], _cuts(found.x[p:])


def _cuts(parameters: np.ndarray) -> np.ndarray:
    return parameters[0] + np.concatenate([[0.0], np.cumsum(np.exp(parameters[1:]))])


def calibration(scores: np.ndarray, y: np.ndarray, classes: int) -> Cuts:
    """The calibration of out-of-fold scores (repeats, n) for classes ``y`` (n,); all repeats are fitted together.

    The targets are Platt's, for several classes: of n patients of a class each counts as (n + 1)/(n + K) of it and 1/(n + K) of
    every other (Platt, Advances in Large Margin Classifiers, 2000, 61), so that the slope stays finite if the classes do not
    overlap. A score that points the wrong way is made flat."""
    counts = np.bincount(y, minlength=classes)
    share = np.where(np.arange(classes) == y[:, None], counts[y][:, None] + 1, 1) / (counts[y][:, None] + classes)
    x = np.asarray(scores, float).reshape(-1, 1)
    width = spread(x)
    weights, cuts = fit((x - x.mean()) / width, np.tile(share, (len(scores), 1)), 0.0)
    slope = float(weights[0]) / width
    if slope > FLAT:
        return Cuts(slope, tuple((cuts + slope * x.mean()).tolist()))
    above = np.clip([(y > cut).mean() for cut in range(classes - 1)], 1e-3, 1 - 1e-3)
    return Cuts(FLAT, tuple((FLAT * x.mean() - logit(above)).tolist()))


class ProportionalOddsRegression(BaseEstimator):
    """L2-penalised proportional odds regression on standardised inputs; ``C`` as in scikit-learn's logistic regression.

    After ``fit``: ``coef_`` (p,) and ``cuts_`` (K − 1,).
    """

    def __init__(self, C: float = 1.0):  # noqa: N803
        self.C = C

    def fit(self, X, y):  # noqa: N803
        """Fit on ``X`` (n, p) and classes ``y`` (n,), 0 to K − 1."""
        self.coef_, self.cuts_ = fit(np.asarray(X, float), np.eye(int(np.max(y)) + 1)[np.asarray(y)], 1.0 / self.C)
        return self

    def decision_function(self, X) -> np.ndarray:  # noqa: N803
        """The score (n,)."""
        return np.asarray(X, float) @ self.coef_
