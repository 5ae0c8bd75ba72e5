"""Pieces in the processes of joblib, as scikit-learn users know them: for many small pieces of computing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ..errors import DmdpError, MissingPackage, error_from_json
from ..progress import silent
from .executor import Heard, Outcome, Piece, unheard
from .functions import find_function


class Joblib:
    """Does ``jobs`` pieces at a time; they tell nothing before they end."""

    def __init__(self, jobs: int = 1) -> None:
        self._jobs = jobs

    def run(self, pieces: Iterable[Piece], heard: Heard = unheard) -> Iterator[Outcome]:
        """As :meth:`dmdp.jobs.executor.Executor.run`."""
        try:
            import joblib
        except ImportError as missing:
            raise MissingPackage("joblib", "the executor 'joblib'", "train") from missing
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


def _done(piece: Piece) -> tuple[Piece, Mapping[str, Any] | None, Mapping[str, str] | None]:
    """In a process of joblib: the piece with its answer, or with its error as JSON, as an exception may not survive the way."""
    try:
        return piece, find_function(piece.function)(piece.description, silent), None
    except DmdpError as error:
        return piece, None, error.to_json()
