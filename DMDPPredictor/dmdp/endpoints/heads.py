"""From the patient's hidden vector to the outputs of one endpoint."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus


def head(inputs: int, hidden: int, outputs: int, dropout: float) -> nn.Module:
    """(B, inputs) → (B, outputs), through a layer of its own if ``hidden`` is not 0."""
    if not hidden:
        return nn.Linear(inputs, outputs)
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, outputs))


class CumulativeHead(nn.Module):
    """(B, inputs) → (B, cuts), the log-odds of lying above each cut between ordered classes: one score minus cuts that rise.

    The cuts are a first one and positive steps (softplus), so that no class ever gets a negative probability; CORAL (see
    :mod:`dmdp.endpoints.ordinal`) has free biases, which are ordered only where its loss is least.
    """

    def __init__(self, inputs: int, hidden: int, cuts: int, dropout: float):
        super().__init__()
        self.score = head(inputs, hidden, 1, dropout)
        self.first = nn.Parameter(torch.tensor([-(cuts - 1) / 2.0]))
        self.steps = nn.Parameter(torch.full((cuts - 1,), 0.5413))  # softplus of it is 1

    def forward(self, x: Tensor) -> Tensor:
        cuts = torch.cat([self.first, self.first + softplus(self.steps).cumsum(0)])
        return self.score(x) - cuts
