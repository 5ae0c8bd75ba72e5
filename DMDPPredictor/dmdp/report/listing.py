"""``export.json``: what an export wrote into its folder, what it could not write, and so which files there are ours."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from .. import RESEARCH_USE_ONLY
from ..errors import InputError, OutputError, error_from_json
from ..prediction import json_text
from .formats import Exported, NotWritten, Outcome

MARKER = "export.json"
SCHEMA = 2  # 1 did not tell what was not written


def write_list(folder: Path, outcome: Outcome) -> None:
    """Write ``export.json``: what was written, and what not and why."""
    files = [
        {"file": item.path.name, "format": item.format, "holds": item.holds, "sop_instance_uid": item.uid}
        for item in outcome.written
    ]
    left = [{"format": item.format, "reason": item.reason.to_json()} for item in outcome.not_written]
    document = {"schema": SCHEMA, "research_use_only": RESEARCH_USE_ONLY, "files": files, "not_written": left}
    (folder / MARKER).write_text(json_text(document), encoding="utf-8")


def read_outcome(folder: Path) -> Outcome:
    """What the export in ``folder`` says of itself in ``export.json``, of this schema or the former one.

    Raises :class:`InputError` where it holds none that can be read.
    """
    try:
        document = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        files = [Exported(folder / i["file"], i["format"], i["holds"], i["sop_instance_uid"]) for i in document["files"]]
        left = [NotWritten(item["format"], error_from_json(item["reason"])) for item in document.get("not_written", ())]
        return Outcome(tuple(files), tuple(left))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "export.list",
            f"'{folder.name}' is no export that this version reads ({type(error).__name__}).",
            f"a folder with {MARKER}.",
            "Export again.",
        ) from error


def check_addition(folder: Path, file: str) -> None:
    """Raise :class:`OutputError` where ``file`` may not be written beside what is in ``folder``, as it is not ours."""
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or (folder / MARKER).exists())):
        raise OutputError(
            "output.exists",
            f"'{folder}' exists and is not an export of this program.",
            "a new folder, an empty one, or an earlier export.",
            "Choose another output folder.",
        )
    if (folder / file).exists() and file not in listed(folder):
        raise foreign(folder, file)


def add_to_list(folder: Path, item: Exported) -> None:
    """Enter a file that was added to an export in ``folder`` afterwards; it gets a list where it has none."""
    outcome = read_outcome(folder) if (folder / MARKER).exists() else Outcome(())
    others = tuple(other for other in outcome if other.path.name != item.path.name)
    write_list(folder, replace(outcome, written=(*others, item)))


def listed(folder: Path) -> frozenset[str]:
    """The files that an earlier export wrote into ``folder``, by its own list."""
    try:
        return frozenset({MARKER, *(item.path.name for item in read_outcome(folder))})
    except InputError:
        return frozenset({MARKER})


def foreign(folder: Path, file: str) -> OutputError:
    """The error for a file in the way that others wrote."""
    return OutputError(
        "output.foreign",
        f"'{file}' lies in '{folder}' and is not of the earlier export there.",
        "a folder whose files may be replaced.",
        "Choose another output folder, or move that file away.",
    )
