"""A network for a cohort: read, cross-validate, train the final ensemble, calibrate, and write the bundle.

The folder of a run holds ``configuration.json``, ``crops/`` (each patient's crop, computed once), ``fold-R-K/member-N/`` and
``final/member-N/`` (checkpoint, best weights, ``log.jsonl``), ``pieces/`` (best epoch and AUC of each training that is over),
``curves.png`` and ``.svg``, ``predictions.csv`` (out of fold, by line of the cohort file), ``result.json`` and ``bundle/``. A run
that was stopped goes on where it was; as long as it holds no training, a corrected cohort file or other settings are taken up.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from dmdp import __version__
from dmdp.atomic import write_file
from dmdp.bundles.bundle import Bundle
from dmdp.bundles.card import Metric
from dmdp.documents.codec import json_text
from dmdp.endpoints.base import target_widths, widths
from dmdp.errors import InputError
from dmdp.intake.row import PatientRow, expanded
from dmdp.jobs.executor import Executor
from dmdp.jobs.here import HERE
from dmdp.progress import Progress, part, silent

from ..endpoints.base import Study
from ..endpoints.registry import study_of
from ..runs.store import open_run, running
from .cohort_csv import read_cohort
from .crops import read_examples
from .curves import draw_curves
from .examples import Example, label_array
from .export import write_network
from .live import live
from .members import train_members
from .notes import IMAGES, column_notes, missing_notes, seen_by
from .pieces import CROPS, FINAL, digest_of, ensemble_name, train_pieces
from .plan import NetworkPlan
from .splits import Roster, check_splits, outer_folds


@dataclass(frozen=True, eq=False)
class Result:
    """The bundle; ``metrics`` by task as they stand in its manifest; ``logits`` (repeats, N, widths) out of fold, uncalibrated;
    ``notes`` on the cohort, for a person."""

    bundle: Bundle
    metrics: tuple[Metric, ...]
    logits: np.ndarray
    notes: tuple[str, ...]


def train_on_cohort(
    cohort: str | Path, out: str | Path, plan: NetworkPlan, progress: Progress = silent, executor: Executor = HERE
) -> Result:
    """Train and test ``plan`` on the patients of a cohort file (:func:`dmdp_training.learning.cohort_csv.read_cohort`).

    Raises :class:`InputError` for a cohort that cannot be read or learned from, :class:`dmdp.errors.OutputError` if ``out``
    holds something else, :class:`dmdp.errors.ModelError` if a loss is not a number, and :class:`OutOfMemory`.
    """
    cohort = expanded(cohort)
    entries, left_out = _usable(read_cohort(cohort, plan.tasks, plan.columns), plan)
    check_splits(entries, plan)
    digest = digest_of(cohort)
    configuration = {"plan": plan.to_json(), "cohort": digest, "versions": _versions()}
    with running(out):
        folder = open_run(out, configuration, early=(CROPS,))
        watched = live(progress, folder)
        examples = read_examples(entries, folder / CROPS, plan.spacing, part(watched, 0.0, 0.1))
        notes = (*left_out, *column_notes(plan), *missing_notes(plan, examples))
        for note in notes:
            progress(0.1, note)
        train_pieces(plan, examples, cohort, digest, folder, executor, part(watched, 0.1, 0.97))
        return _result(plan, entries, examples, notes, folder, digest, progress)


def _result(
    plan: NetworkPlan,
    entries: tuple[PatientRow, ...],
    examples: list[Example],
    notes: tuple[str, ...],
    folder: Path,
    digest: str,
    progress: Progress,
) -> Result:
    """Within an open run ``folder`` that holds all trainings, from them to the bundle; ``digest`` is that of the cohort."""
    logits = _cross_validate(plan, examples, folder)
    final = train_members(plan, examples, folder / FINAL)
    labels = label_array(examples, plan.tasks)
    calibration = {s.endpoint.name: s.calibrate(logits[..., own], labels[:, aims]) for s, own, aims in _studies(plan)}
    metrics = _metrics(plan, examples, logits, labels)
    _write_predictions(folder, plan, entries, logits, labels, calibration)
    draw_curves(folder)
    made_from = {"cohort": digest, "seed": str(plan.settings.seed)}
    bundle = write_network(folder / "bundle", final.networks, examples, plan, calibration, metrics, notes, made_from)
    write_file(folder / "result.json", json_text({"metrics": metrics, "notes": notes}).encode())
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


def _cross_validate(plan: NetworkPlan, examples: Sequence[Example], folder: Path) -> np.ndarray:
    """Outputs (repeats, N, widths) of every patient from ensembles that did not see them."""
    roster = Roster.of(examples, plan.tasks)
    found = np.empty((plan.repeats, len(examples), _studies(plan)[-1][1].stop), np.float32)
    for repeat in range(plan.repeats):
        dealt = outer_folds(roster, plan, repeat)
        for fold in range(plan.folds):
            learn = [e for e, own in zip(examples, dealt, strict=True) if own != fold]
            test = np.flatnonzero(dealt == fold)
            members = train_members(plan, learn, folder / ensemble_name(repeat, fold))
            found[repeat, test] = members.logits([examples[i] for i in test], plan.settings.device, plan.settings.batch)
    return found


def _studies(plan: NetworkPlan) -> list[tuple[Study, slice, slice]]:
    """The study half of each endpoint, with its outputs and its targets among those of all."""
    studies = [study_of(task) for task in plan.tasks]
    endpoints = [study.endpoint for study in studies]
    return list(zip(studies, widths(endpoints), target_widths(endpoints), strict=True))


def _metrics(plan: NetworkPlan, examples: Sequence[Example], logits: np.ndarray, labels: np.ndarray) -> tuple[Metric, ...]:
    """By task, over patients."""
    names = [e.patient for e in examples]
    protocol = f"{plan.repeats} × {plan.folds}-fold cross-validation over patients, stopped by inner patients; scores pooled"
    return tuple(
        Metric(
            task=study.endpoint.name,
            metric=metric["metric"],
            value=round(metric["value"], 4),
            interval=tuple(round(bound, 4) for bound in metric["interval"]),
            protocol=protocol,
            n=metric["n"],
            events=metric.get("events"),
        )
        for study, own, aims in _studies(plan)
        for metric in study.metrics(names, logits[..., own], labels[:, aims])
    )


def _write_predictions(
    folder: Path, plan: NetworkPlan, entries: Sequence[PatientRow], logits: np.ndarray, labels: np.ndarray, calibration
) -> None:
    """Out-of-fold scores (mean of the repeats) by line of the cohort file; no patient is named."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    studies = _studies(plan)
    writer.writerow(["row", *(f"{study.endpoint.name}_{what}" for study, _, _ in studies for what in study.headers)])
    mean = logits.mean(axis=0)
    for row, entry in enumerate(entries):
        cells = [study.cells(mean[row, own], labels[row, aims], calibration[study.endpoint.name]) for study, own, aims in studies]
        writer.writerow([entry.line, *(cell for own in cells for cell in own)])
    write_file(folder / "predictions.csv", text.getvalue().encode())


def _versions() -> dict[str, str]:
    return {"dmdp": __version__, "torch": torch.__version__}
