"""Jobs as a panel, a console and a browser front end see them; tests may put another runner in their place."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..errors import DmdpError
from ..progress import Progress

Answer = Mapping[str, Any]
Prepared = Generator[None, None, Path]  # yields between small steps of work; returns the path of the job's file
Ended = Callable[[DmdpError | None, Answer], None]


class RunningJob(Protocol):
    """A job that was started: how far it is, what came of it, and that it can be asked to stop."""

    @property
    def fraction(self) -> float:
        """The share that is done, 0…1."""

    @property
    def words(self) -> str:
        """What it is at."""

    @property
    def done(self) -> bool:
        """True once it has ended, in whatever way."""

    @property
    def answer(self) -> Answer:
        """What it answered; empty if it answered nothing."""

    @property
    def error(self) -> DmdpError | None:
        """Why it failed; None as long as it runs and if it did not fail."""

    def cancel(self) -> None:
        """Ask it to stop; it ends with :class:`dmdp.errors.Cancelled`."""


class JobRunner(Protocol):
    """Does jobs in the order in which they were started."""

    def submit(self, prepare: Prepared, progress: Progress, ended: Ended, kind: str = "") -> RunningJob:
        """Start the job that ``prepare`` writes; ``ended(error, answer)`` is called once, and ``error`` is None if and only if
        the job is done. A job of the same ``kind`` that still waits is forgotten."""

    def drop(self, job: RunningJob) -> None:
        """End a job at once and forget it without a word, as a scene or an application that closes must."""

    def renew(self) -> None:
        """Do the next job in a new process, as after packages were installed."""

    def stop(self) -> None:
        """End everything now."""
