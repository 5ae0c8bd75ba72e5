"""What a network says of patients, and how well it orders them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from dmdp.network.dmdp import Dmdp
from dmdp.network.losses import masked_task_loss

from ..statistics.metrics import auc
from .batches import Data


@torch.no_grad()
def scores(network: Dmdp, data: Data, size: int, device: str = "cpu") -> np.ndarray:
    """Log-odds float32 (N, tasks) in evaluation mode."""
    network.eval()
    found = []
    for batch in data.plain(size):
        moved = batch.to(device)
        found.append(network(moved.images, moved.values if network.config.tabular else None).logits.float().cpu().numpy())
    return np.concatenate(found)


def aucs(logits: np.ndarray, labels: np.ndarray, tasks: Sequence[str]) -> dict[str, float]:
    """AUC by task over its known labels; a task without patients of both classes is left out. Both arrays (N, tasks)."""
    found = {}
    for column, task in enumerate(tasks):
        known = np.isfinite(labels[:, column])
        answers = labels[known, column]
        if 0 < answers.sum() < len(answers):
            found[task] = float(auc(logits[known, column], answers.astype(int)))
    return found


def task_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Unsmoothed, unweighted cross-entropy over the known labels; both arrays (N, tasks)."""
    return float(masked_task_loss(torch.from_numpy(logits), torch.from_numpy(labels)))


def by_patient(names: Sequence[str], logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean log-odds (repeats, P) and label (P,) 0/1 of every patient, over their scans with a known label: from the patients'
    ``names``, log-odds (repeats, N) and ``labels`` (N,) of scans."""
    rows = np.flatnonzero(np.isfinite(labels))
    _, first, own = np.unique(np.array(names)[rows], return_index=True, return_inverse=True)
    share = own[:, None] == np.arange(len(first))
    return logits[:, rows] @ (share / share.sum(axis=0)), labels[rows][first].astype(int)
