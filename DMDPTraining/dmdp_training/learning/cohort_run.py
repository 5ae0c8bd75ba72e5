"""A network for a cohort: read, cross-validate, train the final ensemble, calibrate, and write the bundle.

The folder of a run holds ``configuration.json``, ``crops/`` (each patient's crop, computed once), ``fold-R-K/member-N/`` and
``final/member-N/`` (checkpoint, best weights, ``log.jsonl``), ``curves.png`` and ``.svg``, ``predictions.csv`` (out of fold, by
line of the cohort file), ``result.json`` and ``bundle/``. A run that was stopped goes on where it was; as long as it holds no
training, a corrected cohort file or other settings are taken up.
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
from dmdp.bundles.bundle import Bundle
from dmdp.errors import InputError, OutOfMemory
from dmdp.patients.row import PatientRow, expanded
from dmdp.progress import Progress, part, silent

from ..ensembles.stacking import Platt
from ..runs.store import open_run, running
from ..statistics.roc import delong
from .calibration import smoothed_platt
from .cohort_csv import read_cohort
from .crops import read_examples
from .curves import draw_curves
from .examples import Example, label_array
from .export import write_network
from .live import live
from .members import train_members
from .notes import IMAGES, column_notes, missing_notes, seen_by
from .plan import NetworkPlan
from .scoring import by_patient
from .splits import Roster, check_splits, outer_folds

CROPS = "crops"


@dataclass(frozen=True, eq=False)
class Result:
    """The bundle; ``metrics`` by task as they stand in its manifest; ``logits`` (repeats, N, tasks) out of fold, uncalibrated;
    ``notes`` on the cohort, for a person."""

    bundle: Bundle
    metrics: list[dict[str, Any]]
    logits: np.ndarray
    notes: tuple[str, ...]


def train_on_cohort(cohort: str | Path, out: str | Path, plan: NetworkPlan, progress: Progress = silent) -> Result:
    """Train and test ``plan`` on the patients of a cohort file (:func:`dmdp_training.learning.cohort_csv.read_cohort`).

    Raises :class:`InputError` for a cohort that cannot be read or learned from, :class:`dmdp.errors.OutputError` where ``out``
    holds something else, :class:`dmdp.errors.ModelError` where a loss is not a number, and :class:`OutOfMemory`.
    """
    cohort = expanded(cohort)
    entries, left_out = _usable(read_cohort(cohort, plan.tasks, plan.columns), plan)
    check_splits(entries, plan)
    digest = _digest(cohort)
    configuration = {"plan": plan.to_json(), "cohort": digest, "versions": _versions()}
    with running(out):
        return _train(plan, entries, left_out, open_run(out, configuration, early=(CROPS,)), digest, progress)


def _train(
    plan: NetworkPlan,
    entries: tuple[PatientRow, ...],
    left_out: tuple[str, ...],
    folder: Path,
    digest: str,
    progress: Progress,
) -> Result:
    """Within an open run ``folder``, from the crops to the bundle; ``digest`` is that of the cohort."""
    watched = live(progress, folder)
    examples = read_examples(entries, folder / CROPS, plan.spacing, part(watched, 0.0, 0.1))
    notes = (*left_out, *column_notes(plan), *missing_notes(plan, examples))
    for note in notes:
        progress(0.1, note)
    try:
        logits = _cross_validate(plan, examples, folder, part(watched, 0.1, 0.8))
        final = train_members(plan, examples, folder / "final", _named(part(watched, 0.8, 0.97), "final ensemble"))
    except torch.cuda.OutOfMemoryError as error:
        raise OutOfMemory(
            "memory.gpu",
            f"The GPU's memory does not hold {plan.settings.batch} patients of the size '{plan.size}'.",
            "more memory, or fewer patients at a time.",
            "Halve --batch and double --accumulate, or train with --device cpu; a run has one batch and one device, so give it a "
            f"new folder. The folder '{CROPS}' of this one can be copied there, and no image is read again.",
        ) from error
    labels = label_array(examples, plan.tasks)
    calibration = {task: _calibrated(logits[..., t], labels[:, t]) for t, task in enumerate(plan.tasks)}
    metrics = _metrics(plan, examples, logits, labels)
    _write_predictions(folder, plan, entries, logits, labels, calibration)
    draw_curves(folder)
    made_from = {"cohort": digest, "seed": str(plan.settings.seed)}
    bundle = write_network(folder / "bundle", final.networks, examples, plan, calibration, metrics, notes, made_from)
    write_file(folder / "result.json", (json.dumps({"metrics": metrics, "notes": notes}, indent=1) + "\n").encode())
    progress(1.0, "network trained")
    return Result(bundle, metrics, logits, notes)


def _usable(entries: Sequence[PatientRow], plan: NetworkPlan) -> tuple[tuple[PatientRow, ...], tuple[str, ...]]:
    seen, notes = seen_by(plan, entries)
    if seen:
        return seen, notes
    raise InputError(
        "cohort.modality",
        f"None of the {len(entries)} rows has what the network looks at ({', '.join(IMAGES[m] for m in plan.modalities)}).",
        "patients with such images.",
        "Bring them, or change --modalities.",
    )


def _cross_validate(plan: NetworkPlan, examples: Sequence[Example], folder: Path, progress: Progress) -> np.ndarray:
    """Log-odds (repeats, N, tasks) of every patient from ensembles that did not see them."""
    roster = Roster.of(examples, plan.tasks)
    found = np.empty((plan.repeats, len(examples), len(plan.tasks)), np.float32)
    for repeat in range(plan.repeats):
        dealt = outer_folds(roster, plan, repeat)
        for fold in range(plan.folds):
            number, total = repeat * plan.folds + fold, plan.repeats * plan.folds
            step = _named(part(progress, number / total, (number + 1) / total), f"fold {number + 1} of {total}")
            learn = [e for e, own in zip(examples, dealt, strict=True) if own != fold]
            test = np.flatnonzero(dealt == fold)
            members = train_members(plan, learn, folder / f"fold-{repeat + 1}-{fold + 1}", step)
            found[repeat, test] = members.logits([examples[i] for i in test], plan.settings.device, plan.settings.batch)
    return found


def _calibrated(logits: np.ndarray, labels: np.ndarray) -> Platt:
    """The calibration of the out-of-fold log-odds (repeats, N) of the scans with a known label."""
    known = np.isfinite(labels)
    return smoothed_platt(logits[:, known], labels[known].astype(int))


def _metrics(plan: NetworkPlan, examples: Sequence[Example], logits: np.ndarray, labels: np.ndarray) -> list[dict[str, Any]]:
    """By task, over patients: the log-odds of a patient's scans are averaged."""
    names = [e.patient for e in examples]
    protocol = f"{plan.repeats} × {plan.folds}-fold cross-validation over patients, stopped by inner patients; scores pooled"
    found = []
    for column, task in enumerate(plan.tasks):
        scores, y = by_patient(names, logits[..., column], labels[:, column])
        area = delong(scores, y)
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


def _write_predictions(
    folder: Path, plan: NetworkPlan, entries: Sequence[PatientRow], logits: np.ndarray, labels: np.ndarray, calibration
) -> None:
    """Out-of-fold log-odds (mean of the repeats) by line of the cohort file; no patient is named. The name of the column with the
    probability says that the calibration, unlike the network, saw the row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ("label", "log_odds", "probability_calibration_saw_row")
    writer.writerow(["row", *(f"{task}_{what}" for task in plan.tasks for what in columns)])
    mean = logits.mean(axis=0)
    for row, entry in enumerate(entries):
        cells: list[object] = [entry.line]
        for column, task in enumerate(plan.tasks):
            label = labels[row, column]
            probability = 1 / (1 + np.exp(-calibration[task](mean[row, column])))
            cells += ["" if np.isnan(label) else int(label), f"{mean[row, column]:.4f}", f"{probability:.4f}"]
        writer.writerow(cells)
    write_file(folder / "predictions.csv", text.getvalue().encode())


def _named(progress: Progress, name: str) -> Progress:
    return lambda share, words: progress(share, f"{name}, {words}")


def _digest(cohort: Path) -> str:
    return hashlib.sha256(cohort.read_bytes()).hexdigest()


def _versions() -> dict[str, str]:
    return {"dmdp": __version__, "torch": torch.__version__}
