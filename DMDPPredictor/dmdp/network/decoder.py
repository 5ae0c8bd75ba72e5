"""The optional decoder: outlines the lesion from the same maps that answer the questions (Zhou et al. 2023)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from .norm import norm3d


class Decoder(nn.Module):
    """From the large-scale map back to the image, with skips from every encoder at every stage.

    (B, fused, z, y, x) and the encoders' five maps each → log-odds of being lesion (B, 1, 48, 96, 96) (or the crop's size).
    """

    def __init__(self, widths: Sequence[int], fused: int, encoders: int, norm: str):
        super().__init__()
        channels, steps = fused, []
        for width in reversed(widths[:-1]):
            steps.append(
                nn.Sequential(
                    nn.Conv3d(channels + encoders * width, width, 3, padding=1, bias=False), norm3d(norm, width), nn.ReLU()
                )
            )
            channels = width
        self.steps = nn.ModuleList(steps)
        self.outline = nn.Conv3d(channels, 1, 1)

    def forward(self, large: Tensor, encoded: Sequence[Sequence[Tensor]], size: Sequence[int]) -> Tensor:
        x = large
        for number, step in enumerate(self.steps):
            skips = [maps[-2 - number] for maps in encoded]
            x = step(torch.cat([_enlarged(x, skips[0].shape[2:]), *skips], dim=1))
        return _enlarged(self.outline(x), size)


def _enlarged(x: Tensor, size: Sequence[int]) -> Tensor:
    if tuple(x.shape[2:]) == tuple(size):
        return x
    return interpolate(x, size=tuple(size), mode="trilinear", align_corners=False)
