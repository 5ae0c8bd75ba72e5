"""A job's child process: start it, look at it now and then, cancel it with all that it started. No thread and no Qt."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from dmdp.errors import Cancelled, DmdpError

from .Job import Line, commandLine, ended, environment, parseLine

Progress = Callable[[float, str], None]
GRACE_SECONDS = 3.0


class JobProcess:
    """A job that runs beside the application. Its output goes into a file, so that nobody has to wait for a pipe.

    ``poll`` is to be called now and then (a window by its timer, a script in a loop) until ``running`` is False; then
    ``error`` is None if and only if the job said DONE.
    """

    def __init__(self, jobFile: Path):
        self._jobFile = jobFile
        self._process: subprocess.Popen | None = None
        self._output = None
        self._rest = b""
        self._cancelledAt: float | None = None
        self._last = Line("other")
        self.error: DmdpError | None = None

    @property
    def running(self) -> bool:
        """True between :meth:`start` and the poll that sees the end."""
        return self._process is not None

    def start(self) -> None:
        """Start the child in a process group of its own, so that a launcher and what it launched end together."""
        outputFile = self._jobFile.with_name("output.txt")
        apart = {"start_new_session": True}
        if os.name == "nt":
            apart = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
        with outputFile.open("wb") as sink, self._jobFile.with_name("errors.txt").open("wb") as errors:
            self._process = subprocess.Popen(
                commandLine(self._jobFile), env=environment(), stdin=subprocess.DEVNULL, stdout=sink, stderr=errors, **apart
            )
        self._output = outputFile.open("rb")

    def poll(self, progress: Progress = lambda fraction, words: None) -> bool:
        """Report the progress lines that have come in; returns whether the job still runs."""
        if self._process is None:
            return False
        exitCode = self._process.poll()  # before reading: what a dead process wrote is all there
        self._read(progress)
        if exitCode is not None:
            self._end(exitCode)
        elif self._cancelledAt is not None and time.monotonic() - self._cancelledAt > GRACE_SECONDS:
            self._signal(force=True)
        return self.running

    def cancel(self) -> None:
        """Ask the job to stop and clear up after itself; a later :meth:`poll` sees its end, and insists if it does not come."""
        if self._process is not None and self._cancelledAt is None:
            self._cancelledAt = time.monotonic()
            self._signal(force=False)

    def stop(self) -> None:
        """End the job now and wait for its end, as a scene or an application that closes must."""
        if self._process is None:
            return
        self._cancelledAt = time.monotonic()
        self._signal(force=True)
        self._end(self._process.wait())

    def _read(self, progress: Progress) -> None:
        *whole, self._rest = (self._rest + self._output.read()).split(b"\n")
        for raw in whole:
            line = parseLine(raw.decode("utf-8", errors="replace"))
            if line.kind == "progress":
                progress(line.fraction, line.words)
            elif line.kind in ("done", "failed"):
                self._last = line

    def _end(self, exitCode: int) -> None:
        self._output.close()
        self._process = None
        if self._last.kind == "done" and exitCode == 0:
            self.error = None
        elif self._cancelledAt is not None:
            self.error = Cancelled()
        else:
            self.error = self._last.error or ended(exitCode)

    def _signal(self, force: bool) -> None:
        """Reach the whole process tree; Windows has no polite way to do so for a process without a window."""
        if os.name == "nt":
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(self._process.pid)],
                capture_output=True,
                check=False,
                creationflags=subprocess.CREATE_NO_WINDOW,
            )
            return
        with contextlib.suppress(ProcessLookupError):  # it ended by itself in the meantime
            os.killpg(self._process.pid, signal.SIGKILL if force else signal.SIGTERM)


def runJob(jobFile: Path, progress: Progress = lambda fraction, words: None, idle: Callable[[], None] = lambda: None) -> None:
    """Run a job and wait; for the console, batches and tests. Raises the job's own error.

    ``idle`` is called at each look at the job, about every 50 ms, so that a window can live meanwhile. Where it or ``progress``
    raises :class:`Cancelled` the job is asked to stop, and looked at as before until it has.
    """
    process = JobProcess(jobFile)
    process.start()
    try:
        while process.running:
            try:
                if process.poll(progress):
                    idle()
            except Cancelled:
                process.cancel()
            time.sleep(0.05)
    finally:
        process.stop()
    if process.error is not None:
        raise process.error
