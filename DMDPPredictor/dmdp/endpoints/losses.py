"""The loss of an endpoint's outputs; unknown labels do not contribute."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def cross_entropies(
    logits: Tensor, labels: Tensor, smoothing: float = 0.0, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy (B, columns), and which labels are known.

    ``logits`` and ``labels`` (B, columns), labels 0/1 or NaN if unknown. ``smoothing`` draws the labels towards ½ (0.05: 0.025
    and 0.975); ``weights`` (columns, 2) weigh the negative and the positive class.
    """
    known = torch.isfinite(labels)
    target = torch.where(known, labels, 0.0)
    loss = binary_cross_entropy_with_logits(logits, target * (1 - smoothing) + smoothing / 2, reduction="none")
    if weights is not None:
        loss = loss * torch.where(target > 0.5, weights[:, 1], weights[:, 0])
    return loss, known
