"""Pieces in the processes of joblib, as scikit-learn users know them: for many small pieces of computing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ..errors import DmdpError, MissingPackage, error_from_json
from ..progress import silent
from .executor import Heard, Outcome, Piece, unheard
from .functions import find_function

OPEN_FILES, OPEN_FILES_EACH = 16, 4  # what processes beside this one take, in all and each


class Joblib:
    """Does ``jobs`` pieces at a time; they report no progress before they end."""

    def __init__(self, jobs: int = 1) -> None:
        self._jobs = jobs

    def run(self, pieces: Iterable[Piece], heard: Heard = unheard) -> Iterator[Outcome]:
        """As :meth:`dmdp.jobs.executor.Executor.run`."""
        try:
            import joblib
        except ImportError as missing:
            raise MissingPackage("joblib", "the executor 'joblib'", "train") from missing
        if self._jobs > 1:
            _try_open_files(self._jobs)
        work = (joblib.delayed(_done)(piece) for piece in pieces)
        try:
            for piece, answer, error in joblib.Parallel(n_jobs=self._jobs, return_as="generator_unordered")(work):
                yield Outcome(piece, answer, None if error is None else error_from_json(error))
                heard(piece, 1.0, "")
        except BrokenProcessPool as error:
            raise DmdpError(
                "run.process",
                "A process of this run ended before its piece was done.",
                "processes that live as long as they have work, and memory for each.",
                "Free some memory, or give --jobs 1; the same command goes on with the run from there.",
            ) from error


def _try_open_files(jobs: int) -> None:
    """Raise ``OSError`` if there are too few open files for ``jobs`` processes, which would otherwise start only to fail."""
    opened: list[int] = []
    try:
        for _ in range(OPEN_FILES + OPEN_FILES_EACH * jobs):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _done(piece: Piece) -> tuple[Piece, Mapping[str, Any] | None, Mapping[str, str] | None]:
    """In a process of joblib: the piece with its answer, or with its error as JSON, as an exception may not survive the way."""
    try:
        return piece, find_function(piece.function)(piece.description, silent), None
    except DmdpError as error:
        return piece, None, error.to_json()
