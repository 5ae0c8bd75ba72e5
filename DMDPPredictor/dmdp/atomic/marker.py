"""The marker of a result folder: who wrote which files into it, and what they were made from.

Every kind of result has a JSON file of its own (``job.json``, ``export.json``, ``manifest.json``, ``simulated.json``). Its member
``written`` is ours: {version, kind, files {path: {size, sha256}}, document (SHA-256 of the rest of that file), made_from {name:
text}}.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..reading import read_text

MEMBER, VERSION = "written", 1
NO_STRANGERS = (".ds_store", "thumbs.db", "desktop.ini")  # what file managers leave everywhere
MAX_BYTES = 32 * 1024 * 1024  # of a marker


@dataclass(frozen=True)
class Kind:
    """A sort of result: its ``name``, the file that is its ``marker``, and how that file was called in ``former`` versions."""

    name: str
    marker: str
    former: tuple[str, ...] = ()


PREDICTION = Kind("prediction", "job.json")
EXPORT = Kind("export", "export.json")
BUNDLE = Kind("model bundle", "manifest.json")
SIMULATION = Kind("simulation", "simulated.json", ("simulated.txt",))


@dataclass(frozen=True)
class Entry:
    """A file as it was written; ``sha256`` is None if it was too large to be read again."""

    size: int
    sha256: str | None


@dataclass(frozen=True)
class Written:
    """What the marker of a folder says."""

    files: Mapping[str, Entry]
    made_from: Mapping[str, str]


def seal(
    folder: Path,
    kind: Kind,
    made_from: Mapping[str, str],
    unread: Collection[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Enter into the marker, which lies in ``folder`` already, what else lies there (or ``only`` what is named); files ``unread``
    by their size alone."""
    path = folder / kind.marker
    document = {k: v for k, v in json.loads(path.read_text(encoding="utf-8")).items() if k != MEMBER}
    wanted = (lambda name: True) if only is None else only.__contains__
    files = {name: _entry(folder / name, name in unread) for name, _ in entries(folder) if name != kind.marker and wanted(name)}
    written = {
        "version": VERSION,
        "kind": kind.name,
        "files": {name: asdict(entry) for name, entry in sorted(files.items())},
        "document": _digest(document),
        "made_from": dict(made_from),
    }
    text = json.dumps({**document, MEMBER: written}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    path.write_text(text, encoding="utf-8")


def read_written(folder: Path, kind: Kind) -> Written | None:
    """What the marker says; None if there is none of this kind and version, or if it was changed since."""
    path = folder / kind.marker
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
        written = document.pop(MEMBER)
        if (written["version"], written["kind"], written["document"]) != (VERSION, kind.name, _digest(document)):
            return None
        files = {str(name): Entry(int(entry["size"]), entry["sha256"]) for name, entry in written["files"].items()}
        return Written(files, {str(k): str(v) for k, v in written["made_from"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def is_former(folder: Path, kind: Kind) -> bool:
    """True if a marker of this kind says nothing of what was written, as those of former versions."""
    if any((folder / name).is_file() for name in kind.former):
        return True
    try:
        document = json.loads(read_text(folder / kind.marker))
        return "schema" in document and document.get(MEMBER, {}).get("version") != VERSION
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return False


def is_result(folder: Path, kind: Kind) -> bool:
    """True for a folder that holds a whole result of this version: every file that was written, in its size."""
    written = read_written(folder, kind)
    if written is None:
        return False
    found = {name: status.st_size for name, status in entries(folder) if stat.S_ISREG(status.st_mode)}
    return all(found.get(name) == entry.size for name, entry in written.files.items())


def strangers(folder: Path, kind: Kind, written: Written | None) -> list[str]:
    """Paths below ``folder`` that are not, or no longer, what the marker says."""
    ours = dict(written.files) if written else {}
    return [
        name
        for name, status in entries(folder)
        if not (name == kind.marker and written)
        and not (name in ours and _same(folder / name, status, ours[name]))
        and not (Path(name).name.lower() in NO_STRANGERS and stat.S_ISREG(status.st_mode))
    ]


def top_strangers(folder: Path) -> list[str]:
    """What lies in a folder without a marker, not looking below; nothing for one that is as good as empty."""
    return sorted(name for name in os.listdir(folder) if name.lower() not in NO_STRANGERS)


def remove_ours(folder: Path, kind: Kind) -> None:
    """Delete the files of a result, and the folder if nothing else is left in it."""
    left = set(strangers(folder, kind, read_written(folder, kind)))
    names = [name for name, _ in entries(folder) if name not in left]
    for name in sorted(names, key=lambda name: name == kind.marker):  # the marker last: till then it tells what is ours
        (folder / name).unlink()
    for parent in sorted({p for name in names for p in Path(name).parents}, key=lambda p: -len(p.parts)):
        if not any((folder / parent).iterdir()):
            (folder / parent).rmdir()


def entries(folder: Path, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Everything below ``folder`` by its path and status, links as such: files, empty folders and all else that is no folder."""
    with os.scandir(folder / below) as found:
        listed = sorted(found, key=lambda entry: entry.name)
    for entry in listed:
        name, status = f"{below}{entry.name}", entry.stat(follow_symlinks=False)
        inner = list(entries(folder, f"{name}/")) if stat.S_ISDIR(status.st_mode) else []
        yield from inner or [(name, status)]


def _same(path: Path, status: os.stat_result, entry: Entry) -> bool:
    regular = stat.S_ISREG(status.st_mode) and status.st_size == entry.size
    return regular and (entry.sha256 is None or _sha256(path) == entry.sha256)


def _entry(path: Path, unread: bool) -> Entry:
    return Entry(path.lstat().st_size, None if unread else _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
