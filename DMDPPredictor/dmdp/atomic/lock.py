"""One process at a time writes to one place: a lock beside it, which names its owner and what the owner has lying aside.

The operating system lets go of the lock however the owner ends. If the owner was killed, the next one mends what the lock names;
nothing else that lies there is ever taken for ours.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import shutil
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import OutputError, base_name
from ..session import PROGRAM, take_lock
from ..stop import undisturbed
from .renaming import PREFIX, new_name, refused

SCHEMA, SUFFIX = 1, ".lock"
MAX_BYTES = 65536
TRIES = 20
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@dataclass(eq=False)
class Lock:
    """Held for ``target``. Its owner may have things lying at ``aside`` and ``former``, and nowhere else. With ``keep`` the lock
    stays behind, so that the next owner mends what this one could not. ``made`` are the parent folders that were missing.
    """

    target: Path
    aside: Path
    former: Path
    keep: bool = False
    made: tuple[Path, ...] = field(default=())

    def clear(self) -> None:
        """Remove what lies aside. What cannot be removed now (no more open files, somebody has it open) is the next owner's."""
        shutil.rmtree(self.aside, ignore_errors=True)
        self.keep = self.keep or os.path.lexists(self.aside)

    def forget_parents(self) -> None:
        """Remove the empty folders that were made for the target."""
        for folder in self.made:
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def locked(target: Path, mend: Callable[[Path, Path, Path], None] = lambda target, aside, former: None) -> Iterator[Lock]:
    """Hold the lock of ``target`` (an absolute path), whose parent folder is made if it is missing.

    ``mend(target, aside, former)`` puts right what an owner that was killed left lying at the latter two.

    Raises :class:`OutputError`: ``output.busy`` if another process holds it, ``output.unwritable`` if it cannot be made.
    """
    lock = Lock(target, new_name(target.parent, "partial"), new_name(target.parent, "former"))
    path, descriptor = target.parent / lock_name(target), None
    try:
        with undisturbed():
            try:
                lock.made = _make_parents(target)
                descriptor = _taken(path, target)
                left = _left(descriptor, target)
                if left is not None:
                    lock.keep = True
                    mend(target, *left)
                _enter(descriptor, lock)
                lock.keep = False
            except OSError as error:
                raise refused(target, error) from error
        yield lock
    finally:
        with undisturbed():
            if descriptor is not None:
                _let_go(path, descriptor, lock.keep)
            if not os.path.lexists(target):
                lock.forget_parents()


def is_lock(name: str) -> bool:
    """True for the name of a file that is a lock of ours."""
    return name.startswith(PREFIX) and name.endswith(SUFFIX)


def lock_name(target: Path) -> str:
    """The name of the lock beside ``target``; one for all spellings of its name if the system takes them for one."""
    name = unicodedata.normalize("NFC", target.name)
    if sys.platform in ("win32", "darwin"):
        name = name.casefold()
    return f"{PREFIX}{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}{SUFFIX}"


def _make_parents(target: Path) -> tuple[Path, ...]:
    missing = []
    for folder in target.parents:
        if folder.exists():
            break
        missing.append(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    return tuple(missing)


def _taken(path: Path, target: Path) -> int:
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    for _ in range(TRIES):
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise _busy(target, path, "something that is no lock of this program")
        try:
            descriptor, made = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600), True
        except FileExistsError:
            try:
                descriptor, made = os.open(path, flags), False
            except FileNotFoundError:
                continue  # its owner has just removed it
        try:
            status = os.fstat(descriptor)
            own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
            if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or not own:
                raise _busy(target, path, "a lock of somebody else")
            try:
                take_lock(descriptor)
            except OSError as error:
                if error.errno in NO_LOCKS and made:  # a file system without locks: that the file is new must suffice
                    return descriptor
                owner = _content(descriptor)
                said = f"process {owner.get('process', '?')} on {owner.get('host', '?')}"
                raise _busy(target, path, said) from error
            with suppress(OSError):
                now = path.lstat()
                if (now.st_ino, now.st_dev) == (status.st_ino, status.st_dev):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # likewise
    raise _busy(target, path, "one process after the other")


def _busy(target: Path, path: Path, owner: str) -> OutputError:
    return OutputError(
        "output.busy",
        f"'{base_name(target)}' is being written: '{path.name}' beside it belongs to {owner}.",
        "an output that no other process writes to.",
        "Wait until it has ended, or choose another output. A lock is let go of when its process ends.",
    )


def _content(descriptor: int) -> dict[str, Any]:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        content = json.loads(os.read(descriptor, MAX_BYTES).decode("utf-8"))
        return content if isinstance(content, dict) and content.get("program") == PROGRAM else {}
    except (OSError, ValueError):
        return {}


def _left(descriptor: int, target: Path) -> tuple[Path, Path] | None:
    """What the last owner had lying aside, if it did not let go: names in the same folder that have the form of ours."""
    content = _content(descriptor)
    names = [content.get("aside", ""), content.get("former", "")]
    if content.get("schema") != SCHEMA or content.get("target") != target.name:
        return None
    if not all(isinstance(name, str) and name.startswith(PREFIX) and Path(name).name == name for name in names):
        return None
    aside, former = (target.parent / name for name in names)
    return aside, former


def _enter(descriptor: int, lock: Lock) -> None:
    owner = {"schema": SCHEMA, "program": PROGRAM, "process": os.getpid(), "host": platform.node(), "target": lock.target.name}
    names = {"aside": lock.aside.name, "former": lock.former.name}
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    content = json.dumps({**owner, **names}).encode()
    if os.write(descriptor, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _let_go(path: Path, descriptor: int, keep: bool) -> None:
    if os.name == "nt":  # an open file cannot be removed there
        os.close(descriptor)
        if not keep:
            with suppress(OSError):
                path.unlink()
        return
    if not keep:
        with suppress(OSError):
            path.unlink()
    os.close(descriptor)
