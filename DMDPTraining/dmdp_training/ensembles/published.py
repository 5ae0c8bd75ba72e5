"""Train the machine-learning bundle on the published PET and clinical table.

One calibrated stack, and one calibrated regression beside it, per task and set of inputs, so that what is unknown of a
patient chooses another sub-model instead of being imputed. Settings are fixed beforehand, hence plain repeated
cross-validation is not biased by selection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from dmdp import POPULATION, RESEARCH_USE_ONLY, __version__
from dmdp.bundles.bundle import Bundle, check_replaceable, write_bundle
from dmdp.bundles.card import Cohort, Metric, Source
from dmdp.bundles.manifest import Manifest, SelfTest, TrainingRange
from dmdp.documents.codec import plain
from dmdp.endpoints.conformal import ALPHAS, thresholds
from dmdp.endpoints.learner import Learner
from dmdp.endpoints.registry import described, endpoint_of
from dmdp.ensemble.learners import FORESTS, ProportionalOdds, Regression
from dmdp.ensemble.model import TENSORS, load_ensemble
from dmdp.inputs import vector
from dmdp.progress import Progress, silent
from safetensors.numpy import save as save_tensors

from ..cohorts import published
from ..cohorts.published import Patient, read_published
from ..endpoints.base import Study
from ..endpoints.registry import study_of
from .fitting import FOLDS, Effort, Fitted, fit, unfitted
from .specification import Specification, specifications

COMPARABLE = tuple(n for n in published.PET_FEATURES if not n.startswith(("suv_area", "het0", "suv_mean_sd", "type_")))
MIN_EVENTS_OUTSIDE = 8
TRAINING_CONTOUR = (
    "Drawn by hand around the whole lesion on the native PET grid (loose: the minimum is 0.15 of the maximum in the median)."
)
INTERVAL_KIND = {
    "regression": "uncertainty of the model fit (90 %, bootstrap of the regression and its calibration)",
    "proportional_odds": "uncertainty of the model fit (90 %, bootstrap of the regression and its calibration)",
    "stack": "uncertainty of the model fit (90 %, bootstrap of the second layer and its calibration on out-of-fold scores)",
}
SELF_TEST = {"suv_max": 9.0, "suv_peak": 7.0, "suv_mean": 4.0, "suv_sd": 1.8, "suv_skew": 1.0, "suv_kurtosis": 0.3,
             "MTV_3": 12.0, "age": 65.0, "sex": 1.0, "smoking": 0.0}  # fmt: skip


def train_published(
    data: str | Path,
    out: str | Path,
    seed: int = 0,
    progress: Progress = silent,
    effort: Effort | None = None,
    overwrite: bool = False,
) -> Bundle:
    """Fit, validate and write the bundle ``published-pet-clinical`` to the folder ``out``; returns it as read back.

    An earlier bundle there is replaced if it was trained on the same table from the same seed, or with ``overwrite``.
    """
    made_from = {"data": " ".join(published.SHA256.values()), "seed": str(seed)}
    check_replaceable(out, made_from, overwrite, inputs=(data,))
    effort = effort or Effort()
    patients = [p for p in read_published(data) if p.has_pet and not p.small_cell]
    cards: list[dict[str, Any]] = []
    tensors: dict[str, np.ndarray] = {}
    outputs: dict[str, float | tuple[float, ...]] = {}
    specs = specifications()
    for position, spec in enumerate(specs):
        progress(position / len(specs), f"fitting {spec.id}")
        card, learner = fit_sub_model(spec, patients, seed, effort)
        cards.append(card)
        tensors |= tensors_of(spec.id, learner)
        outputs[spec.id] = self_test_output(spec, learner, card)
    manifest = _manifest(patients, cards, SelfTest(SELF_TEST, outputs))
    files = {TENSORS: save_tensors({k: np.ascontiguousarray(v) for k, v in tensors.items()})}
    bundle = write_bundle(out, manifest, files, made_from=made_from, overwrite=overwrite)
    load_ensemble(bundle)
    progress(1.0, "bundle written and verified")
    return bundle


def self_test_output(spec: Specification, learner: Learner, card: Mapping[str, Any]) -> float | tuple[float, ...]:
    """What the self-test of a bundle expects of a sub-model: its probability, or those of the classes."""
    values = endpoint_of(spec.task).estimate(learner, vector(SELF_TEST, spec.inputs), card).values
    return values[0] if len(values) == 1 else values


def fit_sub_model(spec: Specification, patients: Sequence[Patient], seed: int, effort: Effort) -> tuple[dict[str, Any], Learner]:
    """The manifest's part of a sub-model, and its learner, from the patients whose label and inputs are known."""
    rows = [p for p in patients if spec.task in p.labels and all(name in p.values for name in spec.inputs)]
    study = study_of(spec.task)
    x = np.vstack([vector(p.values, spec.inputs) for p in rows])
    y = np.array([p.labels[spec.task] for p in rows])
    cohorts = np.array([p.cohort for p in rows])
    fitted = fit(spec.kind, x, y, seed, effort)
    card = {
        "id": spec.id,
        "task": spec.task,
        "kind": spec.kind,
        "inputs": list(spec.inputs),
        "contour": spec.contour,
        "cohort": ", ".join(sorted(set(cohorts.tolist()))),
        "n": len(y),
        **study.counted(y),
        "calibration": study.calibration_json(fitted.calibration),
        "interval_kind": INTERVAL_KIND[spec.kind],
        "conformal": _conformal(study, fitted, y),
        "typical": {name: _typical([p.values[name] for p in rows]) for name in spec.inputs},
        "distance": _distance(x),
        "metrics": plain(_metrics(study, spec.kind, x, y, cohorts, fitted, seed, effort)),
    }
    return card, fitted.learner


def _conformal(study: Study, fitted: Fitted, y: np.ndarray) -> dict[str, list[float]]:
    """Thresholds of the conformal sets; of a flat calibration, whose scores differ by nothing, they rule nothing out."""
    probabilities = study.probabilities(fitted.scores.mean(axis=0), fitted.calibration)
    if probabilities is None:
        return {str(alpha): [0.0] * len(study.endpoint.groups) for alpha in ALPHAS}
    return thresholds(probabilities, y)


def _typical(values: Sequence[float]) -> float:
    """The typical value: the median; of values 0 and 1 the more frequent one."""
    return float(np.median(values)) if len(set(values)) > 2 else float(np.mean(values) >= 0.5)


def _distance(x: np.ndarray) -> dict[str, Any]:
    """Middle and precision for the Mahalanobis distance in the units of :func:`vector`, and the patients' own quantiles."""
    mean, precision = x.mean(axis=0), np.linalg.pinv(np.atleast_2d(np.cov(x, rowvar=False)))
    off = x - mean
    own = np.sqrt(np.einsum("ij,jk,ik->i", off, precision, off).clip(0))
    quantiles = {str(q): float(np.quantile(own, q)) for q in (0.5, 0.95, 0.99)}
    return {"mean": mean.tolist(), "precision": precision.tolist(), "quantiles": quantiles}


def _metrics(study: Study, kind: str, x, y, cohorts, fitted: Fitted, seed: int, effort: Effort) -> list[Metric]:
    """Discrimination in repeated cross-validation, and on each cohort of a model that was fitted without it."""
    protocol = f"{effort.repeats} × {FOLDS}-fold cross-validation, pooled out-of-fold; interval over patients (bootstrap)"
    found = [_metric(study, fitted.scores, y, seed, protocol)]
    for cohort in sorted(set(cohorts.tolist())):
        test, groups = cohorts == cohort, study.strata(y)
        counts = [(groups[part] == group).sum() for part in (test, ~test) for group in range(len(study.endpoint.groups))]
        if min(counts) >= MIN_EVENTS_OUTSIDE:
            score = unfitted(kind, seed, effort).fit(x[~test], y[~test]).decision_function(x[test])
            found.append(_metric(study, score[None, :], y[test], seed, f"fitted without cohort {cohort}, tested on it"))
    return found


def _metric(study: Study, scores: np.ndarray, y: np.ndarray, seed: int, protocol: str) -> Metric:
    value, interval = study.discrimination(scores, y, seed)
    return Metric(
        metric=study.measure,
        value=round(value, 4),
        interval=tuple(round(bound, 4) for bound in interval),
        interval_level=0.95,
        protocol=protocol,
        n=len(y),
        **study.counted(y),
    )


def tensors_of(name: str, learner: Learner) -> dict[str, np.ndarray]:
    """The learner's arrays by the names that :func:`dmdp.ensemble.learners.from_tensors` reads."""
    if isinstance(learner, Regression):
        return {f"{name}.weights": learner.weights, f"{name}.bootstrap": learner.bootstrap}
    if isinstance(learner, ProportionalOdds):
        return {f"{name}.weights": learner.weights, f"{name}.cuts": learner.cuts, f"{name}.bootstrap": learner.bootstrap}
    found = {f"{name}.linear": learner.linear, f"{name}.second": learner.second, f"{name}.bootstrap": learner.bootstrap}
    for forest, kind in zip(learner.forests, FORESTS, strict=True):
        found |= forest.tensors(f"{name}.{kind}")
    return found


def _events(patients: Sequence[Patient], cohort: str, task: str) -> int:
    is_event = endpoint_of(task).is_event
    return sum(is_event(p.labels[task]) for p in patients if p.cohort == cohort and task in p.labels)


def _manifest(patients: Sequence[Patient], cards: Sequence[dict[str, Any]], self_test: SelfTest) -> Manifest:
    features = {}
    for name in (*COMPARABLE, "age"):
        column = np.array([p.values[name] for p in patients if name in p.values])
        features[name] = TrainingRange(
            unit=published.UNITS[name],
            range=(float(column.min()), float(column.max())),
            percentiles={str(q): float(np.percentile(column, q)) for q in (5, 25, 50, 75, 95)},
            n=len(column),
        )
    return Manifest(
        name="published-pet-clinical",
        version="2.0.0",
        kind="ensemble",
        tasks=tuple(published.ENDPOINTS),
        endpoints=described(published.ENDPOINTS),
        intended_use=f"{POPULATION} {RESEARCH_USE_ONLY} The subtype model is closed-world: it gives adenocarcinoma or "
        "squamous cell carcinoma to anything.",
        training_contour=TRAINING_CONTOUR,
        features=features,
        sub_models=tuple(cards),
        cohorts=tuple(
            Cohort(
                name=key,
                title=title,
                n=sum(p.cohort == key for p in patients),
                events={task: _events(patients, key, task) for task in published.ENDPOINTS},
            )
            for key, title in published.COHORTS.items()
        ),
        source=Source(
            repository=published.REPOSITORY, commit=published.COMMIT, sha256=published.SHA256, licence=published.LICENCE
        ),
        excluded="7 small-cell carcinomas of Lung-PET-CT-Dx (published as squamous), and patients without PET values.",
        conformal="class-conditional, cross-conformal on out-of-fold probabilities (approximate)",
        self_test=self_test,
        versions={"dmdp": __version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__},
    )
