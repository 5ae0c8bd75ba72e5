"""How much each part of the loss counts: by a schedule, or learned."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi

import torch
from torch import Tensor, nn

LIMIT = 2.0


def alignment_weight(epoch: int, epochs: int, peak: float = 0.1, ramp: int = 10, end: float = 0.05) -> float:
    """β of ``epoch`` (from 0): it rises to ``peak`` over ``ramp`` epochs, then falls to ``end`` as a half cosine.

    See docs/method.md, Losses.
    """
    ramp = min(ramp, max(epochs // 2, 1))
    if epoch < ramp:
        return peak * (epoch + 1) / ramp
    done = (epoch - ramp) / max(epochs - 1 - ramp, 1)
    return min(end, peak) + (peak - min(end, peak)) * (1 + cos(pi * min(done, 1.0))) / 2


class LearnedWeights(nn.Module):
    """Σ exp(−s) L + s over the parts of a loss, with a learned s per part within ±2 (Kendall et al., arXiv 1705.07115).

    A part that is absent from a batch adds nothing, neither to the loss nor to its s. Call :meth:`clamp` after each step: an s
    that has left its bounds has no gradient that could bring it back.
    """

    def __init__(self, parts: tuple[str, ...]):
        super().__init__()
        self.logarithm = nn.ParameterDict({name: nn.Parameter(torch.zeros(())) for name in parts})

    @torch.no_grad()
    def clamp(self) -> None:
        """Bring every s back within ±2, in place."""
        for s in self.parameters():
            s.clamp_(-LIMIT, LIMIT)

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """``losses`` scalars by part."""
        s = {name: self.logarithm[name].clamp(-LIMIT, LIMIT) for name in losses}
        return sum(torch.exp(-s[name]) * loss + s[name] for name, loss in losses.items())


def weighted(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Σ weight · loss over scalar ``losses``; a part without a weight counts once."""
    return sum(weights.get(name, 1.0) * loss for name, loss in losses.items())  # type: ignore[return-value]  # 0 of no loss
