"""A worker as the program above it sees it: a child that does one job after the other. No thread, no Qt, and no waiting."""

from __future__ import annotations

import logging
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Cancelled, DmdpError
from ..progress import Progress, silent
from .child import Child, Launch, ended, this_python
from .front_end import Answer, Ended, Prepared, RunningJob
from .protocol import CANCEL, JOB

GRACE_SECONDS = 3.0
STEP_SECONDS = 0.02  # of preparation at a time, so that a window never stands still
LOGGED = 4000  # characters of what a crashed worker printed
LOG = logging.getLogger(__name__)
LOG.addHandler(logging.NullHandler())  # an application with a log gets the words; the command line prints none


def unheard(error: DmdpError | None, answer: Answer) -> None:
    """Does nothing: the end of a job for which nobody waits."""


def ready(job_file: Path) -> Prepared:
    """A job whose file is written already."""
    return job_file
    yield


@dataclass(eq=False)
class Task:
    """A job on its way: a :class:`dmdp.jobs.front_end.RunningJob`."""

    prepare: Prepared
    progress: Progress
    ended: Ended
    kind: str
    job_file: Path | None = None
    fraction: float = 0.0
    words: str = ""
    done: bool = False
    answer: Answer = field(default_factory=dict)
    error: DmdpError | None = None
    heard: bool = False
    again: bool = True
    cancelled_at: float | None = None
    cancel_told: bool = False

    def cancel(self) -> None:
        """Ask the job to stop and clear up after itself; its worker sees to it, and insists after some seconds."""
        if self.cancelled_at is None:
            self.cancelled_at = time.monotonic()


class Worker:
    """Takes jobs and does them in their order, in a process that starts with the first and stays.

    ``poll`` is to be called now and then (a window by its timer, a script in a loop) as long as it returns True. ``launch`` says
    how the process is started; it is asked at each start.
    """

    def __init__(self, launch: Callable[[], Launch] = this_python) -> None:
        self._launch = launch
        self._waiting: deque[Task] = deque()
        self._task: Task | None = None
        self._child: Child | None = None
        self._dying: list[subprocess.Popen] = []
        self._outdated = False

    def __del__(self) -> None:
        self._forget()  # the end of its input ends the process

    @property
    def process(self) -> subprocess.Popen | None:
        """The child process; None before the first job and after an end."""
        return None if self._child is None else self._child.process

    def submit(self, prepare: Prepared, progress: Progress = silent, ended: Ended = unheard, kind: str = "") -> Task:
        """Put a job at the end of the queue. A job of the same ``kind`` that still waits there is forgotten."""
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
        if self._task is not None:
            if self._task.job_file is None:
                self._prepare(self._task)
            else:
                self._look(self._task)
        return bool(self._task or self._waiting or self._dying)

    def drop(self, job: RunningJob) -> None:
        """End a job at once and forget it without a word, as a scene or an application that closes must."""
        self._waiting = deque(task for task in self._waiting if task is not job)
        if self._task is not None and self._task is job:
            told, self._task = self._task.job_file is not None, None
            if told:
                self._kill()

    def renew(self) -> None:
        """Let the next job start another process, as after the settings have named another Python."""
        self._outdated = True

    def stop(self) -> None:
        """End the process now and forget all jobs."""
        self._waiting.clear()
        self._task = None
        self._kill()

    def run(self, prepare: Prepared, progress: Progress = silent, idle: Callable[[], None] = lambda: None) -> Answer:
        """Do a job and wait for its answer; raises the job's error.

        ``idle`` is called now and then; if it raises :class:`Cancelled` the job is asked to stop, and looked at until it has.
        """
        task = self.submit(prepare, progress)
        try:
            while not task.done:
                self.poll()
                try:
                    idle()
                except Cancelled:
                    task.cancel()
                if not task.done:
                    time.sleep(STEP_SECONDS)
        except BaseException:
            self.drop(task)
            raise
        if task.error is not None:
            raise task.error
        return task.answer

    def _prepare(self, task: Task) -> None:
        end = time.monotonic() + STEP_SECONDS
        try:
            while time.monotonic() < end:
                if task.cancelled_at is not None:
                    raise Cancelled
                next(task.prepare)
        except StopIteration as prepared:
            task.job_file = prepared.value
            self._start(task)
        except (DmdpError, OSError) as error:
            self._end(task, error if isinstance(error, DmdpError) else _unwritable(error))

    def _look(self, task: Task) -> None:
        if self._child is None:
            self._end(task, ended(1))
            return
        if task.cancelled_at is not None and not task.cancel_told:
            task.cancel_told = True
            self._child.tell(f"{CANCEL} {task.job_file}")
        exit_code = self._child.process.poll()  # before reading: what a dead one wrote is all there
        for line in self._child.lines():
            task.heard = True
            if line.kind == "progress":
                task.fraction, task.words = line.fraction, line.words
                task.progress(line.fraction, line.words)
            elif line.kind == "answer":
                task.answer = line.answer or {}
            elif line.kind in ("done", "failed"):
                if line.error is not None and line.error.code == "internal":
                    self._log()
                self._end(task, line.error)
                return
        if exit_code is not None:
            self._ended(task, exit_code)
        elif task.cancelled_at is not None and time.monotonic() - task.cancelled_at > GRACE_SECONDS:
            self._kill()
            self._end(task, Cancelled())

    def _ended(self, task: Task, exit_code: int) -> None:
        """Handle a process that ended during a job. An idle one may have left just as the job came, which is then sent again."""
        self._log()
        self._forget()
        if exit_code == 0 and not task.heard and task.again and task.cancelled_at is None:
            task.again = False
            self._start(task)
        else:
            self._end(task, Cancelled() if task.cancelled_at is not None else ended(exit_code))

    def _end(self, task: Task, error: DmdpError | None) -> None:
        self._task = None
        task.error, task.done = error, True
        task.ended(error, task.answer)

    def _start(self, task: Task) -> None:
        try:
            if self._child is None or self._child.process.poll() is not None or self._outdated:
                self._kill()
                self._outdated = False
                self._child = Child(self._launch())
        except OSError as error:
            self._end(task, _unwritable(error))
        else:
            self._child.tell(f"{JOB} {task.job_file}")

    def _log(self) -> None:
        """What the worker printed about its end, into the application's log."""
        if self._child is not None and (printed := self._child.errors()):
            LOG.error("DMDP: the process that computes printed:\n%s", printed[-LOGGED:])

    def _kill(self) -> None:
        """Reach the whole process tree; it is looked after later, as waiting would stop the window."""
        if self._child is not None:
            self._dying += self._child.kill()
        self._child = None

    def _forget(self) -> None:
        if self._child is not None:
            self._child.close()
        self._child = None


def run_alone(
    job_file: Path,
    progress: Progress = silent,
    idle: Callable[[], None] = lambda: None,
    launch: Callable[[], Launch] = this_python,
) -> Answer:
    """Do a single job in a process of its own and wait; for a console and for tests. Raises the job's own error.

    ``idle`` is called at each look, some fifty times a second, and may raise :class:`Cancelled` to stop the job.
    """
    worker = Worker(launch)
    try:
        return worker.run(ready(job_file), progress, idle)
    finally:
        worker.stop()


def _unwritable(error: OSError) -> DmdpError:
    return DmdpError(
        "job.unwritable",
        f"The job cannot be handed to a process that computes ({error.strerror or error}).",
        "room in the folder for temporary files, and for one more process.",
        "Free some space and try again.",
    )
