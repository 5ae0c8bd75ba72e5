"""The normalisation of 3-D maps: by batch, or, for small batches, by groups of channels."""

from __future__ import annotations

from math import gcd

from torch import nn

GROUPS = 8


def norm3d(kind: str, channels: int) -> nn.Module:
    """``batch``: BatchNorm3d; ``group``: GroupNorm of (at most) eight groups. (B, C, z, y, x) → the same shape."""
    return nn.BatchNorm3d(channels) if kind == "batch" else nn.GroupNorm(gcd(GROUPS, channels), channels)
