"""The network as a whole, after Jiang et al. 2026 (DMDP); docs/method.md says what is ours."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..endpoints.heads import head
from .config import MODALITIES, NetworkConfig
from .cross_attention import Concatenation, Exchange
from .decoder import Decoder
from .encoder import Encoder
from .heads import marginal_logits
from .pool import centre_pool, mean_pool
from .tabular import TabularEncoder
from .windows import views

MISSING = {"ct": -1.0, "pet": 0.0}  # what an absent image is filled with: air, and no uptake


@dataclass(frozen=True, eq=False)
class Output:
    """``logits`` (B, widths), the outputs of all endpoints side by side; ``image`` and ``table`` embeddings (B, E), table None
    without inputs; ``maps`` by (modality, stage): the activations that heatmaps are made of, each (B, C, z, y, x); ``joint`` (B,
    2^tasks) the log-scores of all combinations if the head is joint; ``modality`` the embeddings (B, E) of CT and PET if
    they are aligned; ``outline`` the log-odds (B, 1, z, y, x) of being lesion if there is a decoder."""

    logits: Tensor
    image: Tensor
    table: Tensor | None
    maps: dict[tuple[str, str], Tensor]
    joint: Tensor | None = None
    modality: dict[str, Tensor] | None = None
    outline: Tensor | None = None


class Dmdp(nn.Module):
    """An encoder per modality, their exchange at a small and a large scale, a table encoder, and the heads."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        looks = 2 if config.windows else 1
        if config.fusion == "early":
            self.both = Encoder(config.widths, config.strides, config.norm, inputs=2 * looks)
        for modality in config.modalities if config.fusion != "early" else ():
            self.add_module(modality, Encoder(config.widths, config.strides, config.norm, inputs=looks))
        self.small = self._join(config.widths[2], config.small_reduction)
        self.large = self._join(config.widths[4], 1)
        joint = (4 if config.centre_pool else 2) * config.fused
        self.project_image = nn.Linear(joint, config.embedding)
        if config.tabular:
            self.table = TabularEncoder(len(config.tabular), config.embedding, config.dropout, config.tabular_hidden)
            self.project_table = nn.Linear(config.embedding, config.embedding)
            joint += config.embedding
        self.trunk = nn.Sequential(
            nn.Linear(joint, config.trunk), nn.LayerNorm(config.trunk), nn.GELU(), nn.Dropout(config.dropout)
        )
        layers = (config.trunk, config.head_hidden)
        self.heads = nn.ModuleDict(
            {"joint": head(*layers, 2 ** len(config.tasks), config.dropout)}
            if config.head == "joint"
            else {endpoint.name: endpoint.head(*layers, config.dropout) for endpoint in config.endpoints}
        )
        if config.decoder:
            encoders = 1 if config.fusion == "early" else len(config.modalities)
            self.decoder = Decoder(config.widths, config.fused, encoders, config.norm)
        if config.align_modalities:
            self.project_modality = nn.ModuleDict({m: nn.Linear(config.widths[4], config.embedding) for m in MODALITIES})

    def _join(self, channels: int, reduction: int) -> nn.Module:
        config = self.config
        if config.fusion == "attention" and len(config.modalities) == 2:
            return Exchange(channels, config.fused, config.heads, reduction, config.norm, config.feed_conv)
        return Concatenation(channels, config.fused, 1 if config.fusion == "early" else len(config.modalities), config.norm)

    def forward(self, images: Tensor, values: Tensor | None = None) -> Output:
        """``images`` (B, 2, 48, 96, 96), at 2 mm (B, 2, 24, 48, 48), as :func:`dmdp.network.crop.normalise` makes them, whatever
        the modalities; an absent image is filled with ``MISSING``. ``values`` (B, F) standardised, NaN if missing; None means
        that all are missing.

        Shapes within: small scale (B, fused, 12, 12, 12) for ``lite``, (B, fused, 12, 24, 24) for ``full``; large scale
        (B, fused, 6, 6, 6) and (B, fused, 3, 6, 6); both averaged over space to (B, 2·fused), with the table (B, embedding)
        to the trunk (B, trunk).
        """
        encoded = self._encode(images)
        small = self.small(*(maps[2] for maps in encoded.values()))
        large = self.large(*(maps[-1] for maps in encoded.values()))
        pooled = torch.cat([one for scale in (small, large) for one in self._pooled(scale)], dim=1)
        table = None
        if self.config.tabular:
            if values is None:
                values = pooled.new_full((len(pooled), len(self.config.tabular)), float("nan"))
            table = self.table(values)
        hidden = self.trunk(pooled if table is None else torch.cat([pooled, table], dim=1))
        logits, joint = self._answer(hidden)
        return Output(
            logits=logits,
            image=self.project_image(pooled),
            table=None if table is None else self.project_table(table),
            maps={
                **({(name, "stage3"): maps[3] for name, maps in encoded.items()} if self.config.all_maps else {}),
                **{(name, "encoder"): maps[-1] for name, maps in encoded.items()},
                **({("fused", "small"): small} if self.config.all_maps else {}),
                ("fused", "fusion"): large,
            },
            joint=joint,
            modality=self._modality_embeddings(encoded),
            outline=self._outline(large, list(encoded.values()), images.shape[2:]),
        )

    def _pooled(self, scale: Tensor) -> list[Tensor]:
        near = [centre_pool(scale, self.config.spacing)] if self.config.centre_pool else []
        return [mean_pool(scale), *near]

    def _encode(self, images: Tensor) -> dict[str, list[Tensor]]:
        seen = {name: images[:, at : at + 1] for at, name in enumerate(MODALITIES) if name in self.config.modalities}
        if self.config.windows:
            seen = {name: views(image, name, self.config.spacing) for name, image in seen.items()}
        if self.config.fusion == "early":
            return {"fused": self.both(torch.cat(list(seen.values()), dim=1))}
        return {name: self.get_submodule(name)(image) for name, image in seen.items()}

    def _answer(self, hidden: Tensor) -> tuple[Tensor, Tensor | None]:
        if self.config.head == "joint":
            joint = self.heads["joint"](hidden)
            return marginal_logits(joint, len(self.config.tasks)), joint
        return torch.cat([self.heads[task](hidden) for task in self.config.tasks], dim=1), None

    def _outline(self, large: Tensor, encoded: list[list[Tensor]], size) -> Tensor | None:
        return self.decoder(large, encoded, size) if self.config.decoder else None

    def _modality_embeddings(self, encoded) -> dict[str, Tensor] | None:
        if not self.config.align_modalities:
            return None
        return {name: self.project_modality[name](maps[-1].mean(dim=(2, 3, 4))) for name, maps in encoded.items()}
