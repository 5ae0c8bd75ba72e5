"""Fit a sub-model: out-of-fold log-odds of every patient, the calibration, and the learner that goes into the bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from dmdp.endpoints.learner import Learner
from dmdp.ensemble.forest import LEAF, Forest
from dmdp.ensemble.learners import FORESTS, ProportionalOdds, Regression, Stack
from sklearn.base import clone
from sklearn.ensemble import BaseEnsemble
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ..statistics.platt import Platt, platt
from ..statistics.proportional_odds import Cuts, ProportionalOddsRegression, calibration
from .learners import learners
from .stacking import StackedEnsemble

FOLDS = 5
LEAF_PATIENTS = 10  # patients per leaf: keeps the forests smooth, and small
RESAMPLES = 200


@dataclass(frozen=True)
class Effort:
    """How much to compute: ``repeats`` of the outer cross-validation, and ``trees`` per forest."""

    repeats: int = 10
    trees: int = 60


@dataclass(frozen=True, eq=False)
class Fitted:
    """``scores`` (R, n): calibrated score (log-odds) of every patient by models that did not see them, one row per repeat."""

    learner: Learner
    scores: np.ndarray
    calibration: Platt | Cuts


def regression(seed: int) -> Pipeline:
    """Unfitted: standardised inputs, L2-penalised logistic regression with C = 1, natural prevalence."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))


def stack(seed: int, trees: int) -> StackedEnsemble:
    """Unfitted: LR, random forest and extra trees with fixed settings, and logistic regression on their log-odds."""
    linear, *forests = learners(seed, trees, tuned=False)
    linear = replace(linear, estimator=make_pipeline(StandardScaler(), linear.estimator))
    for forest in forests:
        forest.estimator.set_params(min_samples_leaf=LEAF_PATIENTS)
    return StackedEnsemble(make_pipeline("passthrough"), (linear, *forests), FOLDS, seed)


def proportional_odds(seed: int) -> Pipeline:
    """Unfitted: standardised inputs, L2-penalised proportional odds regression with C = 1, natural frequencies."""
    return make_pipeline(StandardScaler(), ProportionalOddsRegression(C=1.0))


def unfitted(kind: str, seed: int, effort: Effort):
    """The estimator of a kind of sub-model."""
    return {
        "regression": lambda: regression(seed),
        "stack": lambda: stack(seed, effort.trees),
        "proportional_odds": lambda: proportional_odds(seed),
    }[kind]()


def fit(kind: str, x: np.ndarray, y: np.ndarray, seed: int, effort: Effort) -> Fitted:
    """Fit a sub-model of a ``kind`` on inputs ``x`` (n, p) and labels ``y`` (n,)."""
    calibrate, build = {
        "regression": (platt, _regression),
        "stack": (platt, _stack),
        "proportional_odds": (_cuts, _proportional_odds),
    }[kind]
    raw = out_of_fold(lambda: unfitted(kind, seed, effort), x, y, seed, effort.repeats)
    calibrated = calibrate(raw.mean(axis=0), y)
    learner = build(unfitted(kind, seed, effort).fit(x, y), x, y, raw.mean(axis=0), calibrated, seed)
    return Fitted(learner, calibrated(raw), calibrated)


def out_of_fold(make: Callable[[], object], x: np.ndarray, y: np.ndarray, seed: int, repeats: int) -> np.ndarray:
    """Log-odds of every patient from models that did not see them, shape (repeats, n)."""
    scores = np.empty((repeats, len(y)))
    splitter = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=repeats, random_state=seed)
    for number, (train, test) in enumerate(splitter.split(x, y)):
        scores[number // FOLDS, test] = make().fit(x[train], y[train]).decision_function(x[test])
    return scores


def forest_from(model: BaseEnsemble) -> Forest:
    """The trees of a fitted scikit-learn forest for classes 0 and 1."""
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("feature", "threshold", "left", "right", "value")}
    roots, start = [], 0
    for tree in (estimator.tree_ for estimator in model.estimators_):
        inner = tree.children_left >= 0
        share = tree.value[:, 0, 1] / tree.value[:, 0].sum(axis=1)
        columns["feature"].append(np.where(inner, tree.feature, LEAF).astype(np.int16))
        columns["threshold"].append(np.where(inner, tree.threshold, 0.0))
        columns["left"].append(np.where(inner, tree.children_left + start, 0).astype(np.int32))
        columns["right"].append(np.where(inner, tree.children_right + start, 0).astype(np.int32))
        columns["value"].append(share.astype(np.float32))
        roots.append(start)
        start += tree.node_count
    return Forest(**{name: np.concatenate(parts) for name, parts in columns.items()}, roots=np.array(roots, np.int32))


def _raw_weights(model: Pipeline) -> np.ndarray:
    """Intercept and weights (1+p,) on the inputs as they come, of a fitted scaler and regression."""
    scaler, model = (step for _, step in model.steps)
    weights = model.coef_[0] / scaler.scale_
    return np.concatenate([[model.intercept_[0] - weights @ scaler.mean_], weights])


def _calibrated(weights: np.ndarray, calibration: Platt) -> np.ndarray:
    """Intercept and weights with the calibration folded in."""
    return calibration.slope * weights + np.eye(len(weights))[0] * calibration.intercept


def _regression(model: Pipeline, x, y, scores, calibration: Platt, seed: int) -> Regression:
    def fitted(rows):
        return _calibrated(_raw_weights(clone(model).fit(x[rows], y[rows])), platt(scores[rows], y[rows]))

    return Regression(_calibrated(_raw_weights(model), calibration), _bootstrap(fitted, y, seed))


def _cuts(scores: np.ndarray, y: np.ndarray) -> Cuts:
    return calibration(scores[None], y, int(y.max()) + 1)


def _proportional_odds(model: Pipeline, x, y, scores, fitted_cuts: Cuts, seed: int) -> ProportionalOdds:
    """The score's weights on the inputs as they come; the offset of the scaler moves the cuts."""

    def folded(model: Pipeline, cuts: Cuts) -> np.ndarray:
        scaler, odds = (step for _, step in model.steps)
        weights = cuts.slope * odds.coef_ / scaler.scale_
        return np.concatenate([weights, np.array(cuts.cuts) + weights @ scaler.mean_])

    def fitted(rows):
        return folded(clone(model).fit(x[rows], y[rows]), _cuts(scores[rows], y[rows]))

    found = folded(model, fitted_cuts)
    return ProportionalOdds(found[: x.shape[1]], found[x.shape[1] :], _bootstrap(fitted, y, seed))


def _stack(model: StackedEnsemble, x, y, scores, calibration: Platt, seed: int) -> Stack:
    """The resamples refit the second layer on the base learners' out-of-fold log-odds, and the calibration."""

    def fitted(rows):
        second = clone(model.second_layer_).fit(model.inner_scores_[rows], y[rows])
        weights = np.concatenate([second.intercept_, second.coef_[0]])
        return _calibrated(weights, platt(scores[rows], y[rows]))

    second = np.concatenate([model.second_layer_.intercept_, model.second_layer_.coef_[0]])
    forests = tuple(forest_from(model.models_[name]) for name in FORESTS)
    return Stack(_raw_weights(model.models_["LR"]), forests, _calibrated(second, calibration), _bootstrap(fitted, y, seed))


def _bootstrap(fitted: Callable[[np.ndarray], np.ndarray], y: np.ndarray, seed: int) -> np.ndarray:
    """``fitted`` on ``RESAMPLES`` samples of the patients drawn within each class, one row each."""
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(y == label) for label in np.unique(y)]
    samples = (np.concatenate([rng.choice(members, len(members)) for members in classes]) for _ in range(RESAMPLES))
    return np.array([fitted(sample) for sample in samples])
