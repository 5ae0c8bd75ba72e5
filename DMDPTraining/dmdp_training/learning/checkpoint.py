"""The state of a training as one safetensors file, its plain facts as JSON in the header; written aside and renamed into place.

One file, so that a kill leaves either the former state or the new one, never half of each. Nothing is unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from dmdp.atomic import write_file
from dmdp.errors import ModelError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

FACTS = "dmdp_training"


def write_checkpoint(path: str | Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> Path:
    """Write ``tensors`` by name and ``facts`` (plain JSON) in one step."""
    kept = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    return write_file(path, save(kept, {FACTS: json.dumps(facts)}))


def read_checkpoint(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What :func:`write_checkpoint` wrote; raises :class:`ModelError` for any other file."""
    try:
        with safe_open(str(path), framework="pt") as file:
            facts = json.loads(file.metadata()[FACTS])
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            "checkpoint.unreadable",
            f"'{Path(path).name}' is not a checkpoint of a training, or is damaged.",
            "a file that this program wrote.",
            "Start the training in a new folder.",
        ) from error


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under ``prefix.name``."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose name begins with ``prefix.``, without it."""
    start = f"{prefix}."
    return {name[len(start) :]: tensor for name, tensor in tensors.items() if name.startswith(start)}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's moments as ``<parameter number>.<name>``."""
    return {
        f"{number}.{name}": value if torch.is_tensor(value) else torch.tensor(float(value))
        for number, state in optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of :func:`optimiser_tensors`; settings such as the learning rate stay those of ``optimiser``."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def restore(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load a module's state; raises :class:`ModelError` if the tensors are those of another."""
    try:
        module.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise ModelError(
            "checkpoint.other",
            "The checkpoint belongs to another network.",
            "the configuration that the training began with.",
            "Go on with that configuration, or start in a new folder.",
        ) from error
