"""What the network is trained to make small."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize


def masked_task_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy over the known labels of all tasks; 0 where a batch has none.

    ``logits`` and ``labels`` (B, tasks), labels 0/1 or NaN where unknown; each task counts by its known labels.
    """
    known = torch.isfinite(labels)
    loss = binary_cross_entropy_with_logits(logits, torch.where(known, labels, 0.0), reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def alignment_loss(image: Tensor, table: Tensor, temperature: float = 0.1) -> Tensor:
    """Symmetric InfoNCE between the embeddings (B, E) of the same patients' images and tables."""
    similarity = normalize(image, dim=1) @ normalize(table, dim=1).T / temperature
    target = torch.arange(len(image), device=image.device)
    return (cross_entropy(similarity, target) + cross_entropy(similarity.T, target)) / 2
