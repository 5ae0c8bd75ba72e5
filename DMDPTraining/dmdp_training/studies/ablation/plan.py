"""The size of an ablation: everything that its result depends on beside the program."""

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
    """An ablation of the network on simulated patients. Raises :class:`UsageError`.

    Attributes
    ----------
    size : str
        Size of the network, one of :data:`dmdp.network.config.SIZES`.
    learn : int
        Patients that the weights are fitted to.
    stop : int
        Other patients, for early stopping.
    held_out : int
        Further patients for the result; a multiple of 8, balanced in every label.
    seeds : int
        Trainings of each variant, each from another beginning.
    epochs : int
        Passes over the patients at most.
    batch : int
        Patients at a time.
    learning_rate : float
        Learning rate of AdamW after the warm-up.
    trees : int
        Trees in each forest of the stack, which is compared with the networks.
    device : str
        ``cpu`` or ``cuda``.
    variants : tuple of str
        Names of the variants that are compared.
    tasks : tuple of str
        Names of the simulated endpoints.
    """

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
