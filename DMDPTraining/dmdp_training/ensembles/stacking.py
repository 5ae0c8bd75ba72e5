"""The two-layer stack of Jiang et al. 2026 (DMDP): LR, RF and extra trees, with logistic regression on their scores.

One estimator that fits everything on the rows it is given: features, grid search, second layer and calibration. Inner folds
refit the feature selection too, so that neither tuning, nor the second layer, nor calibration sees a row twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dmdp.ensemble.learners import EDGE
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ParameterGrid, StratifiedKFold
from sklearn.utils.validation import check_is_fitted

from ..statistics.classification import youden
from ..statistics.platt import platt
from .learners import Learner

STACK = "Stacking"


class StackedEnsemble(ClassifierMixin, BaseEstimator):
    """Feature pipeline, tuned base learners, and a logistic second layer on their inner out-of-fold log-odds.

    Parameters
    ----------
    features: unfitted transformer pipeline, refitted in every inner fold
    learners: the base learners
    folds: inner folds
    random_state: seed of the inner folds

    After ``fit``: ``inner_scores_`` (n, learners) out-of-fold log-odds, ``features_``, ``models_`` and ``calibrators_`` per
    learner, ``best_`` grid points, ``second_layer_``, ``inner_auc_``, ``thresholds_`` (Youden on
    calibrated inner out-of-fold probabilities).
    """

    def __init__(self, features: Any = None, learners: Sequence[Learner] = (), folds: int = 5, random_state: int = 0):
        self.features = features
        self.learners = learners
        self.folds = folds
        self.random_state = random_state

    @property
    def names(self) -> tuple[str, ...]:
        """The models that :meth:`all_probabilities` returns, in order."""
        return (*(learner.name for learner in self.learners), STACK)

    def fit(self, X, y):  # noqa: N803
        """Fit on ``X`` (n, p), NaN if unknown, and ``y`` (n,) 0/1."""
        X, y = np.asarray(X, float), np.asarray(y)  # noqa: N806
        self.classes_ = np.array([0, 1])
        inner = self._out_of_fold(X, y)
        self.best_, self.calibrators_, self.inner_auc_ = {}, {}, {}
        scores = np.empty((len(y), len(self.learners)))
        for column, learner in enumerate(self.learners):
            points = inner[learner.name]
            value, best = max(((roc_auc_score(y, s), -i) for i, (_, s) in enumerate(points)))
            self.best_[learner.name], scores[:, column] = points[-best]
            self.inner_auc_[learner.name] = float(value)
            self.calibrators_[learner.name] = platt(scores[:, column], y)
        # no class weights here: the second layer restores the natural prevalence, that is, it calibrates
        self.second_layer_ = LogisticRegression(C=1.0).fit(scores, y)
        self.inner_scores_ = scores
        self.features_ = clone(self.features).fit(X, y)
        prepared = self.features_.transform(X)
        self.models_ = {
            learner.name: clone(learner.estimator).set_params(**self.best_[learner.name]).fit(prepared, y)
            for learner in self.learners
        }
        found = self._calibrated(scores)
        self.thresholds_ = {name: youden(found[:, i], y) for i, name in enumerate(self.names)}
        return self

    def decision_function(self, X) -> np.ndarray:  # noqa: N803
        """Calibrated log-odds of class 1 by the stack, (n,)."""
        return logit(self.all_probabilities(X)[:, -1])

    def predict_proba(self, X) -> np.ndarray:  # noqa: N803
        """Calibrated probability of both classes by the stack, (n, 2)."""
        positive = self.all_probabilities(X)[:, -1]
        return np.column_stack([1 - positive, positive])

    def predict(self, X) -> np.ndarray:  # noqa: N803
        """1 if the stack's probability reaches its threshold, (n,)."""
        return (self.predict_proba(X)[:, 1] >= self.thresholds_[STACK]).astype(int)

    def all_probabilities(self, X) -> np.ndarray:  # noqa: N803
        """Calibrated probability of class 1 by each of :attr:`names`, (n, learners + 1)."""
        check_is_fitted(self)
        prepared = self.features_.transform(np.asarray(X, float))
        return self._calibrated(np.column_stack([_log_odds(self.models_[m.name], prepared) for m in self.learners]))

    def _calibrated(self, scores: np.ndarray) -> np.ndarray:
        columns = [self.calibrators_[m.name](scores[:, i]) for i, m in enumerate(self.learners)]
        return expit(np.column_stack([*columns, self.second_layer_.decision_function(scores)]))

    def _out_of_fold(self, X, y) -> dict[str, list[tuple[dict[str, Any], np.ndarray]]]:  # noqa: N803
        """Per learner, each grid point with the log-odds (n,) of every row from models that did not see it."""
        found = {
            m.name: [(point, np.empty(len(y))) for point in (ParameterGrid(m.grid) if m.grid else [{}])] for m in self.learners
        }
        folds = StratifiedKFold(self.folds, shuffle=True, random_state=self.random_state)
        for train, test in folds.split(X, y):
            features = clone(self.features).fit(X[train], y[train])
            seen, unseen = features.transform(X[train]), features.transform(X[test])
            for learner in self.learners:
                for point, scores in found[learner.name]:
                    model = clone(learner.estimator).set_params(**point).fit(seen, y[train])
                    scores[test] = _log_odds(model, unseen)
        return found


def _log_odds(model: ClassifierMixin, x: np.ndarray) -> np.ndarray:
    return logit(np.clip(model.predict_proba(x)[:, 1], EDGE, 1 - EDGE))
