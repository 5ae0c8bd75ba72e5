"""From the patient's hidden vector to the log-odds of each task: one head per task, or one over all combinations of answers."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus


def head(inputs: int, hidden: int, outputs: int, dropout: float) -> nn.Module:
    """(B, inputs) → (B, outputs), through a layer of its own where ``hidden`` is not 0."""
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


def combinations(tasks: int) -> Tensor:
    """All answers to ``tasks`` binary questions, (2^tasks, tasks) of 0 and 1, in the order of the joint head's outputs."""
    return torch.tensor(list(product((0.0, 1.0), repeat=tasks)))


def marginal_logits(joint: Tensor, tasks: int) -> Tensor:
    """Joint log-scores (B, 2^tasks) → the log-odds (B, tasks) of each task's marginal probability."""
    answers = combinations(tasks).to(joint.device).T.bool()  # (tasks, 2^tasks)
    spread = joint.unsqueeze(1)
    lost = torch.tensor(float("-inf"), device=joint.device, dtype=joint.dtype)
    return torch.where(answers, spread, lost).logsumexp(2) - torch.where(answers, lost, spread).logsumexp(2)
