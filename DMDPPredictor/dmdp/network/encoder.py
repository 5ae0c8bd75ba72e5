"""One modality's encoder: residual 3-D convolutions with squeeze-and-excitation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .norm import norm3d


class SqueezeExcite(nn.Module):
    """Channel weights from the channel means (Hu et al. 2018). (B, C, z, y, x) → the same."""

    def __init__(self, channels: int, reduction: int = 8):
        super().__init__()
        hidden = max(channels // reduction, 4)
        self.weigh = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weigh(x.mean(dim=(2, 3, 4)))[:, :, None, None, None]


class Stage(nn.Module):
    """Two 3×3×3 convolutions with normalisation and a residual path. (B, C, z, y, x) → (B, C', z/s, y/s, x/s)."""

    def __init__(self, channels: int, out: int, stride: tuple[int, int, int], norm: str = "batch"):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv3d(channels, out, 3, stride=stride, padding=1, bias=False),
            norm3d(norm, out),
            nn.ReLU(),
            nn.Conv3d(out, out, 3, padding=1, bias=False),
            norm3d(norm, out),
            SqueezeExcite(out),
        )
        self.skip = nn.Sequential(nn.Conv3d(channels, out, 1, stride=stride, bias=False), norm3d(norm, out))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.skip(x))


class Encoder(nn.Module):
    """(B, inputs, 48, 96, 96) → the maps of the stem and of stages 1 to 4.

    ``lite``: from stage 2 on (B, 32, 12, 12, 12), (B, 64, 6, 6, 6), (B, 96, 6, 6, 6); ``full``: (B, 64, 12, 24, 24),
    (B, 128, 6, 12, 12), (B, 128, 3, 6, 6).
    """

    def __init__(self, widths: Sequence[int], strides: Sequence[tuple[int, int, int]], norm: str = "batch", inputs: int = 1):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(inputs, widths[0], 3, stride=strides[0], padding=1, bias=False),
            norm3d(norm, widths[0]),
            nn.ReLU(),
        )
        self.stages = nn.ModuleList(Stage(a, b, s, norm) for a, b, s in zip(widths[:-1], widths[1:], strides[1:], strict=True))

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [self.stem(x)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps
