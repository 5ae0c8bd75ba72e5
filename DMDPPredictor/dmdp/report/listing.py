"""``export.json``: which files an export wrote into its folder, and which formats it could not write."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from .. import RESEARCH_USE_ONLY
from ..atomic.folder import examine
from ..atomic.marker import EXPORT, read_written, seal, strangers
from ..documents.codec import Malformed, json_text, parse, read
from ..errors import InputError, OutputError, base_name, error_from_json
from ..prediction.document import IMAGES, Prediction
from ..reading import read_bytes
from .outcome import Exported, NotWritten, Outcome

MARKER = EXPORT.marker


@dataclass(frozen=True)
class WrittenFile:
    """A file of an export: the ``format`` that asked for it, what it ``holds``, and a DICOM object's UID."""

    file: str
    format: str
    holds: str
    sop_instance_uid: str | None


@dataclass(frozen=True)
class LeftOut:
    """A format that could not be written, with the ``reason`` as :meth:`dmdp.errors.DmdpError.to_json` has it."""

    format: str
    reason: Mapping[str, str]


@dataclass(frozen=True)
class ExportList:
    """The content of ``export.json``; schema 1 did not tell what was not written."""

    derived: ClassVar[tuple[str, ...]] = ("schema", "research_use_only")
    schema: ClassVar[int] = 2
    research_use_only: ClassVar[str] = RESEARCH_USE_ONLY

    files: tuple[WrittenFile, ...]
    not_written: tuple[LeftOut, ...] = ()

    @classmethod
    def from_json(cls, document: Any) -> ExportList:
        """Read a document of this schema or the former one. Raises :class:`dmdp.documents.codec.Malformed`."""
        former = isinstance(document, Mapping) and document.get("schema") == 1
        return read(cls, {**document, "schema": cls.schema} if former else document)


def write_list(folder: Path, outcome: Outcome) -> None:
    """Write ``export.json``: what was written, and what not and why."""
    files = tuple(WrittenFile(item.path.name, item.format, item.holds, item.uid) for item in outcome.written)
    left = tuple(LeftOut(item.format, item.reason.to_json()) for item in outcome.not_written)
    (folder / MARKER).write_text(json_text(ExportList(files, left)), encoding="utf-8")


def read_outcome(folder: Path) -> Outcome:
    """What the export in ``folder`` says of itself in ``export.json``, of this schema or the former one.

    Raises :class:`InputError` if it holds none that can be read.
    """
    try:
        said = ExportList.from_json(parse(read_bytes(folder / MARKER)))
        files = tuple(Exported(folder / i.file, i.format, i.holds, i.sop_instance_uid) for i in said.files)
        return Outcome(files, tuple(NotWritten(item.format, error_from_json(item.reason)) for item in said.not_written))
    except (OSError, Malformed, KeyError) as error:
        raise InputError(
            "export.list",
            f"'{folder.name}' is no export that this version reads ({type(error).__name__}).",
            f"a folder with {MARKER}.",
            "Export again.",
        ) from error


def images_of(prediction: Prediction) -> dict[str, str]:
    """The hashes of the images behind a prediction: an export of one patient never takes the place of another's."""
    return {name: prediction.hashes.get(name, "") for name in IMAGES}


def check_addition(folder: Path, file: str, prediction: Prediction) -> None:
    """Raise :class:`OutputError` if ``file`` may not be written beside what is in ``folder``: it is not ours, or of other
    images."""
    earlier = examine(folder, EXPORT, keep_others=True)
    if earlier is not None and dict(earlier.made_from) != images_of(prediction):
        raise OutputError(
            "output.other",
            f"'{base_name(folder)}' holds an export of other images.",
            "a new folder.",
            "Choose another output folder.",
        )
    if os.path.lexists(folder / file) and file in strangers(folder, EXPORT, earlier):
        raise foreign(folder, file)


def add_to_list(folder: Path, item: Exported, prediction: Prediction) -> None:
    """Enter a file that was added to an export in ``folder`` afterwards; it gets a list if it has none."""
    written = read_written(folder, EXPORT)
    outcome = read_outcome(folder) if written is not None else Outcome(())
    others = tuple(other for other in outcome if other.path.name != item.path.name)
    kept = set(written.files) - set(strangers(folder, EXPORT, written)) if written is not None else set()
    write_list(folder, replace(outcome, written=(*others, item)))
    seal(folder, EXPORT, images_of(prediction), unread=(item.path.name,), only={*kept, item.path.name})


def foreign(folder: Path, file: str) -> OutputError:
    """The error for a file in the way that others wrote."""
    return OutputError(
        "output.foreign",
        f"'{file}' lies in '{base_name(folder)}' and is not of the earlier export there.",
        "a folder whose files may be replaced.",
        "Choose another output folder, or move that file away.",
    )
