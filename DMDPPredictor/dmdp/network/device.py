"""The device on which a network runs: a GPU if there is one that can, else the CPU with a note that says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

Result = TypeVar("Result")
CPU_ONLY = "CUDA was asked for but cannot be used here; ran on the CPU."
NO_MEMORY = "The GPU ran out of memory; ran on the CPU."


def on_device(work: Callable[[str], Result], wanted: str = "auto") -> tuple[Result, str | None]:
    """``work(device)`` on ``cuda`` or ``cpu``, and a note if a person must know that it was not what they asked for.

    ``wanted`` is cpu, cuda or auto. Out of memory, or a GPU that the installed torch has no code for, falls back to the CPU; any
    other error of the work itself is raised there again.
    """
    if wanted == "cpu" or not torch.cuda.is_available():
        return work("cpu"), CPU_ONLY if wanted == "cuda" else None
    try:
        return work("cuda"), None
    except torch.cuda.OutOfMemoryError:
        torch.cuda.empty_cache()
        return work("cpu"), NO_MEMORY
    except RuntimeError:  # what torch raises for an unsupported GPU has no class of its own
        return work("cpu"), "The GPU cannot run this network; ran on the CPU."
