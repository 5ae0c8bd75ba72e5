"""The losses that the heads are trained to minimise; unknown labels do not contribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from ..endpoints.base import Endpoint, target_widths, widths
from .heads import combinations


def endpoint_loss(
    endpoints: Sequence[Endpoint], outputs: Tensor, targets: Tensor, smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """The mean loss over what is known of all endpoints; 0 if nothing is.

    ``outputs`` (B, widths) and ``targets`` (B, targets), NaN if unknown, of the ``endpoints`` in order; each counts by its known
    targets. ``smoothing`` and ``weights`` (targets, 2) are as in :func:`dmdp.endpoints.losses.cross_entropies`.
    """
    alike: dict[Callable[..., tuple[Tensor, Tensor]], tuple[list[int], list[int]]] = {}
    for endpoint, own, aims in zip(endpoints, widths(endpoints), target_widths(endpoints), strict=True):
        columns = alike.setdefault(endpoint.losses, ([], []))
        columns[0].extend(range(own.start, own.stop))
        columns[1].extend(range(aims.start, aims.stop))
    found = [
        losses(outputs[:, own], targets[:, aims], smoothing, None if weights is None else weights[aims])
        for losses, (own, aims) in alike.items()
    ]
    total, count = (sum(parts) for parts in zip(*(((loss * known).sum(), known.sum()) for loss, known in found), strict=True))
    return total / count.clamp(min=1)


def joint_loss(joint: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """−log of the probability of all combinations that the known labels allow; 0 if a batch has no label.

    ``joint`` (B, 2^tasks) log-scores, ``labels`` (B, tasks) with NaN if unknown; the mean over the patients with any label.
    ``smoothing`` gives each combination at least that share of all.
    """
    tasks = labels.shape[1]
    answers = combinations(tasks).to(joint.device)  # (2^tasks, tasks)
    known = torch.isfinite(labels)
    allowed = ((answers[None] == labels[:, None]) | ~known[:, None]).all(dim=2)
    if smoothing:
        share = joint.softmax(dim=1) * (1 - smoothing) + smoothing / joint.shape[1]
        loss = -(share * allowed).sum(dim=1).clamp(min=1e-12).log()
    else:
        lost = torch.tensor(float("-inf"), device=joint.device, dtype=joint.dtype)
        loss = joint.logsumexp(dim=1) - torch.where(allowed, joint, lost).logsumexp(dim=1)
    told = known.any(dim=1)
    return (loss * told).sum() / told.sum().clamp(min=1)


def class_weights(labels: Tensor, low: float = 0.5, high: float = 4.0) -> Tensor:
    """Weights (tasks, 2) of the negative and positive class, inverse to their frequency in ``labels`` (N, tasks; NaN unknown),
    1 for balanced ones, clipped to ``low``…``high``; a task without one of the classes gets 1."""
    known = torch.isfinite(labels)
    positive = torch.where(known, labels, 0.0).sum(dim=0)
    counts = torch.stack([known.sum(dim=0) - positive, positive], dim=1)
    weights = (counts.sum(dim=1, keepdim=True) / (2 * counts.clamp(min=1))).clamp(low, high)
    return torch.where((counts > 0).all(dim=1, keepdim=True), weights, 1.0)


def alignment_loss(image: Tensor, table: Tensor, temperature: float = 0.1) -> Tensor:
    """Symmetric InfoNCE between the embeddings (B, E) of the same patients' images and tables."""
    similarity = normalize(image, dim=1) @ normalize(table, dim=1).T / temperature
    target = torch.arange(len(image), device=image.device)
    return (cross_entropy(similarity, target) + cross_entropy(similarity.T, target)) / 2


def outline_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy plus 1 − soft Dice over the patients that have a mask; 0 if a batch has none.

    ``logits`` and ``masks`` (B, 1, z, y, x); masks 0…1, all NaN for a patient without one.
    """
    has = torch.isfinite(masks).all(dim=(1, 2, 3, 4))
    if not has.any():
        return logits.sum() * 0.0
    said, truth = logits[has].float(), masks[has]
    share = torch.sigmoid(said)
    both, total = (share * truth).sum(dim=(1, 2, 3, 4)), (share + truth).sum(dim=(1, 2, 3, 4))
    return binary_cross_entropy_with_logits(said, truth) + (1 - (2 * both + 1) / (total + 1)).mean()
