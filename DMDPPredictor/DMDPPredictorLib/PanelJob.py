"""The one job of a panel: it runs or it does not, and everything on the panel derives from that."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import qt
from dmdp.errors import DmdpError

from .JobProcess import JobProcess, Progress

POLL_MS = 100


class PanelJob:
    """A child process that is looked after by a timer, so that the window stays responsive.

    ``ended(error, folder)`` is called once for each started job unless it was abandoned; ``error`` is None if and only if the
    result lies in ``folder``/result. The folder is deleted after the call.
    """

    def __init__(self, progress: Progress, ended: Callable[[DmdpError | None, Path], None]):
        self._progress, self._ended = progress, ended
        self._process: JobProcess | None = None
        self._folder: Path | None = None
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.connect("timeout()", self._look)

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, jobFile: Path) -> None:
        """Run the job whose ``job.json`` lies alone with its inputs in a temporary folder, which now belongs to this object."""
        process = JobProcess(jobFile)
        process.start()
        self._process, self._folder = process, jobFile.parent
        self._timer.start()

    def cancel(self) -> None:
        """Ask the job to end; ``ended`` tells when it has."""
        if self._process is not None:
            self._process.cancel()

    def abandon(self) -> None:
        """End the job at once and forget it, as when the scene or the application closes."""
        if self._process is not None:
            self._process.stop()
            self._forget()

    def _look(self) -> None:
        process, folder = self._process, self._folder
        if process is None or process.poll(self._progress):
            return
        self._timer.stop()
        self._process = None
        try:
            self._ended(process.error, folder)
        finally:
            self._forget()

    def _forget(self) -> None:
        self._timer.stop()
        folder, self._process, self._folder = self._folder, None, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
