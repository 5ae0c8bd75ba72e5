"""LASSO: the second step for CT (Jiang et al. 2026, DMDP: features with non-zero coefficients are kept)."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import l1_min_c
from sklearn.utils.validation import check_is_fitted, validate_data

PATH = np.logspace(0, 1.6, 9)  # multiples of the smallest C at which a coefficient leaves zero


class LassoSelector(SelectorMixin, BaseEstimator):
    """L1-penalised logistic regression; the penalty is the strongest within one standard error of the best log-loss.

    Inputs must be standardised. The penalty is found by cross-validation over ``folds`` of the given rows. Never keeps
    nothing: if that would be best, the ``at_least`` features that enter the path first are kept.

    Source of the one-standard-error rule: Hastie, Tibshirani, Friedman, Elements of Statistical Learning, 7.10.
    """

    def __init__(self, folds: int = 5, at_least: int = 1, random_state: int = 0):
        self.folds = folds
        self.at_least = at_least
        self.random_state = random_state

    def fit(self, X, y):  # noqa: N803
        """Choose from ``X`` (n, p), standardised, for labels ``y`` (n,) 0/1."""
        X, y = validate_data(self, X, y)  # noqa: N806
        costs = l1_min_c(X, y, loss="log", fit_intercept=True) * PATH
        splits = StratifiedKFold(self.folds, shuffle=True, random_state=self.random_state).split(X, y)
        losses = np.array([self._losses(X, y, costs, train, test) for train, test in splits])
        mean, error = losses.mean(axis=0), losses.std(axis=0, ddof=1) / np.sqrt(self.folds)
        best = int(mean.argmin())
        self.cost_ = float(costs[np.flatnonzero(mean <= mean[best] + error[best])[0]])
        self.coefficients_ = self._model(self.cost_).fit(X, y).coef_[0]
        self.support_ = self.coefficients_ != 0
        for cost in costs:
            if self.support_.sum() >= min(self.at_least, X.shape[1]):
                break
            size = np.abs(self._model(cost).fit(X, y).coef_[0])
            self.support_ |= np.isin(np.arange(len(size)), np.argsort(-size)[: self.at_least]) & (size > 0)
        if not self.support_.any():  # nothing varies with the label at all
            self.support_[0] = True
        return self

    def _model(self, cost: float) -> LogisticRegression:
        return LogisticRegression(
            C=cost, l1_ratio=1.0, solver="liblinear", class_weight="balanced", random_state=self.random_state
        )

    def _losses(self, X, y, costs, train, test) -> list[float]:  # noqa: N803
        models = (self._model(cost).fit(X[train], y[train]) for cost in costs)
        balance = np.where(y[test] == 1, 0.5 / max(y[test].mean(), 1e-9), 0.5 / max(1 - y[test].mean(), 1e-9))
        return [log_loss(y[test], model.predict_proba(X[test])[:, 1], sample_weight=balance, labels=[0, 1]) for model in models]

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self.support_
