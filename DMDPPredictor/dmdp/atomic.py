"""Write aside, then rename: a result is whole or absent, also after a kill or on a full disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import OutputError


def _aside(target: Path, word: str) -> Path:
    return target.with_name(f".{target.name}.{word}")


def _refused(target: Path, reason: str) -> OutputError:
    return OutputError(
        "output.unwritable",
        f"Cannot write '{target}': {reason}.",
        "a writable place with enough free space.",
        "Choose another output path, or free the space or the permission.",
    )


@contextmanager
def result_folder(target: str | Path, marker: str) -> Iterator[Path]:
    """A folder to write results into; it becomes ``target`` when the block ends, and vanishes when it fails.

    ``marker`` is the file that every result of this sort holds (``job.json``, ``manifest.json``). An existing ``target``
    is replaced only if it is empty or holds the marker; anything else is refused with :class:`OutputError`, so that no
    foreign file is ever deleted.
    """
    target = Path(target).expanduser().absolute()
    aside, old = _aside(target, "partial"), _aside(target, "old")
    if target.exists() and not (target.is_dir() and (not any(target.iterdir()) or (target / marker).exists())):
        raise OutputError(
            "output.exists",
            f"'{target}' exists and is not a result of this program.",
            "a new folder, an empty one, or an earlier result.",
            "Choose another output folder, or move what is there away.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _restore(target, old)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
    except OSError as error:
        raise _refused(target, error.strerror or str(error)) from error
    try:
        yield aside
        if target.exists():
            target.rename(old)
        aside.rename(target)
    except BaseException as error:
        _restore(target, old)
        shutil.rmtree(aside, ignore_errors=True)
        if isinstance(error, OSError):
            raise _refused(target, error.strerror or str(error)) from error
        raise
    shutil.rmtree(old, ignore_errors=True)


def _restore(target: Path, old: Path) -> None:
    """Put a former result back, or clear it away, if a kill came between the two renames."""
    if not old.exists():
        return
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.rename(target)


def write_file(target: str | Path, content: bytes) -> Path:
    """Write ``content`` to ``target`` in one step; raises :class:`OutputError` where that is impossible."""
    target = Path(target).expanduser().absolute()
    aside = _aside(target, "partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        os.replace(aside, target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise _refused(target, error.strerror or str(error)) from error
    return target
