"""The encoder of radiomic and clinical values, which knows which of them are missing."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SampleNorm(nn.Module):
    """Instance normalisation of a vector: each sample over its own features. (B, F) → (B, F)."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm1d(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.unsqueeze(1)).squeeze(1)


class TabularEncoder(nn.Module):
    """Standardised values (B, F) with NaN for what is missing → (B, out).

    Missing values become 0, the training mean, and a second set of inputs says which they are. ``hidden`` is the width between
    the two layers (0: ``out``).
    """

    def __init__(self, features: int, out: int, dropout: float, hidden: int = 0):
        super().__init__()
        hidden = hidden or out
        self.layers = nn.Sequential(
            nn.Linear(2 * features, hidden),
            SampleNorm(),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, out),
            SampleNorm(),
            nn.ReLU(),
        )

    def forward(self, values: Tensor) -> Tensor:
        known = torch.isfinite(values)
        return self.layers(torch.cat([torch.where(known, values, 0.0), known.to(values.dtype)], dim=1))
