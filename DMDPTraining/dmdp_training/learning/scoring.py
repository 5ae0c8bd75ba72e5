"""The outputs of a network for patients, and how well they order them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from dmdp.endpoints.base import target_widths, widths
from dmdp.endpoints.registry import endpoint_of
from dmdp.network.dmdp import Dmdp
from dmdp.network.losses import endpoint_loss

from ..endpoints.registry import study_of
from .batches import Data


@torch.no_grad()
def scores(network: Dmdp, data: Data, size: int, device: str = "cpu") -> np.ndarray:
    """Outputs float32 (N, widths) in evaluation mode."""
    network.eval()
    found = []
    for batch in data.plain(size):
        moved = batch.to(device)
        found.append(network(moved.images, moved.values if network.config.tabular else None).logits.float().cpu().numpy())
    return np.concatenate(found)


def endpoint_scores(outputs: np.ndarray, targets: np.ndarray, tasks: Sequence[str]) -> dict[str, float]:
    """The score by task that selects the epoch (the AUC, or the c-index for ordered classes), over known labels; a task without a
    defined score is left out. ``outputs`` (N, widths), ``targets`` (N, targets).
    """
    endpoints = [endpoint_of(task) for task in tasks]
    found = {
        task: study_of(task).score(outputs[:, own], targets[:, aims])
        for task, own, aims in zip(tasks, widths(endpoints), target_widths(endpoints), strict=True)
    }
    return {task: value for task, value in found.items() if value is not None}


def task_loss(outputs: np.ndarray, targets: np.ndarray, tasks: Sequence[str]) -> float:
    """Unsmoothed, unweighted loss over the known labels; ``outputs`` (N, widths), ``targets`` (N, targets)."""
    return float(endpoint_loss([endpoint_of(task) for task in tasks], torch.from_numpy(outputs), torch.from_numpy(targets)))
