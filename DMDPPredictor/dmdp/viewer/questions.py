"""The questions that a viewer may put to a worker, by name; their answers are plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
