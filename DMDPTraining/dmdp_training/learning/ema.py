"""A slowly moving average of the weights, which is what is tested and kept."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn


class Average:
    """``network`` holds the exponential moving average of another network's weights and running statistics.

    The decay warms up as (1 + step)/(10 + step) to ``decay``, so that the start is forgotten.
    """

    def __init__(self, network: nn.Module, decay: float):
        self.decay = decay
        self.network = deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards ``network`` after optimiser step ``step`` (from 0)."""
        keep = min(self.decay, (1 + step) / (10 + step))
        for own, new in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if own.is_floating_point():
                own.lerp_(new, 1 - keep)
            else:
                own.copy_(new)
