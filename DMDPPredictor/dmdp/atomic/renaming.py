"""Unpredictable names, and renaming that is tried again while a viewer or a virus scanner holds something open."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import OutputError, base_name

PATIENCE_SECONDS = 4.0
PREFIX = ".dmdp-"


def new_name(parent: Path, word: str) -> Path:
    """An unpredictable name in ``parent`` that nothing there has; ``word`` ends it."""
    return parent / f"{PREFIX}{secrets.token_hex(8)}.{word}"


def refused(target: Path, error: OSError) -> OutputError:
    """The error for a place that cannot be written."""
    return OutputError(
        "output.unwritable",
        f"Cannot write '{base_name(target)}': {error.strerror or error}.",
        "a writable place with enough free space, and nothing in it that another program holds open.",
        "Choose another output path, free the space or the permission, or close the program that has it open.",
    )


def rename(source: Path, target: Path) -> None:
    """Rename a folder; raises ``OSError`` if it is refused for some seconds."""
    _patiently(os.rename, source, target)


def replace(source: Path, target: Path) -> None:
    """Put a file in the place of another (a link itself, not what it leads to); raises ``OSError`` as :func:`rename`."""
    _patiently(os.replace, source, target)


def _patiently(move: Callable[[Path, Path], None], source: Path, target: Path) -> None:
    end, wait = time.monotonic() + PATIENCE_SECONDS, 0.05
    while True:
        try:
            return move(source, target)
        except PermissionError:  # Windows raises this for what is open
            if time.monotonic() + wait > end:
                raise
        time.sleep(wait)
        wait = min(2 * wait, 0.5)
