"""The state that changes while a network learns, and its way to a checkpoint and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from dmdp.errors import ModelError, base_name
from dmdp.network.config import NetworkConfig
from dmdp.network.contrast import Queue
from dmdp.network.dmdp import Dmdp
from dmdp.network.weighting import LearnedWeights
from torch import Tensor, nn

from .batches import seed_weights
from .checkpoint import below, optimiser_tensors, prefixed, read_checkpoint, restore, restore_optimiser, write_checkpoint
from .ema import Average
from .settings import TrainingSettings

# A few hundred steps of the network's own rate would leave a single number where it was: AdamW moves it by about the rate.
LEARNED_RATE = 30.0
BEFORE_THE_FIRST = 2**31  # the "epoch" whose random numbers the first weights come from


@dataclass(eq=False)
class State:
    """``parts`` are the network, its average, queues and learned weights, by name; ``epoch`` and ``step`` count what is done;
    ``best`` {epoch, auc, loss, aucs} of the best epoch so far; ``history`` a record per epoch, plain JSON."""

    network: Dmdp
    average: Average
    queues: dict[str, Queue]
    learned: LearnedWeights | None
    optimiser: torch.optim.Optimizer
    epoch: int = 0
    step: int = 0
    best: dict[str, Any] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)

    def modules(self) -> dict[str, nn.Module]:
        """All that holds tensors, by the name in a checkpoint."""
        found: dict[str, nn.Module] = {"network": self.network, "average": self.average.network}
        found |= {f"queue_{name}": queue for name, queue in self.queues.items()}
        return found | ({"learned": self.learned} if self.learned is not None else {})


def contrasts(config: NetworkConfig, settings: TrainingSettings) -> tuple[str, ...]:
    """The contrastive parts of the loss that this network can have."""
    if not settings.alignment:
        return ()
    table = ("image_table",) if config.tabular else ()
    return table + (("ct_pet",) if config.align_modalities else ())


def begin(config: NetworkConfig, settings: TrainingSettings) -> State:
    """An untrained network; the same seed gives the same weights."""
    seed_weights(settings.seed, BEFORE_THE_FIRST)
    network = Dmdp(config).to(settings.device)
    parts = contrasts(config, settings)
    learned = (
        LearnedWeights(("task", *(["outline"] if config.decoder else []), *parts)).to(settings.device)
        if settings.learned_weights
        else None
    )
    queues = {name: Queue(settings.queue, config.embedding).to(settings.device) for name in parts} if settings.queue else {}
    groups = [{"params": list(network.parameters()), "times": 1.0}]
    if learned is not None:
        groups.append({"params": list(learned.parameters()), "weight_decay": 0.0, "times": LEARNED_RATE})
    optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    return State(network, Average(network, settings.ema), queues, learned, optimiser)


def save_state(path: Path, state: State, what: str) -> None:
    """Write the state in one step; ``what`` is the digest of the training that it belongs to."""
    tensors: dict[str, Tensor] = {}
    for name, module in state.modules().items():
        tensors |= prefixed(name, module.state_dict())
    tensors |= prefixed("optimiser", optimiser_tensors(state.optimiser))
    facts = {"what": what, "epoch": state.epoch, "step": state.step, "best": state.best, "history": state.history}
    write_checkpoint(path, tensors, facts)


def load_state(path: Path, state: State, what: str) -> None:
    """Bring ``state`` to where the checkpoint is; raises :class:`ModelError` if it belongs to another training."""
    tensors, facts = read_checkpoint(path)
    if facts.get("what") != what:
        raise ModelError(
            "checkpoint.other",
            f"'{base_name(path)}' belongs to a training with other patients, settings or another network.",
            "the patients, settings and network that it began with.",
            "Go on with those, or start in a new folder.",
        )
    for name, module in state.modules().items():
        restore(module, below(name, tensors))
    restore_optimiser(state.optimiser, below("optimiser", tensors))
    state.epoch, state.step = facts["epoch"], facts["step"]
    state.best, state.history = facts["best"], facts["history"]


def save_best(path: Path, network: Dmdp, facts: Mapping[str, Any]) -> None:
    """Write the weights that are kept, with their configuration and where they come from."""
    write_checkpoint(path, network.state_dict(), {"network": network.config.to_json(), **facts})


def load_best(path: str | Path) -> tuple[Dmdp, dict[str, Any]]:
    """The network that :func:`save_best` wrote, in evaluation mode, and its facts."""
    tensors, facts = read_checkpoint(path)
    network = Dmdp(NetworkConfig.from_json(facts["network"]))
    restore(network, tensors)
    return network.eval(), facts
