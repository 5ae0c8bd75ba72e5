"""A process that does job after job for a program above it, so that images stay read and packages stay imported.

It reads ``JOB <path of a job.json>`` and ``CANCEL <path>`` from its standard input and prints the lines of
:mod:`dmdp.jobs.protocol`. It ends when its input ends (the program above is gone, however it went) and after ten minutes
without a job. A job that is still running then is cancelled; what it does not let go of within some seconds ends with the
process.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TextIO

from ..errors import DmdpError
from ..progress import Progress
from ..session import remove_abandoned
from ..stop import SIGNALS, Stop
from .child import SESSION
from .functions import Function
from .job import read_job
from .protocol import CANCEL, JOB, answer_line, last_line, progress_line

IDLE_SECONDS = 600.0
GRACE_SECONDS, PARTING_SECONDS = 3.0, 1.0

Find = Callable[[str], Function]
Guard = Callable[[Callable[[], None]], DmdpError | None]


def run_job(path: str, find: Find, stop: Stop, guard: Guard) -> int:
    """Do the job of a file by the function that ``find`` has for its command, and print its lines; returns its exit code."""

    def report(fraction: float, words: str) -> None:
        print(progress_line(fraction, words), flush=True)

    def work(progress: Progress) -> None:
        job = read_job(path)
        arguments = job.arguments if job.out is None else {**job.arguments, "out": job.out}
        answer = find(job.command)(arguments, progress)
        if answer is not None:
            print(answer_line(answer), flush=True)

    error = guard(lambda: stop.heeded(work, report))
    print(last_line(error), flush=True)
    return 0 if error is None else error.exit_code


def serve(find: Find, stop: Stop, guard: Guard, source: TextIO | None = None, idle_seconds: float = IDLE_SECONDS) -> int:
    """Do the jobs that come in by ``source`` (standard input) until it ends; returns the exit code of the process."""
    session = os.environ.get(SESSION)
    parent = Path(session).parent if session else None
    inbox = _Inbox()

    def cancel(signum, frame) -> None:
        if inbox.gone or inbox.cancelled == inbox.current:
            stop.wish()

    def terminate(signum, frame) -> None:
        inbox.end()
        stop.wish()

    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), cancel if name == "SIGINT" else terminate)  # SIGINT is what CANCEL becomes
    threading.Thread(target=_listen, args=(source or sys.stdin, inbox, parent, session), daemon=True).start()
    _clear_up(parent)
    with suppress(Empty):
        while (path := inbox.jobs.get(timeout=idle_seconds)) is not None:
            inbox.current = path
            if inbox.cancelled == path:  # it came while the job still waited
                stop.wish()
            run_job(path, find, stop, guard)
            inbox.current = ""
            if not inbox.gone:
                stop.forget()
    if inbox.gone:
        _clear_up(parent, session)
    return 0


class _Inbox:
    """The jobs that have come in, the one that is done now, the last to be cancelled, and whether the input has ended."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[str | None] = SimpleQueue()  # whose put may interrupt its get, as in a signal's handler
        self.current, self.cancelled, self.gone = "", "", False

    def end(self) -> None:
        """Nothing more comes in."""
        self.gone = True
        self.jobs.put(None)


def _listen(source: TextIO, inbox: _Inbox, parent: Path | None, session: str | None) -> None:
    """Take in what arrives; when the input ends, let no job go on for long."""
    for line in source:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == JOB:
            inbox.jobs.put(rest)
        elif word == CANCEL:
            inbox.cancelled = rest
            _thread.interrupt_main(signal.SIGINT)  # as if the signal had come, on every system
    inbox.end()
    _thread.interrupt_main(signal.SIGINT)
    end = threading.Timer(GRACE_SECONDS, _leave, [parent, session])
    end.daemon = True
    end.start()


def _leave(parent: Path | None, session: str | None) -> None:
    _clear_up(parent, session)
    os._exit(1)


def _clear_up(parent: Path | None, session: str | None = None) -> None:
    """Remove what ended processes left behind; that of ``session``, which has just ended, may still be closing its files."""
    end = time.monotonic() + (PARTING_SECONDS if session else 0.0)
    while True:
        with suppress(OSError):
            remove_abandoned(parent)
        if session is None or not os.path.exists(session) or time.monotonic() > end:
            return
        time.sleep(0.1)
