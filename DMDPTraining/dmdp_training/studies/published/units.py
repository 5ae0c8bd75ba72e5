"""The smallest pieces of a validation run: each one is computed on its own, stored, and never computed twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from ...cohorts.table import CohortTable
from ...endpoints.registry import study_of
from ...ensembles.learners import learners
from ...ensembles.stacking import STACK, StackedEnsemble
from ...selection.feature_sets import FEATURE_SETS, feature_pipeline, plain_pipeline, selected_names
from ...statistics.roc import delong
from .plan import MIN_CLASS, QUESTIONS, Plan

GUARD_SET = {True: "PET_CT_clinical", False: "PET_clinical"}  # by whether the task has CT: every selector takes part
LEAK_KEEP = 19  # the size of the paper's PET-CT-clinical set


@dataclass(frozen=True)
class Unit:
    """One piece: ``kind`` of protocol, task, feature set, and its numbers (repeat, fold, split, cohort …)."""

    kind: str
    task: str
    feature_set: str
    number: int = 0
    fold: int = 0
    cohort: str = ""

    @property
    def name(self) -> str:
        """A file name."""
        words = (self.kind, self.task, self.feature_set, self.cohort, f"{self.number:03d}", str(self.fold))
        return "-".join(word for word in words if word)


def units(tables: Mapping[str, CohortTable], plan: Plan) -> Iterator[Unit]:
    """Every piece of a run, in order."""
    for task, table in tables.items():
        question = QUESTIONS[task]
        has_ct = "CT_reg1" in table.blocks()
        for s in question.sets(table):
            for repeat in range(plan.repeats):
                yield from (Unit("nested", task, s.name, repeat, fold) for fold in range(plan.folds))
            outside = question.outside(table, s)
            for cohort in sorted(set(outside.cohorts.tolist())):
                if _enough(outside, task, cohort):
                    yield Unit("left_out", task, s.name, cohort=cohort)
        for number in range(plan.permutations):
            yield from (Unit("permuted", task, GUARD_SET[has_ct], number, fold) for fold in range(plan.guard_folds))
        if has_ct:
            for number in range(plan.splits):
                yield from (Unit("paper", task, s.name, number) for s in question.sets(table) if s.name != "clinical")
                yield Unit("selection_inside", task, "PET_CT_clinical", number)
            for number in range(plan.reanalysis_repeats):
                yield from (Unit("reanalysis", task, name, number) for name in REANALYSIS)
                yield Unit("leak", task, "PET_CT_clinical", number)


def compute(unit: Unit, table: CohortTable, plan: Plan) -> dict[str, Any]:
    """The result of one piece as plain JSON values."""
    return KINDS[unit.kind](unit, table, plan)


def _enough(table: CohortTable, task: str, cohort: str) -> bool:
    held = table.cohorts == cohort
    y = table.labels[task]
    return min(int((y[part] == label).sum()) for part in (held, ~held) for label in (0, 1)) >= MIN_CLASS


def _ensemble(unit: Unit, table: CohortTable, plan: Plan, seed: int) -> StackedEnsemble:
    features = feature_pipeline(table.columns, FEATURE_SETS[unit.feature_set], seed)
    return StackedEnsemble(features, learners(seed, plan.trees, plan.tuned), plan.inner_folds, seed)


def _data(unit: Unit, table: CohortTable, task: str) -> tuple[CohortTable, np.ndarray, np.ndarray]:
    table = table.select(FEATURE_SETS[unit.feature_set].blocks)
    return table, table.design(), table.labels[task].astype(int)


def _fitted(unit: Unit, table: CohortTable, plan: Plan, x, y, train, test, seed) -> dict[str, Any]:
    model = _ensemble(unit, table, plan, seed).fit(x[train], y[train])
    return {
        "test": np.asarray(test).tolist(),
        "probability": dict(zip(model.names, model.all_probabilities(x[test]).T.tolist(), strict=True)),
        "threshold": model.thresholds_,
        "selected": list(selected_names(model.features_, table.columns)),
        "best": model.best_,
        "inner_auc": model.inner_auc_,
    }


def _fold(y: np.ndarray, folds: int, seed: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
    return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(y, y))[fold]


def _nested(unit: Unit, table: CohortTable, plan: Plan) -> dict[str, Any]:
    table, x, y = _data(unit, QUESTIONS[unit.task].analysed(table), unit.task)
    train, test = _fold(y, plan.folds, plan.seed + unit.number, unit.fold)
    return _fitted(unit, table, plan, x, y, train, test, plan.seed + unit.number)


def _permuted(unit: Unit, table: CohortTable, plan: Plan) -> dict[str, Any]:
    """As nested, with the labels drawn anew: nothing can be learned, so an AUC clearly above one half would show a leak."""
    table, x, y = _data(unit, QUESTIONS[unit.task].analysed(table), unit.task)
    y = study_of(unit.task).by_chance(y, np.random.default_rng([plan.seed, unit.number]))
    train, test = _fold(y, plan.guard_folds, plan.seed + unit.number, unit.fold)
    return {**_fitted(unit, table, plan, x, y, train, test, plan.seed + unit.number), "y": y[test].tolist()}


def _left_out(unit: Unit, table: CohortTable, plan: Plan) -> dict[str, Any]:
    question = QUESTIONS[unit.task]
    table, x, y = _data(unit, question.outside(table, FEATURE_SETS[unit.feature_set]), unit.task)
    test = table.cohorts == unit.cohort
    found = _fitted(unit, table, plan, x, y, ~test, np.flatnonzero(test), plan.seed)
    return {**found, "y": y[test].tolist()}


def _paper(unit: Unit, table: CohortTable, plan: Plan) -> dict[str, Any]:
    """The paper's order of steps: imputation, scaling and selection on all patients, then one 8:2 split."""
    question = QUESTIONS[unit.task]
    table, x, y = _data(unit, question.published(table), question.as_published)
    x = feature_pipeline(table.columns, FEATURE_SETS[unit.feature_set], plan.seed).fit_transform(x, y)
    train, test = _split(y, plan, unit.number)
    ensemble = StackedEnsemble(_identity(), learners(plan.seed, plan.trees, plan.tuned), plan.inner_folds, plan.seed)
    return _areas(ensemble.fit(x[train], y[train]), x[test], y[test])


def _selection_inside(unit: Unit, table: CohortTable, plan: Plan) -> dict[str, Any]:
    """The same splits with every step on the training part only: what the order of steps alone is worth."""
    question = QUESTIONS[unit.task]
    table, x, y = _data(unit, question.published(table), question.as_published)
    train, test = _split(y, plan, unit.number)
    return _areas(_ensemble(unit, table, plan, plan.seed).fit(x[train], y[train]), x[test], y[test])


def _split(y: np.ndarray, plan: Plan, number: int) -> tuple[np.ndarray, np.ndarray]:
    return next(StratifiedShuffleSplit(1, test_size=0.2, random_state=plan.seed + number).split(y, y))


def _areas(model: StackedEnsemble, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    found = model.all_probabilities(x)
    return {
        "auc": {name: delong(found[:, i], y).value for i, name in enumerate(model.names)},
        "n": len(y),
        "events": int(y.sum()),
    }


def _identity() -> Pipeline:
    return Pipeline([("as_they_are", FunctionTransformer())])


# blocks and patients of the cells of the re-analysis: with or without the patients whom the paper should have left out
REANALYSIS = {
    "clinical": (("clinical",), "all"),
    "PET": (("PET",), "all"),
    "CT": (("CT_reg1", "CT_reg2", "CT_reg5", "CT_reg6"), "all"),
    "PET_clinical": (("PET", "clinical"), "all"),
    "PET_CT_clinical": (("PET", "CT_reg1", "CT_reg2", "CT_reg5", "CT_reg6", "clinical"), "all"),
    "PET_CT_clinical, with PET": (("PET", "CT_reg1", "CT_reg2", "CT_reg5", "CT_reg6", "clinical"), "clean"),
}


def _reanalysis(unit: Unit, table: CohortTable, plan: Plan) -> dict[str, Any]:
    """Fixed models on all released columns, imputation and scaling inside the fold, no selection, no calibration."""
    question = QUESTIONS[unit.task]
    blocks, which = REANALYSIS[unit.feature_set]
    table = question.published(table) if which == "all" else question.analysed(table)
    y = table.labels[question.as_published].astype(int)
    x = table.select(blocks).values
    found = {}
    for learner in learners(plan.seed, plan.reanalysis_trees, tuned=False):
        scores = np.empty(len(y))
        for fold in range(plan.folds):
            train, test = _fold(y, plan.folds, plan.seed + unit.number, fold)
            features = plain_pipeline().fit(x[train])
            model = clone(learner.estimator).fit(features.transform(x[train]), y[train])
            scores[test] = model.predict_proba(features.transform(x[test]))[:, 1]
        found[learner.name] = delong(scores, y).value
    return {"auc": found, "n": len(y), "events": int(y.sum())}


def _leak(unit: Unit, table: CohortTable, plan: Plan) -> dict[str, Any]:
    """One selector (recursive elimination to 19 columns), once on all patients and once inside the folds; LR judges."""
    question = QUESTIONS[unit.task]
    table, _, y = _data(unit, question.published(table), question.as_published)
    x = table.values
    selector = RFE(LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000), n_features_to_select=LEAK_KEEP)
    judge = LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000)
    chosen = clone(selector).fit(plain_pipeline().fit_transform(x), y).support_
    scores = {"on all patients": np.empty(len(y)), "inside folds": np.empty(len(y)), "none": np.empty(len(y))}
    for fold in range(plan.folds):
        train, test = _fold(y, plan.folds, plan.seed + unit.number, fold)
        features = plain_pipeline().fit(x[train])
        seen, unseen = features.transform(x[train]), features.transform(x[test])
        inside = clone(selector).fit(seen, y[train]).support_
        for name, kept in (("on all patients", chosen), ("inside folds", inside), ("none", np.ones_like(chosen))):
            scores[name][test] = clone(judge).fit(seen[:, kept], y[train]).decision_function(unseen[:, kept])
    return {"auc": {name: delong(score, y).value for name, score in scores.items()}, "n": len(y), "events": int(y.sum())}


KINDS: dict[str, Callable[[Unit, CohortTable, Plan], dict[str, Any]]] = {
    "nested": _nested,
    "left_out": _left_out,
    "permuted": _permuted,
    "paper": _paper,
    "selection_inside": _selection_inside,
    "reanalysis": _reanalysis,
    "leak": _leak,
}
MODELS = ("LR", "RF", "EXT", STACK)
