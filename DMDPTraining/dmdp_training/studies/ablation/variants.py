"""The variants that are compared: those of Table 4 of Jiang et al. 2026, further ones, and a control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

SELECTED, ALL, CLINICAL = "selected", "all", "clinical"


@dataclass(frozen=True)
class Variant:
    """``name`` in files and ``title`` in tables; ``table`` is which radiomic values the network reads beside age, sex and smoking
    (selected ones, all, or none) from the ``blocks`` pet and ct; ``config`` changes the network; without ``alignment`` there is
    no contrastive loss; with ``permuted`` the labels are those of other patients."""

    name: str
    title: str
    table: str = SELECTED
    blocks: tuple[str, ...] = ("pet", "ct")
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    alignment: bool = True
    permuted: bool = False


def one_modality(name: str) -> Mapping[str, Any]:
    """A network that sees ``ct`` or ``pet`` only."""
    return MappingProxyType({"modalities": (name,), "align_modalities": False})


FULL = Variant("full", "Full model")
NO_RADIOMICS = Variant("no_radiomics", "Without radiomics", CLINICAL)
PERMUTED = Variant("permuted", "Without radiomics, labels at random", CLINICAL, permuted=True)
VARIANTS: dict[str, Variant] = {
    v.name: v
    for v in (
        FULL,
        NO_RADIOMICS,
        Variant("no_contrast", "Without contrastive loss", alignment=False),
        Variant("unselected", "Unselected features", ALL),
        Variant("ct_only", "CT only", blocks=("ct",), config=one_modality("ct")),
        Variant("pet_only", "PET only", blocks=("pet",), config=one_modality("pet")),
        Variant("no_attention", "No cross-attention", config=MappingProxyType({"fusion": "concatenation"})),
        Variant("early", "Early fusion", config=MappingProxyType({"fusion": "early", "align_modalities": False})),
        PERMUTED,
    )
}
