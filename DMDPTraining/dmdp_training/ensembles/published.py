"""Train the machine-learning bundle on the published PET and clinical table.

One calibrated logistic regression per task and set of inputs, so that what is unknown of a patient chooses another model
instead of being imputed. No hyper-parameter is tuned, hence plain repeated cross-validation is unbiased by selection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from dmdp import POPULATION, RESEARCH_USE_ONLY, __version__
from dmdp.bundle import Bundle, write_bundle
from dmdp.ensemble import skops_file
from dmdp.ensemble.inputs import vector
from dmdp.ensemble.model import INTERVAL_KIND, load_ensemble
from dmdp.progress import Progress, silent
from dmdp.tasks import TASKS
from safetensors.numpy import save as save_tensors
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .cohorts import published
from .cohorts.published import Patient, read_published
from .validation.metrics import mean_auc

ROBUST = ("suv_max", "suv_peak")
# never suv_area (its definition differs between the cohorts), het0 (measured on another contour than the rest),
# suv_mean_sd_* and type_* (definitions unknown)
LOOSE = (*ROBUST, "suv_mean", "suv_sd", "suv_skew", "suv_kurtosis", "MTV_3")
COMPARABLE = tuple(n for n in published.PET_FEATURES if not n.startswith(("suv_area", "het0", "suv_mean_sd", "type_")))
CLINICAL = ((), ("sex",), ("age", "sex"), ("age", "sex", "smoking"))
FOLDS, REPEATS, RESAMPLES = 5, 10, 200
MIN_EVENTS_OUTSIDE = 8
TRAINING_CONTOUR = (
    "Drawn by hand around the whole lesion on the native PET grid (loose: the minimum is 0.15 of the maximum in the median)."
)


@dataclass(frozen=True)
class Specification:
    """What a sub-model reads: ``contour`` is any, loose or none, as in :class:`dmdp.ensemble.model.SubModel`."""

    task: str
    contour: str
    images: tuple[str, ...]
    clinical: tuple[str, ...]

    @property
    def id(self) -> str:
        """Name within the bundle, e.g. ``EGFR-robust-age-sex``."""
        kind = {"any": "robust", "loose": "contour", "none": "clinical"}[self.contour]
        return "-".join((self.task, kind, *self.clinical))

    @property
    def inputs(self) -> tuple[str, ...]:
        """All inputs in the order of the estimator's columns."""
        return self.images + self.clinical


def specifications() -> tuple[Specification, ...]:
    """Every sub-model of the bundle."""
    imaging = (("any", ROBUST), ("loose", LOOSE))
    return tuple(
        specification
        for task in TASKS
        for specification in (
            *(Specification(task, contour, images, known) for contour, images in imaging for known in CLINICAL),
            *(Specification(task, "none", (), known) for known in CLINICAL if len(known) > 1),
        )
    )


def estimator() -> Pipeline:
    """An unfitted base model: standardised inputs, L2-penalised logistic regression with C = 1, natural prevalence."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))


def train_published(data: str | Path, out: str | Path, seed: int = 0, progress: Progress = silent) -> Bundle:
    """Fit, validate and write the bundle ``published-pet-clinical`` to the folder ``out``; returns it as read back."""
    patients = [p for p in read_published(data) if p.has_pet and not p.small_cell]
    specs = specifications()
    files: dict[str, bytes] = {}
    cards, bootstrap = [], {}
    for position, spec in enumerate(specs):
        progress(position / len(specs), f"fitting {spec.id}")
        card, content, resampled = _fit(spec, patients, seed)
        cards.append(card)
        files[card["file"]] = content
        bootstrap[spec.id] = resampled
    files["bootstrap.safetensors"] = save_tensors(bootstrap)
    test_inputs = {"suv_max": 9.0, "suv_peak": 7.0, "suv_mean": 4.0, "suv_sd": 1.8, "suv_skew": 1.0, "suv_kurtosis": 0.3,
                   "MTV_3": 12.0, "age": 65.0, "sex": 1.0, "smoking": 0.0}  # fmt: skip
    manifest = _manifest(patients, cards)
    manifest["self_test"] = {
        "inputs": test_inputs,
        "outputs": {c["id"]: _predict(c, files[c["file"]], test_inputs) for c in cards},
    }
    bundle = write_bundle(out, manifest, files)
    load_ensemble(bundle)
    progress(1.0, "bundle written and verified")
    return bundle


def _fit(spec: Specification, patients: Sequence[Patient], seed: int) -> tuple[dict[str, Any], bytes, np.ndarray]:
    rows = [p for p in patients if spec.task in p.labels and all(name in p.values for name in spec.inputs)]
    x = np.vstack([vector(p.values, spec.inputs) for p in rows])
    y = np.array([p.labels[spec.task] for p in rows])
    cohorts = np.array([p.cohort for p in rows])
    scores = _out_of_fold(x, y, seed)
    slope, intercept = _platt(scores.mean(axis=0), y)
    fitted = estimator().fit(x, y)
    value, interval = mean_auc(scores, y, seed)
    protocol = f"{REPEATS} × {FOLDS}-fold cross-validation, pooled out-of-fold; interval over patients (bootstrap)"
    metrics = [_metric("AUC", value, interval, protocol, y)]
    metrics += _left_out(x, y, cohorts, seed)
    card = {
        "id": spec.id,
        "task": spec.task,
        "inputs": list(spec.inputs),
        "contour": spec.contour,
        "file": f"{spec.id}.skops",
        "cohort": ", ".join(sorted(set(cohorts.tolist()))),
        "n": len(y),
        "events": int(y.sum()),
        "calibration": {"method": "Platt on out-of-fold log-odds", "slope": slope, "intercept": intercept},
        "interval_kind": INTERVAL_KIND,
        "metrics": metrics,
    }
    return card, skops_file.dump(fitted), _resampled(x, y, scores.mean(axis=0), seed)


def _out_of_fold(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Log-odds of every patient from models that did not see them, shape (REPEATS, n)."""
    scores = np.empty((REPEATS, len(y)))
    splitter = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    for number, (train, test) in enumerate(splitter.split(x, y)):
        scores[number // FOLDS, test] = estimator().fit(x[train], y[train]).decision_function(x[test])
    return scores


def _platt(scores: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and intercept that take out-of-fold log-odds (n,) to calibrated log-odds (Platt's method).

    The slope is never negative: where out-of-fold scores point the wrong way, the model knows nothing and the calibrated
    probability is the prevalence. Turning the scores round would be learning from the test folds.
    """
    fit = LogisticRegression(C=np.inf).fit(scores[:, None], y)
    slope, intercept = float(fit.coef_[0, 0]), float(fit.intercept_[0])
    return (slope, intercept) if slope > 0 else (0.0, float(np.log(y.mean() / (1 - y.mean()))))


def _resampled(x: np.ndarray, y: np.ndarray, scores: np.ndarray, seed: int) -> np.ndarray:
    """Intercept and weights of the calibrated log-odds, one row per bootstrap resample of patients, (RESAMPLES, 1+p).

    Both the regression (on ``x``) and the calibrator (on the out-of-fold ``scores``) are fitted anew.
    """
    rng = np.random.default_rng(seed)
    rows = np.empty((RESAMPLES, 1 + x.shape[1]))
    for row in rows:
        sample = rng.integers(len(y), size=len(y))
        slope, intercept = _platt(scores[sample], y[sample])
        scaler, regression = (step for _, step in estimator().fit(x[sample], y[sample]).steps)
        weights = regression.coef_[0] / scaler.scale_
        row[0] = slope * (regression.intercept_[0] - weights @ scaler.mean_) + intercept
        row[1:] = slope * weights
    return rows


def _left_out(x: np.ndarray, y: np.ndarray, cohorts: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """AUC on each cohort of a model fitted without it, where the cohort holds enough of both classes."""
    found = []
    for cohort in sorted(set(cohorts.tolist())):
        test = cohorts == cohort
        counts = [int((y[part] == label).sum()) for part in (test, ~test) for label in (0, 1)]
        if min(counts) >= MIN_EVENTS_OUTSIDE:
            score = estimator().fit(x[~test], y[~test]).decision_function(x[test])
            value, interval = mean_auc(score[None, :], y[test], seed)
            found.append(_metric("AUC", value, interval, f"fitted without cohort {cohort}, tested on it", y[test]))
    return found


def _metric(name: str, value: float, interval: tuple[float, float], protocol: str, y: np.ndarray) -> dict[str, Any]:
    return {
        "metric": name,
        "value": round(value, 4),
        "interval": [round(bound, 4) for bound in interval],
        "interval_level": 0.95,
        "protocol": protocol,
        "n": len(y),
        "events": int(y.sum()),
    }


def _predict(card: dict[str, Any], content: bytes, values: dict[str, float]) -> float:
    score = skops_file.load(content, card["file"]).decision_function(vector(values, card["inputs"]))[0]
    calibrated = card["calibration"]["slope"] * score + card["calibration"]["intercept"]
    return float(1.0 / (1.0 + np.exp(-calibrated)))


def _manifest(patients: Sequence[Patient], cards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    features = {}
    for name in (*COMPARABLE, "age"):
        column = np.array([p.values[name] for p in patients if name in p.values])
        features[name] = {
            "unit": published.UNITS[name],
            "range": [float(column.min()), float(column.max())],
            "percentiles": {str(q): float(np.percentile(column, q)) for q in (5, 25, 50, 75, 95)},
            "n": len(column),
        }
    return {
        "name": "published-pet-clinical",
        "version": "1.0.0",
        "kind": "ensemble",
        "tasks": list(TASKS),
        "intended_use": f"{POPULATION} {RESEARCH_USE_ONLY} The subtype model is closed-world: it gives adenocarcinoma or "
        "squamous cell carcinoma to anything.",
        "training_contour": TRAINING_CONTOUR,
        "features": features,
        "sub_models": list(cards),
        "cohorts": [
            {
                "name": key,
                "title": title,
                "n": sum(p.cohort == key for p in patients),
                "events": {task: sum(p.labels.get(task, 0) for p in patients if p.cohort == key) for task in TASKS},
            }
            for key, title in published.COHORTS.items()
        ],
        "source": {
            "repository": published.REPOSITORY,
            "commit": published.COMMIT,
            "sha256": published.SHA256,
            "licence": published.LICENCE,
        },
        "excluded": "7 small-cell carcinomas of Lung-PET-CT-Dx (published as squamous), and patients without PET values.",
        "conformal": None,
        "versions": {"dmdp": __version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__},
    }
