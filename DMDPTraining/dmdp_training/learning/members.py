"""An ensemble of networks: the same patients, different seeds, and different patients to stop by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dmdp.network.dmdp import Dmdp
from dmdp.progress import Progress, part, silent

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


def train_members(plan: NetworkPlan, patients: Sequence[Example], folder: Path, progress: Progress = silent) -> Members:
    """Train all members on ``patients``; each in its own sub-folder ``member-N``, where a stopped one goes on."""
    roster = Roster.of(patients, plan.tasks)
    mean, deviation = standardisation(patients, plan.values)
    config, found = plan.network(mean, deviation), []
    for number in range(plan.members):
        step = part(progress, number / plan.members, (number + 1) / plan.members)
        said = f"member {number + 1} of {plan.members}, " if plan.members > 1 else ""

        def report(share: float, words: str, step=step, said=said) -> None:
            step(share, said + words)

        settings = replace(plan.settings, seed=plan.settings.seed + number)
        learn, stop = inner_rows(roster, settings.seed)
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
