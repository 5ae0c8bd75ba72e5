"""Contrastive alignment of two views of a patient (image and table, CT and PET), made for small batches.

A queue keeps the embeddings of earlier batches as further negatives (after MoCo, He et al. 2020). Ours has no second, slowly
moving encoder: the queue is short, and the encoders change little while an entry is in it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

MIN_CANDIDATES = 4
NOBODY = -1


class Queue(nn.Module):
    """The last ``size`` pairs of normalised embeddings (size, E) and whose they are; buffers, so that a checkpoint holds them."""

    def __init__(self, size: int, embedding: int):
        super().__init__()
        self.first = nn.Buffer(torch.zeros(size, embedding))
        self.second = nn.Buffer(torch.zeros(size, embedding))
        self.patient = nn.Buffer(torch.full((size,), NOBODY, dtype=torch.long))
        self.next = nn.Buffer(torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def push(self, first: Tensor, second: Tensor, patients: Tensor) -> None:
        """Put pairs (B, E) of ``patients`` (B,) in, in the place of the oldest."""
        size = len(self.patient)
        first, second, patients = first[-size:], second[-size:], patients[-size:]
        at = (int(self.next) + torch.arange(len(patients), device=self.patient.device)) % max(size, 1)
        self.first[at], self.second[at], self.patient[at] = first.float(), second.float(), patients
        self.next.fill_((int(self.next) + len(patients)) % max(size, 1))


def aligned_loss(
    first: Tensor, second: Tensor, patients: Tensor, present: Tensor, queue: Queue | None = None, temperature: float = 0.1
) -> Tensor:
    """Symmetric InfoNCE of two views (B, E) of the same ``patients`` (B,), with the queue's entries as further negatives.

    Rows that are not ``present`` (bool, B: both views exist) take no part; without any the loss is 0. Another view of the same
    patient is never a negative. With fewer than four candidates it is the mean cosine distance 1 − cos. ``queue`` takes the rows
    in afterwards.
    """
    if not present.any():
        return (first.sum() + second.sum()) * 0.0
    a, b, who = normalize(first[present].float(), dim=1), normalize(second[present].float(), dim=1), patients[present]
    filled = queue.patient != NOBODY if queue is not None else torch.zeros(0, dtype=torch.bool, device=who.device)
    earlier_a = queue.first[filled].clone() if queue is not None else a[:0]
    earlier_b = queue.second[filled].clone() if queue is not None else b[:0]
    others = torch.cat([who, queue.patient[filled]]) if queue is not None else who
    if len(others) < MIN_CANDIDATES:
        loss = (1 - (a * b).sum(dim=1)).mean()
    else:
        target = torch.arange(len(who), device=who.device)
        same = who[:, None] == others[None]
        same[target, target] = False  # the pair itself stays
        sides = [
            cross_entropy((query @ torch.cat([key, kept]).T / temperature).masked_fill(same, float("-inf")), target)
            for query, key, kept in ((a, b, earlier_b), (b, a, earlier_a))
        ]
        loss = (sides[0] + sides[1]) / 2
    if queue is not None:
        queue.push(a.detach(), b.detach(), who)
    return loss
