"""An ensemble of networks: the same patients, with different seeds and different patients for early stopping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dmdp.network.dmdp import Dmdp
from dmdp.progress import Progress, silent

from .batches import Data
from .examples import Example, standardisation
from .plan import NetworkPlan
from .scoring import scores
from .splits import Roster, inner_rows
from .trainer import Trained, train


@dataclass(frozen=True, eq=False)
class Members:
    """The trained members and how each training went."""

    trained: tuple[Trained, ...]

    @property
    def networks(self) -> tuple[Dmdp, ...]:
        """Their networks; all have one configuration."""
        return tuple(t.network for t in self.trained)

    def logits(self, examples: Sequence[Example], device: str, batch: int = 8) -> np.ndarray:
        """Mean outputs of the members, float32 (N, widths)."""
        found = []
        for network in self.networks:
            found.append(scores(network.to(device), Data(examples, network.config), batch, device))
            network.to("cpu")
        return np.mean(found, axis=0)


def train_members(plan: NetworkPlan, patients: Sequence[Example], folder: Path) -> Members:
    """All members on ``patients``, each from its own sub-folder of ``folder``: what was trained there is taken up."""
    return Members(tuple(train_member(plan, patients, folder, number) for number in range(plan.members)))


def train_member(
    plan: NetworkPlan, patients: Sequence[Example], folder: Path, number: int, progress: Progress = silent
) -> Trained:
    """Train the member ``number`` (from 0) on ``patients`` in the sub-folder ``member-N`` ; a stopped training goes on."""
    config = plan.network(*standardisation(patients, plan.values))
    settings = replace(plan.settings, seed=plan.settings.seed + number)
    learn, stop = ([patients[i] for i in rows] for rows in inner_rows(Roster.of(patients, plan.tasks), settings.seed))
    return train(config, settings, learn, stop, folder / f"member-{number + 1}", progress)
