"""The networks of a bundle as one model: mean log-odds of its members, calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .dmdp import Dmdp


@dataclass(frozen=True, eq=False)
class Members:
    """``networks`` of one configuration; ``calibration`` {task: {slope, intercept}} of the mean log-odds, where there is one."""

    networks: tuple[Dmdp, ...]
    calibration: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @torch.no_grad()
    def probabilities(self, images: Tensor, values: Tensor | None) -> list[float]:
        """By task, for one patient: ``images`` (1, 2, z, y, x), ``values`` (1, F) or None."""
        return self.calibrated(torch.stack([network(images, values).logits[0] for network in self.networks]))

    def calibrated(self, logits: Tensor) -> list[float]:
        """Probabilities by task from the members' log-odds (members, tasks)."""
        found = []
        for mean, task in zip(logits.float().mean(dim=0), self.networks[0].config.tasks, strict=True):
            platt = self.calibration.get(task, {"slope": 1.0, "intercept": 0.0})
            found.append(float(torch.sigmoid(platt["slope"] * mean + platt["intercept"])))
        return found
