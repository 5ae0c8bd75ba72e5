"""Inputs and outputs are kept apart: an output never takes an input's place, nor lies in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import OutputError, base_name


def resolved(typed: str | Path) -> Path:
    """A path as a person typed it, resolved once, links and all. Raises :class:`OutputError` for a link that leads nowhere."""
    path = Path(os.path.expanduser(typed)).absolute()
    real = Path(os.path.realpath(path))
    if path.is_symlink() and not real.exists():
        raise OutputError(
            "output.link",
            f"'{base_name(path)}' is a link that leads nowhere.",
            "a place of its own.",
            "Remove the link, or choose another output path.",
        )
    return real


def check_apart(out: str | Path, inputs: Iterable[str | Path]) -> None:
    """Raise :class:`OutputError` (``output.input``) if ``out`` is one of the ``inputs``, lies in one, or holds one."""
    target = Path(os.path.realpath(os.path.expanduser(out)))
    for given in dict.fromkeys(map(str, inputs)):
        source = Path(os.path.realpath(os.path.expanduser(given)))
        if target == source or _same(target, source):
            relation = "is also an input"
        elif source in target.parents and source.is_dir():
            relation = f"lies in the input '{base_name(given)}'"
        elif target in source.parents:
            relation = f"holds the input '{base_name(given)}'"
        else:
            continue
        raise OutputError(
            "output.input",
            f"The output '{base_name(out)}' {relation}.",
            "an output apart from all inputs: it would be read as one of them, or take their place.",
            "Choose another output path.",
        )


def _same(a: Path, b: Path) -> bool:
    try:
        return os.path.samefile(a, b)
    except OSError:
        return False
