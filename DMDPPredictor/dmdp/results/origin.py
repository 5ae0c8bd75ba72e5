"""The job that made a result: ``job.json`` says what was asked, and a private file beside it keeps paths that may name a person.

What lies beside the result is named in ``job.json`` relative to it (``../ct``), so that both may move together. Other paths,
whose folders often hold names, stand in ``inputs.json``, which only its owner may read and which no export takes along.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..documents.codec import Malformed, json_text, parse, read
from ..errors import InputError, reason
from ..jobs.job import Job
from ..resources import BUNDLE_SUFFIXES, is_path
from .layout import ORIGIN, PRIVATE

IMAGES = ("ct", "pet", "mask", "pet_mask", "ct_mask")  # arguments that are paths, or mappings with ``files``
MODELS = "model"  # a list of names and paths


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
    arguments = absolute_paths(job.arguments)
    outside = {k: v for k, v in arguments.items() if any(os.path.dirname(path) != beside for path in _paths_in(k, v))}
    told = {k: _changed(k, v, lambda path: f"../{Path(path).name}") for k, v in arguments.items() if k not in outside}
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
        document = parse((folder / ORIGIN).read_bytes())
        if isinstance(document, Mapping) and document.get("schema") == 1:
            former = read(Job, document)
            return Job(former.command, absolute_paths(former.arguments), str(folder))
        origin = read(Origin, document)
        arguments = {key: _changed(key, value, lambda p: absolute_path(folder / p)) for key, value in origin.arguments.items()}
        if origin.private and (folder / PRIVATE).is_file():
            arguments |= read(PrivateInputs, parse((folder / PRIVATE).read_bytes())).arguments
        return Job(origin.command, arguments, str(folder))
    except (OSError, Malformed) as error:
        raise InputError(
            "result.origin",
            f"'{folder.name}' does not tell how it was made ({reason(error)}).",
            f"the {ORIGIN} that 'dmdp predict' wrote.",
            "Name the images, or predict again.",
        ) from error


def absolute_paths(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a ``predict`` job as a process in another folder understands them."""
    return {key: _changed(key, value, absolute_path) for key, value in arguments.items()}


def absolute_path(path: str | Path) -> str:
    """A path from the root, without ``~`` and ``..``."""
    return os.path.abspath(Path(path).expanduser())


def _changed(key: str, value: Any, change: Callable[[str], str]) -> Any:
    """An argument with every path in it changed."""
    if key == MODELS and isinstance(value, list | tuple):
        return [change(one) if is_path(one, BUNDLE_SUFFIXES) else one for one in value]
    if key not in IMAGES:
        return value
    if isinstance(value, Mapping):
        return {**value, "files": [change(file) for file in value["files"]]} if "files" in value else value
    return change(value)


def _paths_in(key: str, value: Any) -> list[str]:
    found: list[str] = []

    def noted(path: str) -> str:
        found.append(path)
        return path

    _changed(key, value, noted)
    return found
