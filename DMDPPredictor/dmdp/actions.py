"""The actions that a job may name: commands, questions of a viewer, and pieces of a longer run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .command import Command
from .errors import UsageError
from .jobs.functions import SEPARATOR, Function, find_function
from .progress import Progress


def find_action(name: str, commands: Mapping[str, Command]) -> Function:
    """The function behind the name; a command has no answer beside its files. Raises :class:`UsageError` for an unknown name."""
    if name in commands:
        return partial(_run, commands[name])
    if SEPARATOR in name:
        return find_function(name)
    from .viewer.questions import QUESTIONS, ask  # numpy and more, which most commands do not need yet

    if name not in QUESTIONS:
        known = ", ".join([*commands, *QUESTIONS])
        raise UsageError("job.command", f"No command '{name}'.", f"one of {known}.", "Correct it.")
    return partial(ask, name)


def _run(command: Command, arguments: Mapping[str, Any], progress: Progress) -> None:
    command.run(arguments, progress)
