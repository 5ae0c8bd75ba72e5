"""The job that made a result: ``job.json`` says what was asked, and a private file beside it keeps paths that may name a person.

What lies beside the result is named in ``job.json`` relative to it (``../ct``), so that both may move together. Other paths,
whose folders often hold names, stand in ``inputs.json``, which only its owner may read and which no export takes along.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..documents.codec import Malformed, json_text, parse, read
from ..errors import InputError
from ..jobs.job import Job, absolute, absolute_path, with_paths
from ..reading import read_bytes, why
from .layout import ORIGIN, PRIVATE


@dataclass(frozen=True)
class Origin:
    """The content of a result's ``job.json``: command and arguments, with paths relative to the result.

    The arguments that are named in ``private`` stand in ``inputs.json``.
    """

    derived: ClassVar[tuple[str, ...]] = ("schema",)
    schema: ClassVar[int] = 2

    command: str
    arguments: Mapping[str, Any]
    private: tuple[str, ...]


@dataclass(frozen=True)
class PrivateInputs:
    """The content of a result's ``inputs.json``: arguments of its job with absolute paths."""

    derived: ClassVar[tuple[str, ...]] = ("schema",)
    schema: ClassVar[int] = 1

    arguments: Mapping[str, Any]


def write_origin(folder: Path, job: Job, out: Path) -> None:
    """Write both files into ``folder``, from where the result will move to ``out``."""
    beside = os.path.dirname(absolute_path(out))
    arguments = absolute(job.arguments)
    outside = {k: v for k, v in arguments.items() if any(os.path.dirname(path) != beside for path in _paths_in(k, v))}
    inside = {k: v for k, v in arguments.items() if k not in outside}
    told = with_paths(inside, lambda path: f"../{Path(path).name}")
    origin = Origin(job.command, told, tuple(sorted(outside)))
    (folder / ORIGIN).write_text(json_text(origin), encoding="utf-8")
    if outside:
        with open(folder / PRIVATE, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
            stream.write(json_text(PrivateInputs(outside)))


def read_origin(folder: Path) -> Job:
    """The job that made the result in ``folder``, its paths absolute, as far as the result still tells them.

    It reads those of former versions too, whose paths stand as they were given. Raises :class:`InputError` if there is none.
    """
    try:
        document = parse(read_bytes(folder / ORIGIN))
        if isinstance(document, Mapping) and document.get("schema") == 1:
            former = read(Job, document)
            return Job(former.command, absolute(former.arguments), str(folder))
        origin = read(Origin, document)
        arguments = with_paths(origin.arguments, lambda path: absolute_path(folder / path))
        if origin.private and (folder / PRIVATE).is_file():
            arguments |= read(PrivateInputs, parse(read_bytes(folder / PRIVATE))).arguments
        return Job(origin.command, arguments, str(folder))
    except (OSError, Malformed) as error:
        raise InputError(
            "result.origin",
            f"'{folder.name}' does not tell how it was made ({why(error)}).",
            f"the {ORIGIN} that 'dmdp predict' wrote.",
            "Name the images, or predict again.",
        ) from error


def _paths_in(key: str, value: Any) -> list[str]:
    found: list[str] = []

    def noted(path: str) -> str:
        found.append(path)
        return path

    with_paths({key: value}, noted)
    return found
