"""The questions that a viewer may put to a worker, by name; their answers are plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..progress import Progress
from .held import HeldPet
from .maps import maps
from .models import add_model, verify_model
from .pet import convert, measure, propose

Question = Callable[[Mapping[str, Any], HeldPet, Progress], Mapping[str, Any]]

QUESTIONS: dict[str, Question] = {
    "convert": convert,
    "propose": propose,
    "measure": measure,
    "maps": maps,
    "verify-model": verify_model,
    "add-model": add_model,
}


def ask(name: str, arguments: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """The answer to the question ``name``; the PET that it is about stays in this process for the next one."""
    return QUESTIONS[name](arguments, _held(), progress)


@cache
def _held() -> HeldPet:
    return HeldPet()
