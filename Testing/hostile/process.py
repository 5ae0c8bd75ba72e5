"""A real command line in a session of its own, that gets a blow at a moment, and how it ended.

Linux: what a process heeds, its children and its session are read from ``/proc``.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = (PROJECT / "DMDPPredictor", PROJECT / "DMDPTraining")
POLITE = ("SIGTERM", "SIGINT", "SIGHUP")
SIGNALS = ("SIGKILL", *POLITE)
GROUP, LEADER, CHILD = "all of it", "the command alone", "a child"
HANG_SECONDS, LINGER_SECONDS, LOOK_SECONDS = 600.0, 30.0, 0.005


@dataclass(frozen=True)
class Place:
    """Where commands run: ``work`` is their current folder, ``temporary`` and ``home`` are their own."""

    work: Path
    temporary: Path
    home: Path

    @classmethod
    def under(cls, work: Path, name: str = "inputs") -> Place:
        """A place below ``work`` (an absolute path), with its folders made; what is temporary is apart for each ``name``."""
        place = cls(work, work / "temporary" / name, work / "home")
        for folder in (place.temporary, place.home):
            folder.mkdir(parents=True, exist_ok=True)
        return place

    def environment(self) -> dict[str, str]:
        """The variables of a command; what is kept for the user between runs lies below :attr:`home`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DMDP_", "NUMBA_", "TORCH"))}
        own = {"HOME": str(self.home), "TMPDIR": str(self.temporary), "PYTHONPATH": os.pathsep.join(map(str, PACKAGES))}
        return {**kept, **own, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Blow:
    """A signal ``after`` so many seconds, for the ``target``: the whole command, its first process, or one of its children."""

    signal: str
    after: float
    target: str = GROUP


@dataclass(frozen=True)
class Ended:
    """The exit ``code`` (None: it did not end), what it ``said`` on standard error, how long it took, whether the blow fell
    before its end, and whether a process of it lived on."""

    code: int | None
    said: str
    seconds: float
    struck: bool = False
    lingering: bool = False


def run(
    words: Sequence[str],
    place: Place,
    blow: Blow | None = None,
    *,
    before: Callable[[], None] | None = None,
    patience: float = HANG_SECONDS,
) -> Ended:
    """Run ``dmdp`` with ``words``; ``before`` is called in its process first. Whatever hangs is killed after ``patience``."""
    began = time.monotonic()

    def prepared() -> None:
        for name in POLITE:  # which whoever runs this may have it ignore
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        if before is not None:
            before()

    process = subprocess.Popen(
        [sys.executable, "-m", "dmdp", *words],
        cwd=place.work,
        env=place.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=prepared,
    )
    struck = blow is not None and _strike(process, blow, began)
    try:
        _, said = process.communicate(timeout=patience)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, said = process.communicate()
        code = None
    seconds = time.monotonic() - began
    return Ended(code, said, seconds, struck, _lingers(process.pid))


def _strike(process: subprocess.Popen, blow: Blow, began: float) -> bool:
    if blow.signal in POLITE:
        _until(process, lambda: _heeds(process.pid))  # what comes earlier meets Python itself
    victims: list[int] = []
    if blow.target == CHILD and not _until(process, lambda: _children(process.pid)):
        return False
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, began + blow.after - time.monotonic()))
        return False
    victims = _children(process.pid) if blow.target == CHILD else [process.pid]
    if not victims:
        return False
    with suppress(ProcessLookupError):
        (os.killpg if blow.target == GROUP else os.kill)(random.choice(victims), getattr(signal, blow.signal))
        return True
    return False


def _until(process: subprocess.Popen, holds: Callable[[], object]) -> bool:
    while process.poll() is None:
        if holds():
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _heeds(pid: int) -> bool:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGHUP - 1) & 1)
    return False


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        threads = Path(f"/proc/{pid}/task").iterdir()
        return [int(word) for thread in threads for word in (thread / "children").read_text().split()]
    return []


def _lingers(session: int) -> bool:
    """True where a process of the session goes on for long after its first; then it is killed."""
    end = time.monotonic() + LINGER_SECONDS
    while members := _members(session):
        if time.monotonic() > end:
            for pid in members:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _members(session: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            state, _, _, own = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(own) == session and state != "Z":
                found.append(int(folder.name))
    return found
