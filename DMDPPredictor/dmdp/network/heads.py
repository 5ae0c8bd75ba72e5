"""One head over all combinations of the answers to several binary questions."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor


def combinations(tasks: int) -> Tensor:
    """All answers to ``tasks`` binary questions, (2^tasks, tasks) of 0 and 1, in the order of the joint head's outputs."""
    return torch.tensor(list(product((0.0, 1.0), repeat=tasks)))


def marginal_logits(joint: Tensor, tasks: int) -> Tensor:
    """Joint log-scores (B, 2^tasks) → the log-odds (B, tasks) of each task's marginal probability."""
    answers = combinations(tasks).to(joint.device).T.bool()  # (tasks, 2^tasks)
    spread = joint.unsqueeze(1)
    lost = torch.tensor(float("-inf"), device=joint.device, dtype=joint.dtype)
    return torch.where(answers, spread, lost).logsumexp(2) - torch.where(answers, lost, spread).logsumexp(2)
