"""A job is a command with its arguments as JSON: panel, console, command line, cluster and tests all run the same one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..reading import Unread, read_text, why
from ..resources import BUNDLE_SUFFIXES, PROFILE_SUFFIXES, is_path

SCHEMA = 1

PATHS = ("ct", "pet", "mask", "pet_mask", "ct_mask", "cohort", "data", "result", "folder", "path", "run", "out")
NAMED = {"model": BUNDLE_SUFFIXES, "profile": PROFILE_SUFFIXES}  # names or paths


@dataclass(frozen=True)
class Job:
    """``command`` as on the command line, its ``arguments`` as plain JSON, and ``out``, the place of its result."""

    command: str
    arguments: Mapping[str, Any]
    out: str | None

    def to_json(self) -> dict[str, Any]:
        """The content of ``job.json``."""
        return {"schema": SCHEMA, "command": self.command, "arguments": dict(self.arguments), "out": self.out}


def absolute(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a job as a process in another folder understands them: the paths among them are absolute.

    An image may also be a mapping, which holds absolute paths already. What is given by the name that it is installed under stays
    a name.
    """
    return {name: _absolute(name, value) for name, value in arguments.items()}


def _absolute(name: str, value: Any) -> Any:
    if name in NAMED and isinstance(value, list | tuple):
        return [_absolute(name, one) for one in value]
    if isinstance(value, str | Path) and (name in PATHS or (name in NAMED and is_path(value, NAMED[name]))):
        return str(Path(os.path.expanduser(value)).absolute())
    return value


def write_job(folder: Path, command: str, arguments: Mapping[str, Any], out: str | Path | None = None) -> Path:
    """Write ``job.json`` with absolute paths into ``folder``, and return its path."""
    job = Job(command, absolute(arguments), _absolute("out", out))
    path = folder / "job.json"
    path.write_text(json.dumps(job.to_json(), ensure_ascii=False), encoding="utf-8")
    return path


def read_job(path: str | Path) -> Job:
    """Read ``job.json``; raises :class:`UsageError` if it is unreadable or of another schema."""
    try:
        data = json.loads(read_text(path))
        if data["schema"] != SCHEMA or not isinstance(data["arguments"], dict):
            raise Unread(f"its schema is {data['schema']!r}" if data["schema"] != SCHEMA else "its arguments are no object")
        return Job(str(data["command"]), data["arguments"], data.get("out"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "job.unreadable",
            f"'{path}' is not a job ({why(error)}).",
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
