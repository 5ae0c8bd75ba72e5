"""An ensemble of networks: the same patients, different seeds, and different patients to stop by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dmdp.network.dmdp import Dmdp
from dmdp.progress import Progress, part, silent

from .batches import Data
from .examples import Example, label_array, standardisation
from .folds import inner_split, stratum
from .plan import NetworkPlan
from .scoring import scores
from .trainer import Trained, train

SHARES = (1 / 5, 1 / 3, 1 / 2)  # of the patients that early stopping looks at


@dataclass(frozen=True, eq=False)
class Members:
    """The trained members and how each training went."""

    trained: tuple[Trained, ...]

    @property
    def networks(self) -> tuple[Dmdp, ...]:
        """Their networks; all have one configuration."""
        return tuple(t.network for t in self.trained)

    def logits(self, examples: Sequence[Example], device: str, batch: int = 8) -> np.ndarray:
        """Mean log-odds of the members, float32 (N, tasks)."""
        found = []
        for network in self.networks:
            found.append(scores(network.to(device), Data(examples, network.config), batch, device))
            network.to("cpu")
        return np.mean(found, axis=0)


def train_members(plan: NetworkPlan, patients: Sequence[Example], folder: Path, progress: Progress = silent) -> Members:
    """Train all members on ``patients``; each in its own sub-folder ``member-N``, where a stopped one goes on."""
    names = [e.patient for e in patients]
    strata = [stratum(e.site, e.labels, plan.tasks) for e in patients]
    labels = label_array(patients, plan.tasks)
    mean, deviation = standardisation(patients, plan.values)
    config, found = plan.network(mean, deviation), []
    for number in range(plan.members):
        step = part(progress, number / plan.members, (number + 1) / plan.members)
        said = f"member {number + 1} of {plan.members}, " if plan.members > 1 else ""

        def report(share: float, words: str, step=step, said=said) -> None:
            step(share, said + words)

        settings = replace(plan.settings, seed=plan.settings.seed + number)
        learn, stop = _split(names, strata, labels, settings.seed)
        found.append(
            train(
                config,
                settings,
                [patients[i] for i in learn],
                [patients[i] for i in stop],
                folder / f"member-{number + 1}",
                report,
            )
        )
    return Members(tuple(found))


def _split(names: Sequence[str], strata: Sequence[str], labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and to stop by: a fifth of the patients, or more of a small cohort until both classes of every task are
    on both sides. Where that cannot be, the last split; the training says what it lacks."""
    for share in SHARES:
        learn, stop = inner_split(names, strata, seed, share)
        if all(_both_classes(labels[rows]) for rows in (learn, stop)):
            break
    return learn, stop


def _both_classes(labels: np.ndarray) -> bool:
    return all((labels[:, task] == label).any() for task in range(labels.shape[1]) for label in (0, 1))
