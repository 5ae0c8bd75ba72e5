"""A result as a folder: written aside, and put into place only if no file of others is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import OutputError, base_name
from ..stop import undisturbed
from .apart import check_apart, resolved
from .lock import Lock, locked
from .marker import Kind, Written, is_former, read_written, remove_ours, seal, strangers, top_strangers
from .renaming import refused, rename

NAMED = 3  # strangers that a message names


@dataclass(eq=False)
class Aside:
    """The ``folder`` to write into. Before it ends, :meth:`made_from` must have been told what the result is made from."""

    folder: Path
    target: Path
    overwrite: bool
    earlier: Written | None
    sources: Mapping[str, str] | None = field(default=None)

    def made_from(self, sources: Mapping[str, str]) -> None:
        """``sources`` are hashes of the images, seeds and the like, by name.

        Raises :class:`OutputError` (``output.other``) if the result that lies there was made from others, and may not be
        overwritten.
        """
        self.sources = {str(name): str(value) for name, value in sources.items()}
        check_sources(self.target, self.earlier, self.sources, self.overwrite)


def check_sources(target: Path, earlier: Written | None, sources: Mapping[str, str], overwrite: bool) -> None:
    """Raise :class:`OutputError` (``output.other``) if the ``earlier`` result was made from other ``sources``."""
    if earlier is not None and not overwrite and dict(earlier.made_from) != dict(sources):
        raise OutputError(
            "output.other",
            f"'{base_name(target)}' holds a result that was made from something else (other images, data or seeds).",
            "a new folder, or an earlier result from the same.",
            "Choose another output folder, or give --overwrite to replace that result.",
        )


@contextmanager
def result_folder(
    out: str | Path,
    kind: Kind,
    *,
    overwrite: bool = False,
    keep_others: bool = False,
    inputs: Iterable[str | Path] = (),
) -> Iterator[Aside]:
    """A folder to write a result of ``kind`` into; it becomes ``out`` when the block ends, and is removed if the block fails.

    The block writes the marker of ``kind`` as a JSON object (:mod:`dmdp.atomic.marker` completes it) and calls
    :meth:`Aside.made_from`. An ``out`` that is there already is replaced only if it is empty, or holds nothing but what its
    marker says, made from the same or with ``overwrite``. With ``keep_others`` other files in it move along into the new one,
    as long as no name is wanted by both. ``inputs`` are the paths that are read.

    Raises :class:`OutputError`: ``output.exists`` (something that is not ours), ``output.former``, ``output.other``,
    ``output.input``, ``output.busy``, ``output.unwritable``. Whatever is raised, ``out`` is as it was.
    """
    target = resolved(out)
    check_apart(target, inputs)
    with locked(target, lambda target, aside, former: _mend(target, aside, former, kind)) as lock:
        try:
            earlier = examine(target, kind, keep_others)
            with undisturbed():
                lock.aside.mkdir()
            aside = Aside(lock.aside, target, overwrite, earlier)
            yield aside
            with undisturbed():
                if aside.sources is None:
                    raise RuntimeError("what the result is made from was not told")
                seal(lock.aside, kind, aside.sources)
                _publish(lock, kind, keep_others, aside)
        except OSError as error:
            raise refused(target, error) from error
        finally:
            with undisturbed():
                if not lock.keep:
                    lock.clear()


def check_place(
    out: str | Path,
    kind: Kind,
    sources: Mapping[str, str],
    *,
    overwrite: bool = False,
    inputs: Iterable[str | Path] = (),
) -> None:
    """Raise what :func:`result_folder` would, for work that takes long before it has anything to write."""
    target = resolved(out)
    check_apart(target, inputs)
    with locked(target, lambda target, aside, former: _mend(target, aside, former, kind)):
        check_sources(target, examine(target, kind), sources, overwrite)


def examine(target: Path, kind: Kind, keep_others: bool = False) -> Written | None:
    """What the result at ``target`` says of itself, None if there is nothing; raises :class:`OutputError` for all else."""
    if not os.path.lexists(target):
        return None
    if not target.is_dir():
        raise _not_ours(target, kind, "a file")
    written = read_written(target, kind)
    if written is None and is_former(target, kind):
        raise OutputError(
            "output.former",
            f"'{base_name(target)}' holds a {kind.name} of a former version, or one that came from elsewhere: its "
            f"{kind.marker} does not tell which files were written.",
            "a new folder, an empty one, or a result of this version.",
            "Choose another output folder, or move what is there away.",
        )
    others = top_strangers(target) if written is None else strangers(target, kind, written)
    if written is None and not others:
        return None
    if written is None or (others and not keep_others):
        raise _not_ours(target, kind, _listed(others, bool(written)))
    return written


def _publish(lock: Lock, kind: Kind, keep_others: bool, aside: Aside) -> None:
    """Put the new folder into the place of the old one, which comes back if that fails."""
    target, moved = lock.target, []
    there = os.path.lexists(target)
    if there:
        rename(target, lock.former)
    try:
        if there:
            earlier = examine(lock.former, kind, keep_others)
            if earlier != aside.earlier:
                raise _not_ours(target, kind, "something that came while this result was made")
            if keep_others:
                moved = _move_others(lock.former, lock.aside, kind, earlier, target)
        rename(lock.aside, target)
    except BaseException as failure:
        if there:
            _put_back(lock, moved, failure)
        raise
    if there:
        try:
            remove_ours(lock.former, kind)
        except OSError:  # somebody has a file of it open: the next run clears it away
            lock.keep = True


def _move_others(former: Path, aside: Path, kind: Kind, earlier: Written | None, target: Path) -> list[str]:
    """Move what others put into the old folder over to the new one; returns the names. Nothing is copied or followed."""
    names = sorted({name.split("/")[0] for name in strangers(former, kind, earlier)})
    for name in names:
        if os.path.lexists(aside / name):
            raise OutputError(
                "output.foreign",
                f"'{name}' lies in '{base_name(target)}' and is not of the earlier {kind.name} there, or was changed since.",
                "a folder whose files may be replaced.",
                "Choose another output folder, or move that file away.",
            )
    for name in names:
        rename(former / name, aside / name)
    return names


def _put_back(lock: Lock, moved: list[str], failure: BaseException) -> None:
    try:
        for name in moved:
            rename(lock.aside / name, lock.former / name)
        rename(lock.former, lock.target)
    except OSError as error:
        lock.keep = True  # the next run puts it right
        raise OutputError(
            "output.held",
            f"'{base_name(lock.target)}' is held open by another program ({error.strerror or error}); what was there lies in "
            f"'{lock.former.name}' beside it.",
            "a folder that no other program holds open.",
            "Close what has it open and run the command again, which puts it back; or rename that folder by hand.",
        ) from failure


def _mend(target: Path, aside: Path, former: Path, kind: Kind) -> None:
    """Mend what a killed process left: put the former result back, or clear it away if the new result had taken its place."""
    if former.is_dir() and not former.is_symlink():
        if os.path.lexists(target):
            with suppress(OSError):
                remove_ours(former, kind)
        else:
            new = read_written(aside, kind) if aside.is_dir() else None
            if new is not None:  # moving what others had put in had begun
                for name in sorted({name.split("/")[0] for name in strangers(aside, kind, new)}):
                    rename(aside / name, former / name)
            rename(former, target)
    if aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside, ignore_errors=True)


def _listed(names: list[str], marked: bool) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    said = ", ".join(f"'{name}'" for name in names[:NAMED]) + more
    return f"{said}, added or changed since this program wrote the folder" if marked else said


def _not_ours(target: Path, kind: Kind, found: str) -> OutputError:
    return OutputError(
        "output.exists",
        f"'{base_name(target)}' exists and is not a result of this program alone: there is {found}.",
        f"a new folder, an empty one, or an earlier {kind.name} with nothing else in it.",
        "Choose another output folder, or move what is there away.",
    )
