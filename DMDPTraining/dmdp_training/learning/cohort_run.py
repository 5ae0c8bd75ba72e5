"""A network for a cohort: read, cross-validate, train the final ensemble, calibrate, and write the bundle.

The folder of a run holds ``configuration.json``, ``crops/`` (each patient's crop, computed once), ``fold-R-K/member-N/`` and
``final/member-N/`` (checkpoint, best weights, ``log.jsonl``), ``curves.png`` and ``.svg``, ``predictions.csv`` (out of fold, by
row number), ``result.json`` and ``bundle/``. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dmdp import __version__
from dmdp.atomic import write_file
from dmdp.bundle import Bundle
from dmdp.errors import InputError, OutOfMemory
from dmdp.progress import Progress, part, silent

from ..stacking import Platt, platt
from ..validation.roc import delong
from ..validation.store import open_run
from .cohort_csv import Entry, read_cohort
from .crops import read_examples
from .curves import draw_curves
from .examples import Example, label_array
from .export import write_network
from .folds import patient_folds, stratum
from .live import live
from .members import train_members
from .plan import NetworkPlan


@dataclass(frozen=True, eq=False)
class Result:
    """The bundle; ``metrics`` by task as they stand in its manifest; ``logits`` (repeats, N, tasks) out of fold, uncalibrated."""

    bundle: Bundle
    metrics: list[dict[str, Any]]
    logits: np.ndarray


def train_on_cohort(cohort: str | Path, out: str | Path, plan: NetworkPlan, progress: Progress = silent) -> Result:
    """Train and test ``plan`` on the patients of a cohort file (:func:`dmdp_training.learning.cohort_csv.read_cohort`).

    Raises :class:`InputError` for a cohort that cannot be read or learned from, :class:`dmdp.errors.OutputError` where ``out``
    holds something else, :class:`dmdp.errors.ModelError` where a loss is not a number, and :class:`OutOfMemory`.
    """
    entries = read_cohort(cohort, plan.tasks, plan.columns)
    _check_classes(entries, plan)
    folder = open_run(out, {"plan": plan.to_json(), "cohort": _digest(Path(cohort)), "versions": _versions()})
    watched = live(progress, folder)
    try:
        examples = read_examples(entries, folder / "crops", plan.spacing, part(watched, 0.0, 0.1))
        logits = _cross_validate(plan, examples, folder, part(watched, 0.1, 0.8))
        final = train_members(plan, examples, folder / "final", _named(part(watched, 0.8, 0.97), "final ensemble"))
    except torch.cuda.OutOfMemoryError as error:
        raise OutOfMemory(
            "memory.gpu",
            f"The GPU's memory does not hold {plan.settings.batch} patients of the size '{plan.size}'.",
            "more memory, or fewer patients at a time.",
            "Halve --batch and double --accumulate, or train with --device cpu; finished epochs are kept.",
        ) from error
    labels = label_array(examples, plan.tasks)
    calibration = {task: _calibrated(logits[..., t], labels[:, t]) for t, task in enumerate(plan.tasks)}
    metrics = _metrics(plan, logits, labels)
    _write_predictions(folder, plan, logits, labels, calibration)
    draw_curves(folder)
    bundle = write_network(folder / "bundle", final.networks, examples, plan, calibration, metrics)
    write_file(folder / "result.json", (json.dumps({"metrics": metrics}, indent=1) + "\n").encode())
    progress(1.0, "network trained")
    return Result(bundle, metrics, logits)


def _cross_validate(plan: NetworkPlan, examples: Sequence[Example], folder: Path, progress: Progress) -> np.ndarray:
    """Log-odds (repeats, N, tasks) of every patient from ensembles that did not see them."""
    names = [e.patient for e in examples]
    strata = [stratum(e.site, e.labels, plan.tasks) for e in examples]
    found = np.empty((plan.repeats, len(examples), len(plan.tasks)), np.float32)
    for repeat in range(plan.repeats):
        dealt = patient_folds(names, strata, plan.folds, plan.settings.seed, repeat)
        for fold in range(plan.folds):
            number, total = repeat * plan.folds + fold, plan.repeats * plan.folds
            step = _named(part(progress, number / total, (number + 1) / total), f"fold {number + 1} of {total}")
            learn = [e for e, own in zip(examples, dealt, strict=True) if own != fold]
            test = np.flatnonzero(dealt == fold)
            members = train_members(plan, learn, folder / f"fold-{repeat + 1}-{fold + 1}", step)
            found[repeat, test] = members.logits([examples[i] for i in test], plan.settings.device, plan.settings.batch)
    return found


def _check_classes(entries: Sequence[Entry], plan: NetworkPlan) -> None:
    """Every fold must leave both classes to learn from and to stop by."""
    for task in plan.tasks:
        for label in (0, 1):
            count = len({e.patient for e in entries if e.labels.get(task) == label})
            if count < 3:
                raise InputError(
                    "training.class",
                    f"For {task} there are {count} patients of class {label}.",
                    "at least 3 patients of each class; hundreds for a result.",
                    f"Bring patients of both classes, or leave {task} out of --tasks.",
                )


def _calibrated(logits: np.ndarray, labels: np.ndarray) -> Platt:
    """Platt's calibration of the out-of-fold log-odds (repeats, N), mean over the repeats."""
    known = np.isfinite(labels)
    return platt(logits.mean(axis=0)[known], labels[known].astype(int))


def _metrics(plan: NetworkPlan, logits: np.ndarray, labels: np.ndarray) -> list[dict[str, Any]]:
    protocol = f"{plan.repeats} × {plan.folds}-fold cross-validation over patients, stopped by inner patients; scores pooled"
    found = []
    for column, task in enumerate(plan.tasks):
        known = np.isfinite(labels[:, column])
        y = labels[known, column].astype(int)
        area = delong(logits[:, known, column], y)
        found.append(
            {
                "task": task,
                "metric": "AUC",
                "value": round(area.value, 4),
                "interval": [round(bound, 4) for bound in area.interval],
                "protocol": protocol,
                "n": len(y),
                "events": int(y.sum()),
            }
        )
    return found


def _write_predictions(folder: Path, plan: NetworkPlan, logits, labels, calibration) -> None:
    """Out-of-fold probabilities by row of the cohort file; no patient is named."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", *(f"{task}_{what}" for task in plan.tasks for what in ("label", "probability"))])
    mean = logits.mean(axis=0)
    for row in range(len(mean)):
        cells = [row + 1]
        for column, task in enumerate(plan.tasks):
            label = labels[row, column]
            probability = 1 / (1 + np.exp(-calibration[task](mean[row, column])))
            cells += ["" if np.isnan(label) else int(label), f"{probability:.4f}"]
        writer.writerow(cells)
    write_file(folder / "predictions.csv", text.getvalue().encode())


def _named(progress: Progress, name: str) -> Progress:
    return lambda share, words: progress(share, f"{name}, {words}")


def _digest(cohort: Path) -> str:
    return hashlib.sha256(cohort.read_bytes()).hexdigest()


def _versions() -> dict[str, str]:
    return {"dmdp": __version__, "torch": torch.__version__}
