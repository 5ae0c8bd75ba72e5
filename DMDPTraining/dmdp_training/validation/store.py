"""A run that can be killed: every piece is a file, written aside and renamed, and is not computed again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from dmdp.atomic import is_lock, locked, remove_partials, write_file
from dmdp.errors import DmdpError, OutputError
from dmdp.progress import Progress, silent
from sklearn import config_context

from ..cohorts.table import CohortTable
from .plan import Plan
from .units import Unit, compute

CONFIGURATION = "configuration.json"
PIECES = "pieces"
OPEN_FILES, OPEN_FILES_EACH = 16, 4  # what processes beside this one take, in all and each


@contextmanager
def running(folder: str | Path) -> Iterator[None]:
    """Hold the lock of a run folder: one process at a time. Raises :class:`OutputError` where another one holds it."""
    path = Path(os.path.realpath(os.path.expanduser(folder))) / CONFIGURATION
    with locked(path, lambda target, aside, former: remove_partials(target.parent) if target.is_file() else None):
        yield


def open_run(folder: str | Path, configuration: Mapping[str, Any], early: Collection[str] = ()) -> Path:
    """The run folder for a ``configuration`` (plain JSON), new or from a run that was stopped.

    ``early`` names what can lie in it that no setting changes: as long as there is nothing else, the configuration may change.
    Raises :class:`OutputError` where the folder holds something else, or a run with other settings, data or versions.
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
                f"'{folder}' holds a run with other settings, data or versions.",
                "a new folder, or the same settings to go on with that run.",
                "Choose another output folder, or give the settings of that run.",
            )
        return folder
    if folder.exists() and (not folder.is_dir() or (names and begun)):
        raise OutputError(
            "output.exists",
            f"'{folder}' exists and is not a run of this program.",
            "a new folder, an empty one, or an earlier run.",
            "Choose another output folder, or move what is there away.",
        )
    write_file(path, (json.dumps(configuration, indent=1) + "\n").encode())
    return folder


def _check_links(folder: Path) -> None:
    """Nothing is written or deleted through a link: raises :class:`OutputError` where one leads out of the run."""
    for root, folders, _files in os.walk(folder):
        for name in folders:
            if (Path(root) / name).is_symlink():
                raise OutputError(
                    "output.link",
                    f"'{Path(root) / name}' is a link to another folder.",
                    "a run folder of plain folders.",
                    "Choose another output folder, or put the folder itself there.",
                )


def fingerprint(table: CohortTable) -> str:
    """SHA-256 of everything that a result depends on: values, labels, cohorts and columns."""
    digest = hashlib.sha256(np.ascontiguousarray(table.values).tobytes())
    for task in sorted(table.labels):
        digest.update(task.encode() + np.ascontiguousarray(table.labels[task]).tobytes())
    digest.update(json.dumps([[asdict(c) for c in table.columns], table.cohorts.tolist()]).encode())
    return digest.hexdigest()


def run_pieces(
    folder: Path,
    pieces: Iterable[Unit],
    tables: Mapping[str, CohortTable],
    plan: Plan,
    jobs: int = 1,
    progress: Progress = silent,
) -> dict[Unit, dict[str, Any]]:
    """Every piece's result; those that ``folder`` already holds are read, the others computed in ``jobs`` processes.

    The result does not depend on ``jobs`` nor on how often the run was stopped. Raises :class:`DmdpError` where one of the
    processes is killed.
    """
    pieces = list(pieces)
    missing = [unit for unit in pieces if not _path(folder, unit).is_file()]
    done = len(pieces) - len(missing)
    if missing and jobs > 1:
        _try_open_files(jobs)
    work = (joblib.delayed(_piece)(folder, unit, tables[unit.task], plan) for unit in missing)
    try:
        for unit in joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(work):
            done += 1
            progress(done / len(pieces), f"{done} of {len(pieces)}: {unit.kind} {unit.task} {unit.feature_set}")
    except BrokenProcessPool as error:
        raise DmdpError(
            "run.process",
            "A process of this run ended before its piece was done.",
            "processes that live as long as they have work, and memory for each.",
            "Free some memory, or give --jobs 1; the same command goes on where the run was.",
        ) from error
    return {unit: json.loads(_path(folder, unit).read_text(encoding="utf-8")) for unit in pieces}


def _try_open_files(jobs: int) -> None:
    """Raise ``OSError`` if there are too few for ``jobs`` processes, which would come up only to fail with words of their own."""
    opened: list[int] = []
    try:
        for _ in range(OPEN_FILES + OPEN_FILES_EACH * jobs):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _piece(folder: Path, unit: Unit, table: CohortTable, plan: Plan) -> Unit:
    with config_context(assume_finite=True, skip_parameter_validation=True):  # many small fits: the checks cost more
        found = compute(unit, table, plan)
    write_file(_path(folder, unit), json.dumps(found).encode())
    return unit


def _path(folder: Path, unit: Unit) -> Path:
    return folder / PIECES / f"{unit.name}.json"
