"""Take away from every command that writes what it needs: room, open files, places that can be written. It says so, and ends.

``python Testing/hostile/exhaustion.py [--only NAME]… [--work DIR] [--out REPORT.md] [--quick]``. Linux; the file systems that
are full or read-only are mounted, which needs root, and without it only the limits on open files and on the size of a file are
tried. Each command must end by itself within a minute more than it takes otherwise, with a documented exit code and one line
that says what was found, what was expected and what to do; no traceback. The older result is as it was, or the command was done
all the same; nothing else lies beside it. Then the same command without the hindrance makes the files of an undisturbed run,
byte for byte.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]

from hostile.kills import QUICK, Reference, chosen, line, reference
from hostile.process import Ended, Place, run
from hostile.states import ASIDE, difference, half_written, put, state, strangers
from hostile.subjects import Subject, prepare

PATIENCE = 60.0  # seconds more than the command takes undisturbed
BLOCK = 4096
FILES = (6, 8, 12, 16, 24, 32)
SHARES = (0.0, 0.3, 0.6, 0.9)
ASKED = (
    "Each must end by itself within a minute more than it takes otherwise, with a documented exit code and one line that says "
    "what was found, what was expected and what to do. The older result, if there was one, is as it was, or the command was "
    "done all the same; nothing else lies beside it. The same command without the hindrance then makes the files of an "
    "undisturbed run, byte for byte. *done* is a command that did not need what was taken away, or a batch, which says of "
    "each patient what was refused."
)
WORDS = ("Expected:", "What to do:")
COLUMNS = ("hindrance", "commands", "refused (3)", "done (0)", "other", "faults")


@dataclass(frozen=True)
class Hindrance:
    """What is taken away while a command runs: a file system with these ``options`` lies over a folder (``over``: "output",
    "temporary" or "home"), or ``limit`` of the process is set. ``share`` of the result's size is what it then has room for."""

    name: str
    over: str = ""
    options: str = ""
    limit: int | None = None
    number: int = 0
    share: float | None = None

    @property
    def is_one_more(self) -> bool:
        """One of several of a kind, of which commands that take long try some only."""
        return self.number not in (0, FILES[0], FILES[3]) or self.share not in (None, SHARES[0], SHARES[2])


@dataclass(frozen=True)
class Found:
    """What a command did under a hindrance, and what was wrong with it."""

    subject: str
    hindrance: str
    ended: Ended
    faults: tuple[str, ...]


SIZES = tuple(Hindrance(f"files of {x:.0%} of it at most", limit=resource.RLIMIT_FSIZE, share=x) for x in SHARES)
ROOM = tuple(Hindrance(f"room for {x:.0%} of the result", "output", share=x) for x in SHARES)
FULL = (SIZES[0], ROOM[0])


def may_mount() -> bool:
    """True where this process may mount file systems."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True)
        if done.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        return done.returncode == 0


def hindrances(mounted: bool) -> tuple[Hindrance, ...]:
    """All that can be tried; those with a file system of their own only if it can be ``mounted``."""
    found = [Hindrance(f"{number} open files", limit=resource.RLIMIT_NOFILE, number=number) for number in FILES]
    if not mounted:
        return (*found, *SIZES)
    return (
        *found,
        *ROOM,
        Hindrance("read-only output", "output", "ro"),
        Hindrance("a page for temporary files", "temporary", "size=4k"),
        Hindrance("read-only temporary files", "temporary", "ro"),
        Hindrance("read-only home", "home", "ro"),
    )


def cases(subject: Subject, mounted: bool) -> list[tuple[Hindrance, bool]]:
    """What is tried with a command, and whether over an older result; some of it with those that take long."""
    chosen_ = [each for each in hindrances(mounted) if subject.name in QUICK or not each.is_one_more]
    return [(each, older) for each in chosen_ for older in _over(subject, each)]


def _over(subject: Subject, hindrance: Hindrance) -> tuple[bool, ...]:
    if subject.former and hindrance.over == "output":
        return (False, True) if subject.name in QUICK else (True,)
    return (bool(subject.begun),)


def hindered(subject: Subject, place: Place, made: Reference, hindrance: Hindrance, older: bool, again: bool = True) -> Found:
    """Run a command under a hindrance, over its ``older`` result or over none; and then, if ``again``, without."""
    out, new = place.work / subject.name / subject.out, state(made.new)
    kept = made.old if older else None
    room = round(_bytes(made.new) * hindrance.share) if hindrance.share is not None else hindrance.number
    put(None, out)
    with _taken_away(hindrance, place, out, kept, room):
        old, before = state(out), None
        if hindrance.limit is not None:
            before = partial(resource.setrlimit, hindrance.limit, (room, room))
        ended = run(subject.line(), place, before=before, patience=2 * made.seconds + PATIENCE)
        found = state(out)
        faults = list(_said(ended))
        lost = subject.name == "batch" and ended.code == 0 and found != new  # it says of each patient what was refused
        if ended.code == 0 and not lost and (other := difference(found, new)):
            faults.append(f"it says that it was done, but differs: {other}")
        if not lost and (half := half_written(subject, out, found, {} if subject.grows else old, new)):
            faults.append(f"half-written: {half}")
        if (more := strangers(place, subject)) and not (hindrance.limit is not None and _is_known(out)):
            faults.append(f"left behind: {more}")
    if again:
        if hindrance.over == "output":
            put(kept, out)
        after = run(line(subject, lost), place)
        if after.code != 0 or (other := difference(state(out), new)):
            faults.append(f"the run after it ended with {after.code}: {after.said.strip()[-300:] or other}")
        if more := strangers(place, subject):
            faults.append(f"left behind by the run after it: {more}")
    return Found(subject.name, f"{hindrance.name}{', over an older result' if older else ''}", ended, tuple(faults))


@contextmanager
def _taken_away(hindrance: Hindrance, place: Place, out: Path, kept: Path | None, room: int) -> Iterator[None]:
    """``out`` holds what is ``kept``, under the hindrance."""
    if not hindrance.over:
        put(kept, out)
        yield
        return
    folder = {"output": out.parent, "temporary": place.temporary, "home": place.home}[hindrance.over]
    size = f"size={max(BLOCK, room + (_bytes(kept) if kept else 0))}" if hindrance.share is not None else "size=1g"
    options = hindrance.options.replace("ro", size) or size
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        put(kept, out)
        if hindrance.options == "ro":
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _is_known(out: Path) -> bool:
    """True where a lock beside the output tells the next run what could not be removed."""
    return any(path.name.startswith(ASIDE) and path.suffix == ".lock" for path in out.parent.iterdir())


def _bytes(path: Path) -> int:
    """The room that files take, in whole blocks."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(-(-each.stat().st_size // BLOCK) * BLOCK for each in files)


def _said(ended: Ended) -> Iterator[str]:
    said = ended.said.strip()
    if ended.code is None:
        yield "it hung"
    elif ended.code < 0 or ended.code > 7:
        yield f"exit code {ended.code}: {said[-300:]}"
    elif ended.code != 0 and (len(said.splitlines()) != 1 or "unforeseen" in said or not all(word in said for word in WORDS)):
        yield f"not one line that helps: {said[-300:]}"
    if "Traceback" in ended.said:
        yield "a traceback"
    if ended.lingering:
        yield "a process went on"


def report(found: Sequence[Found], command: str) -> str:
    """What was found, as Markdown."""
    faults = [each for each in found if each.faults]
    names = ", ".join(dict.fromkeys(each.subject for each in found))
    text = [
        "# Nothing left to write with",
        "",
        f"`{command}`",
        "",
        f"Commands: {names}. {ASKED}",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
    ]
    for name in dict.fromkeys(each.hindrance for each in found):
        own = [each for each in found if each.hindrance == name]
        codes = [each.ended.code for each in own]
        cells = (len(own), codes.count(3), codes.count(0), sum(code not in (0, 3) for code in codes))
        text.append(f"| {name} | {' | '.join(map(str, cells))} | {sum(bool(each.faults) for each in own)} |")
    text += ["", "Faults:" if faults else "No fault was found.", ""]
    text += [f"- {each.subject}, {each.hindrance}: {'; '.join(each.faults)}" for each in faults]
    return "\n".join(text).rstrip() + "\n"


def main() -> int:
    """Try what the options describe; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="only this command; may be repeated")
    parser.add_argument("--work", type=Path, metavar="DIR", help="folder to work in and to keep (default a temporary one)")
    parser.add_argument("--out", type=Path, metavar="REPORT.md", help="report to write (default: to the screen)")
    parser.add_argument("--quick", action="store_true", help=f"only {' and '.join(QUICK)}: a look, not a result")
    options = parser.parse_args()
    wanted, mounted, found = chosen(QUICK if options.quick else options.only), may_mount(), []
    with tempfile.TemporaryDirectory() as folder:
        work = (options.work or Path(folder)).absolute()
        prepare(Place.under(work), wanted)
        for subject in wanted:
            place = Place.under(work, subject.name)
            made, tried = reference(subject, place), cases(subject, mounted)
            for number, (hindrance, older) in enumerate(tried):
                each = hindered(subject, place, made, hindrance, older, again=not subject.grows or number + 1 == len(tried))
                found.append(each)
                print(f"{each.subject}: {each.hindrance}: {each.ended.code}", *each.faults, sep="\n  ", flush=True)
    text = report(found, f"python Testing/hostile/exhaustion.py{' --quick' if options.quick else ''}")
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)
    return int(any(each.faults for each in found))


if __name__ == "__main__":
    sys.exit(main())
