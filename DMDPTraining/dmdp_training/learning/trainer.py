"""Epoch after epoch until inner validation no longer improves; a kill costs at most the epoch that it fell into.

On a CPU, with the same number of threads and the same version of torch, a training that was killed and goes on ends with the very
weights of one that ran through: everything random follows from (seed, epoch, patient), and the checkpoint holds the rest. On CUDA
the order of sums is not fixed; what is reached differs in the last digits and then by what grows from them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dmdp.atomic import write_file
from dmdp.errors import InputError, ModelError
from dmdp.network.config import NetworkConfig
from dmdp.network.dmdp import Dmdp
from dmdp.network.losses import class_weights
from dmdp.progress import Progress, silent

from ..endpoints.registry import study_of
from .batches import Data
from .epoch import one_epoch
from .examples import Example
from .scoring import endpoint_scores, scores, task_loss
from .settings import TrainingSettings, digest
from .splits import Roster
from .state import State, begin, load_best, load_state, save_best, save_state

CHECKPOINT, LOG = "checkpoint.safetensors", "log.jsonl"
BEST = "best-*.safetensors"  # the number is that of the epoch


@dataclass(frozen=True, eq=False)
class Trained:
    """The averaged weights of the best epoch; its score by task (AUC or c-index) on the patients that stopping looked at
    (optimistic: they chose the epoch); and the record of every epoch."""

    network: Dmdp
    epoch: int
    aucs: dict[str, float]
    history: tuple[dict[str, Any], ...]


def train(
    config: NetworkConfig,
    settings: TrainingSettings,
    learn: Sequence[Example],
    stop: Sequence[Example],
    folder: str | Path,
    progress: Progress = silent,
) -> Trained:
    """Learn from ``learn``, stop by ``stop`` (other patients; never those that a result is reported on), keep all in ``folder``.

    ``folder`` gets ``checkpoint.safetensors`` after each epoch, the best weights as ``best-<epoch>.safetensors`` and
    ``log.jsonl`` (a line per epoch: parts of the loss, AUC by task, learning rate). If it holds a checkpoint of the
    same training, it goes on from there; if the best weights are gone, it begins again.
    Raises :class:`InputError` for patients from whom nothing can be learned and :class:`ModelError` for a foreign checkpoint or
    a loss that is not a number.
    """
    folder = Path(folder)
    data, held = Data(learn, config), Data(stop, config)
    _check(data, held, settings)
    what = _what(config, settings, data, held)
    state = _resumed(folder, config, settings, what)
    _write_log(folder, state)
    weights = class_weights(torch.from_numpy(data.labels)).to(settings.device) if settings.balance else None
    started, before = time.monotonic(), state.epoch
    with _deterministic(settings.device):
        while not _finished(state, settings):
            said = _words(state, settings, started, before)
            losses = one_epoch(
                state,
                data,
                settings,
                weights,
                lambda share, said=said: progress((state.epoch + 0.95 * share) / settings.epochs, said),
            )
            record = _validate(state, held, settings, folder)
            state.epoch += 1
            state.history.append({"epoch": state.epoch, "losses": losses, **record})
            save_state(folder / CHECKPOINT, state, what)
            _forget_former(folder, state.best["epoch"])
            _write_log(folder, state)
            progress(state.epoch / settings.epochs, _words(state, settings, started, before))
    network, facts = load_best(best_file(folder, state.best["epoch"]))
    return Trained(network, facts["epoch"], facts["aucs"], tuple(state.history))


def _write_log(folder: Path, state: State) -> None:
    """The record of every epoch, without any time, so that a resumed training leaves the same log as an uninterrupted one."""
    write_file(folder / LOG, "".join(json.dumps(record) + "\n" for record in state.history).encode())


def best_file(folder: Path, epoch: int) -> Path:
    """Where the weights of the best epoch are kept. Its number is in the name, so that a kill between this file and the
    checkpoint leaves the pair that belongs together."""
    return folder / BEST.replace("*", str(epoch))


def _resumed(folder: Path, config: NetworkConfig, settings: TrainingSettings, what: str) -> State:
    """The state of the checkpoint, or the beginning."""
    state = begin(config, settings)
    if not (folder / CHECKPOINT).exists():
        return state
    load_state(folder / CHECKPOINT, state, what)
    try:
        load_best(best_file(folder, state.best["epoch"]))
    except ModelError:  # an earlier epoch cannot be restored from the checkpoint alone
        return begin(config, settings)
    return state


def _forget_former(folder: Path, epoch: int) -> None:
    """Delete the best weights of other epochs, once the checkpoint no longer names them."""
    for path in folder.glob(BEST):
        if path != best_file(folder, epoch):
            path.unlink(missing_ok=True)


def _validate(state: State, held: Data, settings: TrainingSettings, folder: Path) -> dict[str, Any]:
    """Score the averaged weights, and keep them if they are the best so far: by the mean of the tasks' scores, then by the
    loss."""
    logits = scores(state.average.network, held, settings.batch, settings.device)
    tasks = held.config.tasks
    found, loss = endpoint_scores(logits, held.labels, tasks), task_loss(logits, held.labels, tasks)
    mean = round(float(np.mean(list(found.values()))), 4)
    if state.best is None or (mean, -loss) > (state.best["auc"], -state.best["loss"]):
        state.best = {"epoch": state.epoch + 1, "auc": mean, "loss": loss, "aucs": found}
        save_best(best_file(folder, state.best["epoch"]), state.average.network, state.best)
    return {"auc": found, "validation_loss": loss, "rate": state.optimiser.param_groups[0]["lr"]}


def _finished(state: State, settings: TrainingSettings) -> bool:
    waited = state.epoch - state.best["epoch"] if state.best else 0
    return state.epoch >= settings.epochs or waited >= settings.patience


def _check(data: Data, held: Data, settings: TrainingSettings) -> None:
    shared = {e.patient for e in data.examples} & {e.patient for e in held.examples}
    if shared or not len(data) or not len(held):
        raise InputError(
            "training.split",
            f"{len(data)} scans to learn from, {len(held)} to stop by, {len(shared)} patients in both.",
            "patients in both parts, none of them in common.",
            "Split by patient.",
        )
    for task, counts in Roster.of(data.examples, data.config.tasks).counts().items():
        if not all(counts):
            classes = [str(group) for group, count in enumerate(counts) if count]
            known = f"only class {' and '.join(classes)}" if classes else "no known label"
            raise InputError(
                "training.class",
                f"For {task} there is {known} among the {len(data)} scans to learn from.",
                "patients of every class.",
                f"Bring patients of every class, or leave {task} out.",
            )
    if not endpoint_scores(np.zeros((len(held), sum(e.width for e in held.config.endpoints))), held.labels, held.config.tasks):
        raise InputError(
            "training.class",
            f"No task has both classes among the {len(held)} scans to stop by.",
            "both classes of one task at least.",
            "Bring more patients.",
        )
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise InputError("training.device", "CUDA cannot be used here.", "a CUDA device.", "Train on the CPU.")


def _what(config: NetworkConfig, settings: TrainingSettings, data: Data, held: Data) -> str:
    """A digest of all that the result follows from."""
    content = hashlib.sha256()
    for part in (data, held):
        outlines = [e.lesion for e in part.examples if e.lesion is not None] if part.config.decoder else []
        present = np.array([e.present for e in part.examples])
        for array in (part.values, part.labels, part.patients, present, *(e.images for e in part.examples), *outlines):
            content.update(np.ascontiguousarray(array).tobytes())
    return digest(config.to_json(), settings.to_json(), content.hexdigest())


def _words(state: State, settings: TrainingSettings, started: float, before: int) -> str:
    words = [f"epoch {min(state.epoch + 1, settings.epochs)} of {settings.epochs}"]
    if state.history:
        last = state.history[-1]
        words.append("loss " + ", ".join(f"{name} {value:.3f}" for name, value in last["losses"].items()))
        words.append(", ".join(f"{study_of(task).measure} {task} {value:.2f}" for task, value in last["auc"].items()))
    if state.epoch > before:
        left = (time.monotonic() - started) / (state.epoch - before) * (settings.epochs - state.epoch)
        words.append(f"at most {left / 60:.0f} min left")
    return "; ".join(words)


@contextmanager
def _deterministic(device: str) -> Iterator[None]:
    """Only algorithms that give the same sums again (on CUDA: if there are such)."""
    before, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=device == "cuda")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
