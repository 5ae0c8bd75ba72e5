"""A job is a command with its arguments as JSON: panel, console, command line and tests all run the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..documents.codec import Malformed, parse, plain, read
from ..errors import UsageError, base_name, reason


@dataclass(frozen=True)
class Job:
    """``command`` as on the command line, its ``arguments`` as plain JSON, and ``out``, the place of its result."""

    derived: ClassVar[tuple[str, ...]] = ("schema",)
    schema: ClassVar[int] = 1

    command: str
    arguments: Mapping[str, Any]
    out: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The content of ``job.json``."""
        return plain(self)


def read_job(path: str | Path) -> Job:
    """Read ``job.json``; raises :class:`UsageError` where it is unreadable or of another schema."""
    try:
        return read(Job, parse(Path(path).read_bytes()))
    except (OSError, Malformed) as error:
        raise UsageError(
            "job.unreadable",
            f"'{base_name(path)}' is not a job ({reason(error)}).",
            f"a JSON object with schema {Job.schema}, command, arguments and out.",
            "Write the job file again.",
        ) from error
