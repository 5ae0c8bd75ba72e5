"""How large an ablation is: everything that its result follows from beside the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dmdp.errors import UsageError
from dmdp.network.config import SIZES

from ...simulate.labels import SIMULATED_ENDPOINTS
from .variants import VARIANTS

FIRST_HELD_OUT_SEED = 3_000_000


@dataclass(frozen=True)
class AblationPlan:
    """``learn`` and ``stop`` patients for weights and early stopping, ``held_out`` others (a multiple of 8, balanced in every
    label) for the result; each variant is trained from ``seeds`` different beginnings."""

    size: str = "lite"
    learn: int = 320
    stop: int = 80
    held_out: int = 400
    seeds: int = 3
    epochs: int = 10
    batch: int = 8
    learning_rate: float = 2e-3
    trees: int = 100
    device: str = "cpu"
    variants: tuple[str, ...] = tuple(VARIANTS)
    tasks: tuple[str, ...] = tuple(SIMULATED_ENDPOINTS)

    def __post_init__(self) -> None:
        for name, least in (("learn", 20), ("stop", 10), ("held_out", 16), ("seeds", 1), ("epochs", 1)):
            if getattr(self, name) < least:
                raise UsageError("ablation.plan", f"{name} is {getattr(self, name)}.", f"{least} or more.", "Ask for more.")
        if self.size not in SIZES:
            raise UsageError("ablation.plan", f"The size '{self.size}'.", f"one of {', '.join(SIZES)}.", "Correct --size.")
        if self.held_out % 8:
            raise UsageError("ablation.plan", f"{self.held_out} held-out patients.", "a multiple of 8.", "Change the number.")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AblationPlan:
        """The inverse of :meth:`to_json`."""
        return cls(**{**data, "variants": tuple(data["variants"]), "tasks": tuple(data["tasks"])})


QUICK = AblationPlan("quick", 20, 12, 16, 1, 1, trees=10, variants=("full", "no_radiomics", "ct_only", "permuted"))
