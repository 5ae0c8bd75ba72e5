"""The worker as the panel sees it: a child process that does one task after the other. No thread and no Qt, and no waiting."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmdp.errors import Cancelled, DmdpError
from dmdp.jobs.protocol import CANCEL, JOB, Line, parse_line
from dmdp.session import new_folder

from .Job import Prepared, commandLine, ended, environment, ready

Progress = Callable[[float, str], None]
Ended = Callable[[DmdpError | None, Mapping[str, Any]], None]
GRACE_SECONDS = 3.0
STEP_SECONDS = 0.02  # of preparation at a time, so that a window never stands still
LOGGED = 4000  # characters of what a crashed worker printed


def nothing(*said) -> None:
    """For what nobody wants to hear."""


@dataclass(eq=False)
class Task:
    """A job on its way. ``ended(error, answer)`` is called once; ``error`` is None if and only if the job said DONE."""

    prepare: Prepared
    progress: Progress
    ended: Ended
    kind: str
    jobFile: Path | None = None
    answer: Mapping[str, Any] | None = None
    heard: bool = False
    again: bool = True
    cancelledAt: float | None = None


class Worker:
    """Takes tasks and does them in their order, in a process that starts with the first and stays.

    ``poll`` is to be called now and then (a window by its timer, a script in a loop) as long as it returns True.
    """

    def __init__(self):
        self._waiting: deque[Task] = deque()
        self._task: Task | None = None
        self._process: subprocess.Popen | None = None
        self._output = self._errors = None
        self._rest = b""
        self._dying: list[subprocess.Popen] = []
        self._outdated = False

    def __del__(self):
        self._forget()  # the end of its input ends the process

    @property
    def process(self) -> subprocess.Popen | None:
        """The child process; None before the first task and after an end."""
        return self._process

    def submit(self, prepare: Prepared, progress: Progress = nothing, ended: Ended = nothing, kind: str = "") -> Task:
        """Put a task at the end of the queue. A task of the same ``kind`` that still waits there is forgotten."""
        if kind:
            self._waiting = deque(task for task in self._waiting if task.kind != kind)
        task = Task(prepare, progress, ended, kind)
        self._waiting.append(task)
        return task

    def poll(self) -> bool:
        """Do what can be done at once; returns whether anything is still to come."""
        self._dying = [process for process in self._dying if process.poll() is None]
        if self._task is None and self._waiting:
            self._task = self._waiting.popleft()
        task = self._task
        if task is not None:
            if task.jobFile is None:
                self._prepare(task)
            else:
                self._look(task)
        return bool(self._task or self._waiting or self._dying)

    def cancel(self, task: Task) -> None:
        """Ask a task to stop and clear up after itself; a later :meth:`poll` sees its end, and insists if it does not come."""
        if task.cancelledAt is None:
            task.cancelledAt = time.monotonic()
            if task is self._task and task.jobFile is not None:
                self._tell(f"{CANCEL} {task.jobFile}")

    def drop(self, task: Task) -> None:
        """End a task at once and forget it without a word, as a scene or an application that closes must."""
        with contextlib.suppress(ValueError):
            self._waiting.remove(task)
        if task is self._task:
            self._task = None
            if task.jobFile is not None:
                self._kill()

    def renew(self) -> None:
        """Let the next task start another process, as after the settings have named another Python."""
        self._outdated = True

    def stop(self) -> None:
        """End the process now and forget all tasks."""
        self._waiting.clear()
        self._task = None
        self._kill()

    def run(self, prepare: Prepared, progress: Progress = nothing, idle: Callable[[], None] = nothing) -> Mapping[str, Any]:
        """Do a task and wait for its answer; raises the job's error.

        ``idle`` is called now and then; where it raises :class:`Cancelled` the job is asked to stop, and looked at until it has.
        """
        ends: list[tuple[DmdpError | None, Mapping[str, Any]]] = []
        task = self.submit(prepare, progress, lambda error, answer: ends.append((error, answer)))
        try:
            while not ends:
                self.poll()
                try:
                    idle()
                except Cancelled:
                    self.cancel(task)
                if not ends:
                    time.sleep(STEP_SECONDS)
        except BaseException:
            self.drop(task)
            raise
        error, answer = ends[0]
        if error is not None:
            raise error
        return answer

    def _prepare(self, task: Task) -> None:
        end = time.monotonic() + STEP_SECONDS
        try:
            while time.monotonic() < end:
                if task.cancelledAt is not None:
                    raise Cancelled
                next(task.prepare)
        except StopIteration as prepared:
            task.jobFile = prepared.value
            self._start()
            self._tell(f"{JOB} {task.jobFile}")
        except (DmdpError, OSError) as error:
            self._end(task, error if isinstance(error, DmdpError) else _unwritable(error))

    def _look(self, task: Task) -> None:
        exitCode = self._process.poll() if self._process is not None else 1  # before reading: what a dead one wrote is all there
        for line in self._read():
            task.heard = True
            if line.kind == "progress":
                task.progress(line.fraction, line.words)
            elif line.kind == "answer":
                task.answer = line.answer
            elif line.kind in ("done", "failed"):
                if line.error is not None and line.error.code == "internal":
                    self._log()
                self._end(task, line.error)
                return
        if exitCode is not None:
            self._ended(task, exitCode)
        elif task.cancelledAt is not None and time.monotonic() - task.cancelledAt > GRACE_SECONDS:
            self._kill()
            self._end(task, Cancelled())

    def _ended(self, task: Task, exitCode: int) -> None:
        """The process is gone in the middle of a task. An idle one may have left just as the task came: that one is told anew."""
        self._log()
        self._forget()
        if exitCode == 0 and not task.heard and task.again and task.cancelledAt is None:
            task.again = False
            self._start()
            self._tell(f"{JOB} {task.jobFile}")
        else:
            self._end(task, Cancelled() if task.cancelledAt is not None else ended(exitCode))

    def _end(self, task: Task, error: DmdpError | None) -> None:
        self._task = None
        task.ended(error, task.answer or {})

    def _start(self) -> None:
        """In a process group of its own, so that a launcher and what it launched end together. Its output goes into a file, so
        that nobody has to wait for a pipe; its input is a pipe, whose end tells it that we are gone."""
        if self._process is not None and self._process.poll() is None and not self._outdated:
            return
        self._kill()
        self._outdated = False
        folder = new_folder("worker")
        apart = {"start_new_session": True}
        if os.name == "nt":
            apart = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
        self._errors = folder / "errors.txt"
        with (folder / "output.txt").open("wb") as sink, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                commandLine(), env=environment(), cwd=folder, stdin=subprocess.PIPE, stdout=sink, stderr=errors, **apart
            )
        self._output = (folder / "output.txt").open("rb")

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError):  # it is gone, as the next look will find
            self._process.stdin.write(os.fsencode(f"{line}\n"))
            self._process.stdin.flush()

    def _read(self) -> list[Line]:
        if self._output is None:
            return []
        *whole, self._rest = (self._rest + self._output.read()).split(b"\n")
        return [parse_line(raw.decode("utf-8", errors="replace")) for raw in whole]

    def _log(self) -> None:
        """What the worker printed about its end, into the application's log."""
        with contextlib.suppress(OSError):
            printed = self._errors.read_text(encoding="utf-8", errors="replace").strip()
            if printed:
                logging.error("DMDP: the process that computes printed:\n%s", printed[-LOGGED:])

    def _kill(self) -> None:
        """Reach the whole process tree; it is looked after later, as waiting would stop the window."""
        if self._process is not None and self._process.poll() is None:
            if os.name == "nt":
                words = ["taskkill", "/T", "/F", "/PID", str(self._process.pid)]
                self._dying.append(subprocess.Popen(words, creationflags=subprocess.CREATE_NO_WINDOW))
            else:
                with contextlib.suppress(ProcessLookupError):  # it ended by itself in the meantime
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._dying.append(self._process)
        self._forget()

    def _forget(self) -> None:
        if self._output is not None:
            self._output.close()
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process = self._output = self._errors = None
        self._rest = b""


def runJob(jobFile: Path, progress: Progress = nothing, idle: Callable[[], None] = nothing) -> Mapping[str, Any]:
    """Do a single job in a process of its own and wait; for the console, batches and tests. Raises the job's own error.

    ``idle`` is called at each look, some fifty times a second, and may raise :class:`Cancelled` to stop the job.
    """
    worker = Worker()
    try:
        return worker.run(ready(jobFile), progress, idle)
    finally:
        worker.stop()


def _unwritable(error: OSError) -> DmdpError:
    return DmdpError(
        "job.unwritable",
        f"The images cannot be handed to the process that computes ({error.strerror or error}).",
        "room in the folder for temporary files.",
        "Free some space and try again.",
    )
