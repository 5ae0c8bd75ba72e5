"""Text files that a person named: only regular files are opened, and a file that cannot be read is explained in our own words."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path


class Unread(ValueError):
    """A text that is not what it should be; the message says why, as a clause."""


def check_regular(path: str | Path) -> None:
    """Raise ``OSError`` for what is no regular file, links followed: opening a pipe would wait, and a device never ends."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))


def read_bytes(path: str | Path) -> bytes:
    """The content of a regular file. Raises ``OSError``."""
    check_regular(path)
    return Path(path).read_bytes()


def read_text(path: str | Path, encoding: str = "utf-8") -> str:
    """The text of a regular file. Raises ``OSError`` and ``UnicodeDecodeError``."""
    check_regular(path)
    return Path(path).read_text(encoding=encoding)


def why(error: Exception) -> str:
    """Why a text file cannot be read, for use in brackets; it never contains a library's own words."""
    if isinstance(error, Unread):
        return str(error)
    if isinstance(error, OSError):
        return error.strerror or "the operating system refuses it"
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno} is no JSON"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return type(error).__name__
