"""Everything that determines a training beside the network's configuration and the patients; JSON both ways."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import cos, pi
from typing import Any

from dmdp.errors import UsageError

from .augment import Augmentation


@dataclass(frozen=True)
class TrainingSettings:
    """One training by AdamW, with its losses and augmentation (docs/method.md, Training). Raises :class:`UsageError`.

    Attributes
    ----------
    epochs : int
        Passes over the patients at most.
    batch : int
        Patients at a time.
    accumulate : int
        Batches whose gradients make one step of the optimiser.
    learning_rate : float
        Learning rate after the warm-up.
    weight_decay : float
        Weight decay of AdamW.
    warm_up : int
        Epochs in which the learning rate rises linearly; at most a fifth of all.
    patience : int
        Epochs without improvement on the patients held back, after which the training stops.
    clip : float
        Largest norm of the gradient.
    ema : float
        Decay per step of the exponential moving average of the weights, 0 to below 1.
    smoothing : float
        Label smoothing, 0 to below 1.
    balance : bool
        Whether classes are weighted by their frequency.
    alignment : float
        Weight β of the contrastive losses at its peak; 0 for no contrastive loss.
    ramp : int
        Epochs over which β rises.
    outline : float
        Weight of the decoder's loss.
    queue : int
        Former patients whose embeddings are kept as negatives of the contrastive losses; 0 for none.
    temperature : float
        Temperature of the contrastive losses.
    learned_weights : bool
        Whether learned weights replace β and ``outline`` (:class:`dmdp.network.weighting.LearnedWeights`).
    seed : int
        Of the first weights, the order of the patients and the augmentation.
    device : str
        ``cpu`` or ``cuda``.
    amp : bool
        Whether the network computes in bfloat16; without effect on the CPU.
    augmentation : Augmentation
        What is changed at random in images and values.
    """

    epochs: int = 150
    batch: int = 8
    accumulate: int = 4
    learning_rate: float = 3e-4
    weight_decay: float = 1e-2
    warm_up: int = 5
    patience: int = 25
    clip: float = 1.0
    ema: float = 0.999
    smoothing: float = 0.05
    balance: bool = True
    alignment: float = 0.1
    ramp: int = 10
    outline: float = 0.5
    queue: int = 256
    temperature: float = 0.1
    learned_weights: bool = False
    seed: int = 0
    device: str = "cpu"
    amp: bool = False
    augmentation: Augmentation = Augmentation()

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "accumulate", "patience", "learning_rate", "temperature", "clip"):
            if not getattr(self, name) > 0:
                raise _refused(name, getattr(self, name), "a number above 0")
        if not 0 <= self.ema < 1 or not 0 <= self.smoothing < 1:
            raise _refused("ema or smoothing", (self.ema, self.smoothing), "numbers from 0 to below 1")
        for name in ("queue", "alignment", "seed"):
            if not getattr(self, name) >= 0:
                raise _refused(name, getattr(self, name), "0 or more")
        if self.device not in ("cpu", "cuda"):
            raise _refused("device", self.device, "cpu or cuda")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TrainingSettings:
        """The inverse of :meth:`to_json`."""
        return cls(**{**data, "augmentation": Augmentation(**data.get("augmentation", {}))})

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """The learning rate of optimiser step ``step`` (from 0): a linear rise, then half a cosine down to 0."""
        rise = min(self.warm_up, max(self.epochs // 5, 1)) * steps_per_epoch
        if step < rise:
            return self.learning_rate * (step + 1) / rise
        done = (step - rise) / max(self.epochs * steps_per_epoch - rise, 1)
        return self.learning_rate * (1 + cos(pi * min(done, 1.0))) / 2


def digest(*facts: Any) -> str:
    """A hash of plain JSON values, to know a training again."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _refused(name: str, found: object, expected: str) -> UsageError:
    return UsageError("training.settings", f"{name} is {found}.", f"{expected}.", "Correct the training's settings.")
