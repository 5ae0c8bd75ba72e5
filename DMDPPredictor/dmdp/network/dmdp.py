"""The network as a whole (DMDP-R of our specification, after Jiang et al. 2026)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .config import NetworkConfig
from .cross_attention import Exchange
from .encoder import Encoder
from .tabular import TabularEncoder


@dataclass(frozen=True, eq=False)
class Output:
    """``logits`` (B, tasks); ``image`` and ``table`` embeddings (B, E), table None without inputs; ``maps`` by
    (modality, stage): the activations that heatmaps are made of, each (B, C, z, y, x)."""

    logits: Tensor
    image: Tensor
    table: Tensor | None
    maps: dict[tuple[str, str], Tensor]


class Dmdp(nn.Module):
    """Two encoders, cross-attention at a small and a large scale, a table encoder and one head per task."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        small, large = config.widths[2], config.widths[4]
        self.ct = Encoder(config.widths, config.strides)
        self.pet = Encoder(config.widths, config.strides)
        self.small = Exchange(small, config.fused, config.heads, config.small_reduction)
        self.large = Exchange(large, config.fused, config.heads, 1)
        self.project_image = nn.Linear(2 * config.fused, config.embedding)
        joint = 2 * config.fused
        if config.tabular:
            self.table = TabularEncoder(len(config.tabular), config.embedding, config.dropout)
            self.project_table = nn.Linear(config.embedding, config.embedding)
            joint += config.embedding
        self.trunk = nn.Sequential(nn.Linear(joint, 64), nn.LayerNorm(64), nn.GELU(), nn.Dropout(config.dropout))
        self.heads = nn.ModuleDict({task: nn.Linear(64, 1) for task in config.tasks})

    def forward(self, images: Tensor, values: Tensor | None = None) -> Output:
        """``images`` (B, 2, 48, 96, 96) as :func:`dmdp.network.crop.normalise` makes them; ``values`` (B, F) standardised, NaN
        where missing; None means that all are missing."""
        ct_small, ct_large = self.ct(images[:, :1])
        pet_small, pet_large = self.pet(images[:, 1:])
        small, large = self.small(ct_small, pet_small), self.large(ct_large, pet_large)
        pooled = torch.cat([small.mean(dim=(2, 3, 4)), large.mean(dim=(2, 3, 4))], dim=1)
        table = None
        if self.config.tabular:
            if values is None:
                values = pooled.new_full((len(pooled), len(self.config.tabular)), float("nan"))
            table = self.table(values)
        hidden = self.trunk(pooled if table is None else torch.cat([pooled, table], dim=1))
        return Output(
            logits=torch.cat([self.heads[task](hidden) for task in self.config.tasks], dim=1),
            image=self.project_image(pooled),
            table=None if table is None else self.project_table(table),
            maps={("ct", "encoder"): ct_large, ("pet", "encoder"): pet_large, ("fused", "fusion"): large},
        )
