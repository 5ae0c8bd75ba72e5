"""The jobs of a panel: whether one runs decides the state of everything on the panel."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import qt
from dmdp.errors import DmdpError
from dmdp.jobs.front_end import Ended, JobRunner, Prepared, RunningJob
from dmdp.jobs.worker import Worker, ready, unheard
from dmdp.progress import Progress, silent

POLL_MS = 30


class PanelWorker:
    """A worker that is looked after by a timer, so that the window stays responsive: a :class:`JobRunner` of a panel."""

    def __init__(self, worker: Worker):
        self._worker = worker
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.connect("timeout()", self._look)

    def submit(self, prepare: Prepared, progress: Progress = silent, ended: Ended = unheard, kind: str = "") -> RunningJob:
        """As :meth:`Worker.submit`."""
        task = self._worker.submit(prepare, progress, ended, kind)
        self._timer.start()
        return task

    def drop(self, job: RunningJob) -> None:
        """As :meth:`Worker.drop`."""
        self._worker.drop(job)

    def renew(self) -> None:
        """As :meth:`Worker.renew`."""
        self._worker.renew()

    def stop(self) -> None:
        """End the process; the next task starts another."""
        self._worker.stop()

    def _look(self) -> None:
        if not self._worker.poll():
            self._timer.stop()


class PanelJob:
    """One job at a time, with a folder of its own.

    ``ended(error, folder, answer)`` is called once for each started job unless it was abandoned; ``error`` is None if and only if
    the job is done. The folder is deleted after the call.
    """

    def __init__(self, worker: JobRunner, progress: Progress, ended: Callable[[DmdpError | None, Path, Mapping[str, Any]], None]):
        self._worker, self._progress, self._ended = worker, progress, ended
        self._task: RunningJob | None = None
        self._folder: Path | None = None

    @property
    def running(self) -> bool:
        return self._task is not None

    @property
    def folder(self) -> Path | None:
        """The temporary folder of the job that runs."""
        return self._folder

    def start(self, jobFile: Path) -> None:
        """Run the job whose ``job.json`` lies alone with its inputs in a temporary folder, which now belongs to this object."""
        self.startIn(jobFile.parent, ready(jobFile))

    def startIn(self, folder: Path, prepare: Prepared) -> None:
        """Run the job that ``prepare`` writes, step by step, into a temporary folder, which now belongs to this object."""
        self._folder = folder
        self._task = self._worker.submit(prepare, self._progress, self._end)

    def cancel(self) -> None:
        """Ask the job to end; ``ended`` tells when it has."""
        if self._task is not None:
            self._task.cancel()

    def abandon(self) -> None:
        """End the job at once and forget it, as when the scene or the application closes."""
        if self._task is not None:
            self._worker.drop(self._task)
            self._forget()

    def _end(self, error: DmdpError | None, answer: Mapping[str, Any]) -> None:
        folder, self._task = self._folder, None
        try:
            self._ended(error, folder, answer)
        finally:
            if self._folder is folder:  # else another job was started on the way
                self._folder = None
            shutil.rmtree(folder, ignore_errors=True)

    def _forget(self) -> None:
        folder, self._task, self._folder = self._folder, None, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
