"""The form of a command of ``dmdp``: a name, its options, and a function from plain arguments to a line of text."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .progress import Progress


@dataclass(frozen=True)
class Command:
    """``run(arguments, progress)`` gets the options as a mapping of plain JSON values (paths as strings).

    An option that was not given is absent or None. It returns what is to be printed, and raises
    :class:`dmdp.errors.DmdpError` for what a person can mend.
    """

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Mapping[str, Any], Progress], str]
