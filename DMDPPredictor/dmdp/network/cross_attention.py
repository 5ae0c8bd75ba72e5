"""CT asks PET, and PET asks CT: lightweight attention between the two encoders' maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from .norm import norm3d


class FeedForward(nn.Module):
    """Tokens (B, z·y·x, C) of a map of ``size`` (z, y, x) → the same shape; they mix with their 3×3×3 neighbours, depth-wise, on
    the way."""

    def __init__(self, channels: int):
        super().__init__()
        self.widen, self.narrow = nn.Linear(channels, 2 * channels), nn.Linear(2 * channels, channels)
        self.mix = nn.Conv3d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)

    def forward(self, tokens: Tensor, size) -> Tensor:
        wide = self.widen(tokens).transpose(1, 2).unflatten(2, tuple(size))
        return self.narrow(gelu(self.mix(wide).flatten(2).transpose(1, 2)))


class CrossAttention(nn.Module):
    """Queries from one map, keys and values from the other, spatially reduced to keep the cost linear.

    (B, C, z, y, x) twice → (B, C, z, y, x): the first map, updated by what it found in the second; pre-norm, residual, with a
    feed-forward part.
    """

    def __init__(self, channels: int, heads: int, reduction: int, feed_conv: bool = False):
        super().__init__()
        self.heads = heads
        self.reduce = (
            nn.Conv3d(channels, channels, reduction, stride=reduction, groups=channels) if reduction > 1 else nn.Identity()
        )
        self.norm_query, self.norm_source, self.norm_out = (nn.LayerNorm(channels) for _ in range(3))
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.project = nn.Linear(channels, channels)
        self.feed = (
            FeedForward(channels)
            if feed_conv
            else nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))
        )

    def forward(self, asking: Tensor, asked: Tensor) -> Tensor:
        tokens = asking.flatten(2).transpose(1, 2)
        source = self.norm_source(self.reduce(asked).flatten(2).transpose(1, 2))
        query = self._split(self.query(self.norm_query(tokens)))
        key, value = (self._split(part) for part in self.key_value(source).chunk(2, dim=-1))
        found = scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        tokens = tokens + self.project(found)
        inner = self.norm_out(tokens)
        tokens = tokens + (self.feed(inner, asking.shape[2:]) if isinstance(self.feed, FeedForward) else self.feed(inner))
        return tokens.transpose(1, 2).reshape(asking.shape)

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, C) → (B, heads, N, C/heads)."""
        batch, count, channels = x.shape
        return x.view(batch, count, self.heads, channels // self.heads).transpose(1, 2)


class Exchange(nn.Module):
    """Cross-attention in both directions and the merge of the two results: (B, C, …) twice → (B, fused, …)."""

    def __init__(self, channels: int, fused: int, heads: int, reduction: int, norm: str = "batch", feed_conv: bool = False):
        super().__init__()
        self.ct_asks = CrossAttention(channels, heads, reduction, feed_conv)
        self.pet_asks = CrossAttention(channels, heads, reduction, feed_conv)
        self.merge = merge(2 * channels, fused, norm)

    def forward(self, ct: Tensor, pet: Tensor) -> Tensor:
        return self.merge(torch.cat([self.ct_asks(ct, pet), self.pet_asks(pet, ct)], dim=1))


class Concatenation(nn.Module):
    """The merge of one or two maps without attention: (B, C, …) each → (B, fused, …)."""

    def __init__(self, channels: int, fused: int, maps: int, norm: str):
        super().__init__()
        self.merge = merge(maps * channels, fused, norm)

    def forward(self, *maps: Tensor) -> Tensor:
        return self.merge(torch.cat(maps, dim=1))


def merge(channels: int, fused: int, norm: str) -> nn.Sequential:
    """1×1×1 convolution, normalisation, ReLU: (B, C, …) → (B, fused, …)."""
    return nn.Sequential(nn.Conv3d(channels, fused, 1, bias=False), norm3d(norm, fused), nn.ReLU())
