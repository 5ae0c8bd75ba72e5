"""The networks of a bundle as one model: mean log-odds of its members, calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..endpoints.answers import Said
from ..endpoints.base import widths
from .dmdp import Dmdp


@dataclass(frozen=True, eq=False)
class Members:
    """``networks`` of one configuration; ``calibration`` of the mean outputs by task, as its endpoint reads it, if there is
    one."""

    networks: tuple[Dmdp, ...]
    calibration: Mapping[str, Mapping[str, float | tuple[float, ...]]] = field(default_factory=dict)

    @torch.no_grad()
    def probabilities(self, images: Tensor, values: Tensor | None) -> dict[str, Said]:
        """By task, for one patient: ``images`` (1, 2, z, y, x), ``values`` (1, F) or None."""
        return self.calibrated(torch.stack([network(images, values).logits[0] for network in self.networks]))

    def calibrated(self, logits: Tensor) -> dict[str, Said]:
        """Probabilities by task, of an ordinal one by class, from the members' outputs (members, widths)."""
        mean, endpoints = logits.float().mean(dim=0), self.networks[0].config.endpoints
        parts = zip(endpoints, widths(endpoints), strict=True)
        return {e.name: e.said(mean[own], self.calibration.get(e.name)) for e, own in parts}
