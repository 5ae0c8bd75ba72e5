"""CT asks PET, and PET asks CT: lightweight attention between the two encoders' maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class CrossAttention(nn.Module):
    """Queries from one map, keys and values from the other, spatially reduced to keep the cost linear.

    (B, C, z, y, x) twice → (B, C, z, y, x): the first map, updated by what it found in the second; pre-norm, residual, with a
    feed-forward part.
    """

    def __init__(self, channels: int, heads: int, reduction: int):
        super().__init__()
        self.heads = heads
        self.reduce = (
            nn.Conv3d(channels, channels, reduction, stride=reduction, groups=channels) if reduction > 1 else nn.Identity()
        )
        self.norm_query, self.norm_source, self.norm_out = (nn.LayerNorm(channels) for _ in range(3))
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.project = nn.Linear(channels, channels)
        self.feed = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))

    def forward(self, asking: Tensor, asked: Tensor) -> Tensor:
        tokens = asking.flatten(2).transpose(1, 2)
        source = self.norm_source(self.reduce(asked).flatten(2).transpose(1, 2))
        query = self._split(self.query(self.norm_query(tokens)))
        key, value = (self._split(part) for part in self.key_value(source).chunk(2, dim=-1))
        found = scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        tokens = tokens + self.project(found)
        tokens = tokens + self.feed(self.norm_out(tokens))
        return tokens.transpose(1, 2).reshape(asking.shape)

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, C) → (B, heads, N, C/heads)."""
        batch, count, channels = x.shape
        return x.view(batch, count, self.heads, channels // self.heads).transpose(1, 2)


class Exchange(nn.Module):
    """Cross-attention in both directions and the merge of the two results: (B, C, …) twice → (B, fused, …)."""

    def __init__(self, channels: int, fused: int, heads: int, reduction: int):
        super().__init__()
        self.ct_asks = CrossAttention(channels, heads, reduction)
        self.pet_asks = CrossAttention(channels, heads, reduction)
        self.merge = nn.Sequential(nn.Conv3d(2 * channels, fused, 1, bias=False), nn.BatchNorm3d(fused), nn.ReLU())

    def forward(self, ct: Tensor, pet: Tensor) -> Tensor:
        return self.merge(torch.cat([self.ct_asks(ct, pet), self.pet_asks(pet, ct)], dim=1))
