"""A job is a command with its arguments as JSON: panel, console, command line, cluster and tests all run the same one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..documents.codec import Malformed, json_text, parse, plain, read
from ..errors import UsageError, base_name
from ..reading import read_bytes, why
from ..resources import BUNDLE_SUFFIXES, PROFILE_SUFFIXES, is_path

PATHS = ("ct", "pet", "mask", "pet_mask", "ct_mask", "cohort", "data", "result", "folder", "path", "run", "out")
NAMED = {"model": BUNDLE_SUFFIXES, "profile": PROFILE_SUFFIXES}  # names or paths


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


def absolute(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a job as a process in another folder understands them: the paths among them are absolute."""
    return with_paths(arguments, absolute_path)


def absolute_path(path: str | Path) -> str:
    """A path from the root, without ``~`` and ``..``."""
    return os.path.abspath(os.path.expanduser(path))


def with_paths(arguments: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """The arguments of a job with every path among them changed.

    What is given by the name that it is installed under stays a name; an image may be a mapping with a list of ``files``.
    """
    return {name: _with_paths(name, value, change) for name, value in arguments.items()}


def _with_paths(name: str, value: Any, change: Callable[[str], str]) -> Any:
    if name in NAMED and isinstance(value, list | tuple):
        return [_with_paths(name, one, change) for one in value]
    if name in PATHS and isinstance(value, Mapping) and "files" in value:
        return {**value, "files": [change(file) for file in value["files"]]}
    if isinstance(value, str | Path) and (name in PATHS or (name in NAMED and is_path(value, NAMED[name]))):
        return change(os.fspath(value))
    return value


def write_job(folder: Path, command: str, arguments: Mapping[str, Any], out: str | Path | None = None) -> Path:
    """Write ``job.json`` with absolute paths into ``folder``, and return its path."""
    job = Job(command, absolute(arguments), None if out is None else absolute_path(out))
    path = folder / "job.json"
    path.write_text(json_text(job), encoding="utf-8")
    return path


def read_job(path: str | Path) -> Job:
    """Read ``job.json``; raises :class:`UsageError` if it is unreadable or of another schema."""
    try:
        return read(Job, parse(read_bytes(path)))
    except (OSError, Malformed) as error:
        raise UsageError(
            "job.unreadable",
            f"'{base_name(path)}' is not a job ({why(error)}).",
            f"a JSON object with schema {Job.schema}, command, arguments and out.",
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
