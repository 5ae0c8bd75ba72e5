"""A single file, written beside its place under an unpredictable name and put into place in one step."""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError, base_name
from ..stop import undisturbed
from .apart import check_apart
from .lock import locked
from .renaming import PREFIX, new_name, refused, replace

EXCLUSIVE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def write_file(target: str | Path, content: bytes) -> Path:
    """Write ``content`` to ``target`` in one step, over whatever is there: for the files within a folder of ours.

    Raises :class:`OutputError` if that is impossible.
    """
    target = Path(target).expanduser().absolute()
    aside, made = new_name(target.parent, "partial"), False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with undisturbed():
            descriptor = os.open(aside, EXCLUSIVE, 0o666)
            made = True
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        replace(aside, target)
        made = False
    except OSError as error:
        raise refused(target, error) from error
    finally:
        if made:
            with undisturbed(), suppress(OSError):
                aside.unlink()
    return target


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A path for a library to write to; what lies there when the block ends goes to ``target``, over whatever is there.

    It lies in a folder that only this user can enter. Raises ``OSError``.
    """
    aside = new_name(target.parent, "partial")
    with undisturbed():
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir(0o700)
    try:
        yield aside / target.name
        replace(aside / target.name, target)
    finally:
        with undisturbed():
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def put_file(out: str | Path, *, overwrite: bool = False, inputs: Iterable[str | Path] = ()) -> Iterator[Path]:
    """A path to write to, for a file that a person named: it goes to ``out`` when the block ends.

    A file that is there already is replaced only with ``overwrite``; one with the very same content stays. The parent folder is
    resolved, ``out`` itself is never followed if it is a link. Raises :class:`OutputError`: ``output.exists``,
    ``output.input`` if ``out`` is one of the ``inputs``, or why it cannot be written.
    """
    typed = Path(os.path.expanduser(out)).absolute()
    target = Path(os.path.realpath(typed.parent)) / typed.name
    check_apart(target, inputs)
    _check_place(target, overwrite)
    with locked(target, _mend) as lock:
        try:
            with undisturbed():
                lock.aside.mkdir(0o700)
            made = lock.aside / target.name
            yield made
            with undisturbed():
                if _is_regular(target) and filecmp.cmp(made, target, shallow=False):
                    return
                if os.path.lexists(target) and not overwrite:
                    raise _exists(target)
                replace(made, target)
        except OSError as error:
            raise refused(target, error) from error
        finally:
            with undisturbed():
                lock.clear()


def remove_partials(folder: Path) -> None:
    """Clear away what a process that was killed was writing below ``folder``, which is ours; no link is followed."""
    for root, folders, names in os.walk(folder):
        for name in [name for name in (*folders, *names) if name.startswith(PREFIX) and name.endswith(".partial")]:
            path = Path(root) / name
            with suppress(OSError):
                shutil.rmtree(path) if name in folders and not path.is_symlink() else path.unlink()


def _check_place(target: Path, overwrite: bool) -> None:
    """What can be told before anything is computed."""
    if not os.path.lexists(target) or _is_regular(target):
        return
    if not (target.is_symlink() and overwrite):
        raise _exists(target)


def _is_regular(target: Path) -> bool:
    try:
        return stat.S_ISREG(target.lstat().st_mode)
    except OSError:
        return False


def _exists(target: Path) -> OutputError:
    ours = _is_regular(target) or target.is_symlink()
    found = "a file that is not what this command has just made" if _is_regular(target) else "no plain file"
    return OutputError(
        "output.exists",
        f"'{base_name(target)}' exists; it is {found}.",
        "a new file.",
        f"Choose another name{', or give --overwrite to have it replaced' if ours else ''}.",
    )


def _mend(target: Path, aside: Path, former: Path) -> None:
    if not aside.is_symlink():
        shutil.rmtree(aside, ignore_errors=True)
