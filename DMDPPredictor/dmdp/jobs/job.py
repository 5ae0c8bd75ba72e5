"""A job is a command with its arguments as JSON: panel, console, command line and tests all run the same one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError

SCHEMA = 1


@dataclass(frozen=True)
class Job:
    """``command`` as on the command line, its ``arguments`` as plain JSON, and ``out``, the place of its result."""

    command: str
    arguments: Mapping[str, Any]
    out: str | None

    def to_json(self) -> dict[str, Any]:
        """The content of ``job.json``."""
        return {"schema": SCHEMA, "command": self.command, "arguments": dict(self.arguments), "out": self.out}


def read_job(path: str | Path) -> Job:
    """Read ``job.json``; raises :class:`UsageError` where it is unreadable or of another schema."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA or not isinstance(data["arguments"], dict):
            raise ValueError(f"schema {data['schema']}")
        return Job(str(data["command"]), data["arguments"], data.get("out"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "job.unreadable",
            f"'{path}' is not a job ({error}).",
            f"a JSON object with schema {SCHEMA}, command, arguments and out.",
            "Write the job file again.",
        ) from error


def required(arguments: Mapping[str, Any], name: str) -> Any:
    """The value of an option that a job file must hold; raises :class:`UsageError` without it."""
    value = arguments.get(name)
    if value is None:
        raise UsageError(
            "option.missing",
            f"'{name}' is not given.",
            f"a value for '{name}'.",
            f"Add '{name}' to the job, or --{name.replace('_', '-')} to the command.",
        )
    return value
