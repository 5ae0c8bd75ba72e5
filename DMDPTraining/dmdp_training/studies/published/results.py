"""From the pieces of a run to its figures: out-of-fold probabilities put together, measured, compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...cohorts.table import CohortTable
from ...ensembles.stacking import STACK
from ...selection.feature_sets import FEATURE_SETS
from ...statistics.bootstrap import Value, interval_of, ranked_areas, weights
from ...statistics.calibration import Calibration, brier, calibration
from ...statistics.classification import measures
from ...statistics.roc import Difference, compare, delong, holm
from .plan import QUESTIONS, Plan
from .units import MODELS, Unit


@dataclass(frozen=True, eq=False)
class Predicted:
    """Probabilities of patients by models that did not see them.

    ``y`` (n,) 0/1; ``probability`` and ``calls`` model → (R, n), one row per repeat; ``selected`` how often each feature was
    chosen in ``fits`` fits; ``within`` model → mean AUC inside single test folds. Pooling folds costs a little, since
    the base rate of each fold's training part mirrors that of its test part; ``within`` shows how much.
    """

    y: np.ndarray
    probability: Mapping[str, np.ndarray]
    calls: Mapping[str, np.ndarray]
    selected: Mapping[str, int]
    fits: int
    within: Mapping[str, float]


@dataclass(frozen=True)
class Measured:
    """All figures of one model on one set of patients, each with its 95 % interval over patients."""

    n: int
    events: int
    values: Mapping[str, Value]
    calibration: Calibration


@dataclass(frozen=True)
class Compared:
    """A paired comparison, ``a`` minus ``b``, with the p value adjusted over the comparisons of its task (Holm)."""

    task: str
    model: str
    a: str
    b: str
    difference: Difference
    adjusted_p: float


Pieces = Mapping[Unit, Mapping[str, Any]]


def nested(pieces: Pieces, tables: Mapping[str, CohortTable]) -> dict[tuple[str, str], Predicted]:
    """(task, feature set) → out-of-fold predictions of the nested cross-validation."""
    grouped = _grouped(pieces, "nested", lambda unit: (unit.task, unit.feature_set))
    found = {}
    for (task, name), members in grouped.items():
        y = QUESTIONS[task].analysed(tables[task]).labels[task].astype(int)
        found[task, name] = _together(members, y)
    return found


def permuted(pieces: Pieces) -> dict[str, dict[str, np.ndarray]]:
    """Task → model → AUC of every permutation, (permutations, 2): pooled over its folds, and mean within its folds."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for (task, _), members in _grouped(pieces, "permuted", lambda unit: (unit.task, unit.number)).items():
        folds = [(np.array(result["y"]), result["probability"]) for _, result in members]
        y = np.concatenate([labels for labels, _ in folds])
        for model in MODELS:
            pooled = delong(np.concatenate([p[model] for _, p in folds]), y).value
            within = float(np.mean([delong(np.array(p[model]), labels).value for labels, p in folds]))
            found.setdefault(task, {}).setdefault(model, []).append((pooled, within))
    return {task: {model: np.array(values) for model, values in models.items()} for task, models in found.items()}


def left_out(pieces: Pieces) -> dict[tuple[str, str, str], Predicted]:
    """(task, feature set, cohort) → predictions on the cohort by a model that was fitted without it."""
    found = {}
    for unit, result in pieces.items():
        if unit.kind == "left_out":
            y = np.array(result["y"])
            relabelled = {**result, "test": list(range(len(y)))}
            found[unit.task, unit.feature_set, unit.cohort] = _together([(unit, relabelled)], y)
    return found


def areas(pieces: Pieces, kind: str) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    """(task, feature set) → model → AUC of every split of a protocol that keeps areas only."""
    grouped = _grouped(pieces, kind, lambda unit: (unit.task, unit.feature_set))
    return {
        key: {model: np.array([result["auc"][model] for _, result in members]) for model in members[0][1]["auc"]}
        for key, members in grouped.items()
    }


def measure(predicted: Predicted, model: str, plan: Plan, positive: int = 1) -> Measured:
    """Every figure of one model. ``positive`` 0 counts label 0 as the positive class of calls and precision."""
    y, p, calls = predicted.y, predicted.probability[model], predicted.calls[model]
    w = weights(y, plan.resamples, plan.seed)
    area = delong(p, y)
    values = {"AUC": Value(area.value, area.interval)}
    shown, outcome, called = (p, y, calls) if positive == 1 else (1 - p, 1 - y, ~calls)

    def ranked(which: int):
        return lambda v: np.mean([ranked_areas(row, outcome, v)[which] for row in shown], axis=0)

    values["AUC (bootstrap)"] = interval_of(ranked(0), w)
    values["AUPRC"] = interval_of(ranked(1), w)
    for name in measures(called, outcome, np.ones((1, len(y)))):
        values[name] = interval_of(lambda v, name=name: measures(called, outcome, v)[name], w)
    values["Brier"] = interval_of(lambda v: brier(p, y, v), w)
    reference = y.mean() * (1 - y.mean())
    values["scaled Brier"] = Value(1 - values["Brier"].value / reference, _flipped(values["Brier"].interval, reference))
    return Measured(len(y), int(y.sum()), values, calibration(p, y))


def comparisons(found: Mapping[tuple[str, str], Predicted], model: str = STACK) -> list[Compared]:
    """The larger sets against clinical-only and PET-only on the same patients, per task."""
    rows = []
    for task in dict.fromkeys(task for task, _ in found):
        pairs = [
            (a, b)
            for a in ("PET_clinical", "PET_CT_clinical")
            for b in ("clinical", "PET", "PET_clinical")
            if a != b and (task, a) in found and (task, b) in found
        ]
        results = [
            compare(found[task, a].probability[model], found[task, b].probability[model], found[task, a].y) for a, b in pairs
        ]
        adjusted = holm(np.array([r.p for r in results])) if results else []
        rows += [Compared(task, model, a, b, r, float(p)) for (a, b), r, p in zip(pairs, results, adjusted, strict=True)]
    return rows


def upstream(feature_set: str) -> bool:
    """True if a figure must carry the mark of CT columns that the authors selected on all patients."""
    return feature_set.startswith(("CT", "PET_CT")) if feature_set not in FEATURE_SETS else FEATURE_SETS[feature_set].upstream


def _flipped(interval: tuple[float, float], reference: float) -> tuple[float, float]:
    return 1 - interval[1] / reference, 1 - interval[0] / reference


def _grouped(pieces: Pieces, kind: str, key) -> dict[Any, list[tuple[Unit, Mapping[str, Any]]]]:
    grouped: dict[Any, list[tuple[Unit, Mapping[str, Any]]]] = {}
    for unit, result in pieces.items():
        if unit.kind == kind:
            grouped.setdefault(key(unit), []).append((unit, result))
    return grouped


def _together(members: list[tuple[Unit, Mapping[str, Any]]], y: np.ndarray) -> Predicted:
    repeats = sorted({unit.number for unit, _ in members})
    probability = {model: np.full((len(repeats), len(y)), np.nan) for model in MODELS}
    calls = {model: np.zeros((len(repeats), len(y)), bool) for model in MODELS}
    selected: Counter[str] = Counter()
    inside: dict[str, list[float]] = {model: [] for model in MODELS}
    for unit, result in members:
        row, test = repeats.index(unit.number), np.array(result["test"])
        selected.update(result["selected"])
        for model in MODELS:
            probability[model][row, test] = result["probability"][model]
            calls[model][row, test] = np.array(result["probability"][model]) >= result["threshold"][model]
            inside[model].append(delong(probability[model][row, test], y[test]).value)
    within = {model: float(np.mean(values)) for model, values in inside.items()}
    return Predicted(y, probability, calls, selected, len(members), within)
