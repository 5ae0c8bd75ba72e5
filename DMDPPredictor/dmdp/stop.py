"""The wish to end, by whichever signal it comes, and stretches of work that it must not interrupt."""

from __future__ import annotations

import atexit
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import Cancelled
from .progress import Progress

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # those that this system knows; each of them cancels
_undisturbed = 0


class Stop:
    """The wish to end the work at hand. It interrupts what runs inside :meth:`heeded`, and nothing else."""

    def __init__(self) -> None:
        self._wished = self._inside = False

    def wish(self, signum=None, frame=None) -> None:
        """Ask the work at hand to end; can be a signal's handler. Within :func:`undisturbed` it waits for the next progress."""
        self._wished = True
        if self._inside and not _undisturbed:
            raise Cancelled

    def heeded(self, work: Callable[[Progress], object], progress: Progress) -> None:
        """Do ``work``. A wish interrupts it, at the latest at its next progress if a library swallowed the interruption."""

        def report(fraction: float, words: str) -> None:
            if self._wished and not _undisturbed:
                raise Cancelled
            progress(fraction, words)

        self._inside = True
        try:
            if self._wished:
                raise Cancelled
            work(report)
        except Exception:
            if self._wished:  # whatever a library made of the interruption
                raise Cancelled from None
            raise
        finally:
            self._inside = False

    @property
    def wished(self) -> bool:
        """True once the end was asked for, until that is forgotten."""
        return self._wished

    def forget(self) -> None:
        """Start the next work without a wish to end."""
        self._wished = False


def stop_on_signals() -> Stop:
    """A new wish that every signal to end expresses, except the signals that this process was started to ignore (``nohup``)."""
    stop = Stop()
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop.wish)
    atexit.register(_deaf)  # before all others, so that it comes after them
    return stop


def _deaf() -> None:
    """Ignore the signals while Python shuts down: a signal then would change the exit code of finished work."""
    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A short stretch that no signal interrupts: clearing up, and moving a result into place."""
    global _undisturbed
    _undisturbed += 1
    try:
        yield
    finally:
        _undisturbed -= 1
