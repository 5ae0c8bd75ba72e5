"""The trainings of a cohort as pieces for any executor: each member of the ensemble of each fold, and of the final ensemble."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from dmdp.errors import InputError, OutOfMemory
from dmdp.jobs.executor import Executor, Piece
from dmdp.jobs.functions import function_name, piece_function, shared_input, sharing
from dmdp.jobs.pieces import run_pieces
from dmdp.progress import Progress, silent

from .cohort_csv import read_cohort
from .crops import read_examples
from .examples import Example
from .members import train_member
from .notes import seen_by
from .plan import NetworkPlan
from .splits import Roster, outer_folds

CROPS = "crops"
FINAL = "final"  # the ensemble that learns from everybody


def digest_of(cohort: Path) -> str:
    """SHA-256 of a cohort file."""
    return hashlib.sha256(cohort.read_bytes()).hexdigest()


def ensemble_name(repeat: int, fold: int) -> str:
    """The name of the ensemble that does not see a fold, and of its folder; both count from 0."""
    return f"fold-{repeat + 1}-{fold + 1}"


def train_pieces(
    plan: NetworkPlan,
    examples: Sequence[Example],
    cohort: Path,
    digest: str,
    folder: Path,
    executor: Executor,
    progress: Progress = silent,
) -> None:
    """Train all that a ``plan`` asks for on ``examples``, which are those of the ``cohort`` file, into the run ``folder``."""
    run, cohort = folder.absolute(), cohort.absolute()
    common = {"run": str(run), "cohort": str(cohort), "digest": digest, "plan": plan.to_json()}
    pieces = []
    for name, (repeat, fold), title in _ensembles(plan):
        for member in range(plan.members):
            said = title + (f", member {member + 1} of {plan.members}" if plan.members > 1 else "")
            description = {**common, "ensemble": name, "repeat": repeat, "fold": fold, "member": member}
            pieces.append(Piece(f"{name}-{member + 1}", function_name(compute_member), description, said))
    with sharing({_key(common): examples}):
        for _trained in run_pieces(folder, pieces, executor, progress):
            pass  # the weights lie in the run


def _ensembles(plan: NetworkPlan) -> list[tuple[str, tuple[int | None, int | None], str]]:
    """Name, repeat and fold, and title of every ensemble; the last has neither repeat nor fold."""
    dealt = [(repeat, fold) for repeat in range(plan.repeats) for fold in range(plan.folds)]
    folds = [(ensemble_name(*own), own, f"fold {number + 1} of {len(dealt)}") for number, own in enumerate(dealt)]
    return [*folds, (FINAL, (None, None), "final ensemble")]


@piece_function
def compute_member(description: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Train a ``member`` of the ensemble that does not see a ``fold`` of a ``repeat`` (None: the one that sees all patients).

    The answer says at which epoch it was best, and its AUC by task on the patients that it was stopped by.
    """
    plan = NetworkPlan.from_json(description["plan"])
    learn = examples = shared_input(_key(description), lambda: _load(description, plan))
    if description["fold"] is not None:
        dealt = outer_folds(Roster.of(examples, plan.tasks), plan, description["repeat"])
        learn = [example for example, own in zip(examples, dealt, strict=True) if own != description["fold"]]
    folder = Path(description["run"]) / description["ensemble"]
    try:
        trained = train_member(plan, learn, folder, description["member"], progress)
    except torch.cuda.OutOfMemoryError as error:
        raise OutOfMemory(
            "memory.gpu",
            f"The GPU's memory does not hold {plan.settings.batch} patients of the size '{plan.size}'.",
            "more memory, or fewer patients at a time.",
            "Halve --batch and double --accumulate, or train with --device cpu; a run has one batch and one device, so give it a "
            f"new folder. The folder '{CROPS}' of this one can be copied there, and no image is read again.",
        ) from error
    return {"epoch": trained.epoch, "auc": trained.aucs}


def _key(description: Mapping[str, Any]) -> str:
    return f"cohort {description['digest']} in {description['run']}"


def _load(description: Mapping[str, Any], plan: NetworkPlan) -> list[Example]:
    cohort = Path(description["cohort"])
    if digest_of(cohort) != description["digest"]:
        raise InputError(
            "cohort.changed",
            f"'{cohort.name}' was changed while networks are trained on it.",
            "the file that the run was begun with.",
            "Put it back, or begin another run.",
        )
    seen, _notes = seen_by(plan, read_cohort(cohort, plan.tasks, plan.columns))
    return read_examples(seen, Path(description["run"]) / CROPS, plan.spacing)
