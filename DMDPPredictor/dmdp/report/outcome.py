"""The outcome of an export: what was written, and what was not and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import DmdpError


@dataclass(frozen=True)
class Exported:
    """One written file: its ``path``, the ``format`` that asked for it, what it ``holds``, and a DICOM object's UID."""

    path: Path
    format: str
    holds: str
    uid: str | None = None


@dataclass(frozen=True)
class NotWritten:
    """A ``format`` that was asked for and could not be written, with the ``reason``, which says what to do."""

    format: str
    reason: DmdpError


@dataclass(frozen=True)
class Outcome:
    """What an export wrote, and which formats it could not write. It iterates over what was ``written``, at least one file."""

    written: tuple[Exported, ...]
    not_written: tuple[NotWritten, ...] = ()

    def __iter__(self) -> Iterator[Exported]:
        return iter(self.written)

    def __len__(self) -> int:
        return len(self.written)
