"""The folder of a run: one process at a time holds it, and it is resumed only with the settings with which it was begun."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dmdp.atomic import is_lock, locked, remove_partials, write_file
from dmdp.errors import OutputError, base_name

CONFIGURATION = "configuration.json"


@contextmanager
def running(folder: str | Path) -> Iterator[None]:
    """Hold the lock of a run folder: one process at a time. Raises :class:`OutputError` if another one holds it."""
    path = Path(os.path.realpath(os.path.expanduser(folder))) / CONFIGURATION
    with locked(path, lambda target, aside, former: remove_partials(target.parent) if target.is_file() else None):
        yield


def open_run(folder: str | Path, configuration: Mapping[str, Any], early: Collection[str] = ()) -> Path:
    """The run folder for a ``configuration`` (plain JSON), new or from a run that was stopped.

    ``early`` names what can lie in it that no setting changes: as long as there is nothing else, the configuration may change.
    Raises :class:`OutputError` if the folder holds something else, or a run with other settings, data or versions.
    """
    folder = Path(os.path.expanduser(folder))
    path = folder / CONFIGURATION
    names = {p.name for p in folder.iterdir() if not is_lock(p.name)} if folder.is_dir() else set()
    _check_links(folder)
    begun = bool(names - {*early, CONFIGURATION}) if early else True
    if path.is_file() and begun:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found != json.loads(json.dumps(configuration)):
            raise OutputError(
                "run.other",
                f"'{base_name(folder)}' holds a run with other settings, data or versions.",
                "a new folder, or the same settings to go on with that run.",
                "Choose another output folder, or give the settings of that run.",
            )
        return folder
    if folder.exists() and (not folder.is_dir() or (names and begun)):
        raise OutputError(
            "output.exists",
            f"'{base_name(folder)}' exists and is not a run of this program.",
            "a new folder, an empty one, or an earlier run.",
            "Choose another output folder, or move what is there away.",
        )
    write_file(path, (json.dumps(configuration, indent=1) + "\n").encode())
    return folder


def _check_links(folder: Path) -> None:
    """Raise :class:`OutputError` if a link leads out of the run: nothing is written or deleted through a link."""
    for root, folders, _files in os.walk(folder):
        for name in folders:
            if (Path(root) / name).is_symlink():
                raise OutputError(
                    "output.link",
                    f"'{Path(root) / name}' is a link to another folder.",
                    "a run folder of plain folders.",
                    "Choose another output folder, or put the folder itself there.",
                )
