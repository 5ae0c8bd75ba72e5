"""The PET that was asked about last stays in memory: it is read and converted once, not at every click."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..intake.load import load_pet
from ..intake.source import ImageSource
from ..patients.case import Case


class HeldPet:
    """Reads a PET if it is another one than before, or if one of its files has changed."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._pet: Case | None = None

    def __call__(self, arguments: Mapping[str, Any]) -> Case:
        """The PET of a job's ``pet`` and ``pet_is_suv``; raises :class:`dmdp.errors.InputError` subclasses."""
        pet, is_suv = arguments["pet"], bool(arguments.get("pet_is_suv"))
        key = (json.dumps(pet, sort_keys=True), is_suv, *(_state(path) for path in ImageSource.of(pet).paths))
        if key != self._key or self._pet is None:
            self._key, self._pet = (), None  # before reading: two PETs at once would take twice the memory
            self._pet = load_pet(pet, pet_is_suv=is_suv)
            self._key = key
        return self._pet


def _state(path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
