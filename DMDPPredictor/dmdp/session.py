"""Temporary folders that name their owner, so that those of a process that is gone can be told from those of one that lives.

A process has one folder, ``dmdp-session-…``, with everything temporary inside. ``owner.json`` says whose it is (process, start,
host); the owner holds a lock on ``owner.lock`` as long as it lives, which the operating system lets go of however the process
ends. A process number alone would not do: it is given to another process some day.
"""

from __future__ import annotations

import atexit
import json
import os
import platform
import shutil
import stat
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from .stop import undisturbed

PREFIX, OWNER, LOCK = "dmdp-session-", "owner.json", "owner.lock"
PROGRAM, SCHEMA = "DMDP for 3D Slicer", 1
_STARTED = time.time()
_own: list[tuple[int, Path, int]] = []  # process number, folder, descriptor of the lock


def session_folder() -> Path:
    """This process's own temporary folder; it is made at the first call and removed when the process ends.

    What processes that are gone have left beside it goes then.
    """
    for number, folder, _lock in _own:
        if number == os.getpid() and folder.is_dir():
            return folder
    with suppress(OSError):
        remove_abandoned()
    with undisturbed():
        return _begin()


def _begin() -> Path:
    folder, lock = Path(tempfile.mkdtemp(prefix=PREFIX)), None
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        take_lock(lock)
        owner = {"schema": SCHEMA, "program": PROGRAM, "process": os.getpid(), "started": _STARTED, "host": platform.node()}
        (folder / OWNER).write_text(json.dumps(owner), encoding="utf-8")  # only now can anybody take it for a session
    except OSError:  # no room, or no more open files: a folder without its owner's name would never be removed
        if lock is not None:
            os.close(lock)
        with suppress(OSError):
            for name in (OWNER, LOCK):
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()
        raise
    _own.append((os.getpid(), folder, lock))
    atexit.register(_end, folder, lock, os.getpid())
    return folder


def new_folder(word: str) -> Path:
    """A new folder within this process's own; ``word`` begins its name."""
    return Path(tempfile.mkdtemp(prefix=f"{word}-", dir=session_folder()))


def remove_abandoned(parent: Path | None = None) -> tuple[Path, ...]:
    """Remove the session folders in ``parent`` (the folder for temporary files) whose owner is gone, and return them.

    Only real folders of this user with our own ``owner.json`` of this host are looked at, and only those are removed whose lock
    nobody holds.
    """
    removed = []
    for folder in sorted(Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with suppress(OSError, ValueError):
            if _is_ours(folder) and _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed.append(folder)
    return tuple(removed)


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        return False
    if any(not stat.S_ISREG((folder / name).lstat().st_mode) for name in (OWNER, LOCK)):
        return False
    owner = json.loads((folder / OWNER).read_text(encoding="utf-8"))
    return isinstance(owner, dict) and owner.get("program") == PROGRAM and owner.get("host") == platform.node()


def _is_abandoned(folder: Path) -> bool:
    lock = os.open(folder / LOCK, os.O_RDWR)
    try:
        take_lock(lock)
    except OSError:  # its owner lives
        return False
    finally:
        os.close(lock)
    return True


def take_lock(descriptor: int) -> None:
    """Lock a file for this process, at once; raises ``OSError`` if another one has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _end(folder: Path, lock: int, process: int) -> None:
    if process != os.getpid():  # a fork of the owner ends
        return
    with suppress(OSError):
        os.close(lock)
    shutil.rmtree(folder, ignore_errors=True)
