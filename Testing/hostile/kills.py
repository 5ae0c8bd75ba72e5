"""Kill every command that writes at random moments: nothing is lost or mixed, and the run after it makes the same files.

``python Testing/hostile/kills.py [--moments N] [--seed K] [--only NAME]… [--jobs N] [--work DIR] [--out REPORT.md] [--quick]``.
Linux. Each command runs to its end once; then it is killed at moments drawn evenly over that time, and run again (with
``--resume`` where it has that). After each kill are checked: the exit code, that no traceback was printed, that no process goes
on, and that the output is absent, the whole former one or the whole new one (in a run folder: that each file is whole). After a
signal that can be heeded, and after each rerun, nothing else may lie beside the output or in the folder for temporary files.
After the rerun all files are those of the run that nobody killed, byte for byte. The released tables are looked for in
DMDP_TEST_DATA. With ``--work`` what has been prepared there is used again; without ``--out`` the report is printed. The exit
code is 1 where a check failed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]

from hostile.process import CHILD, GROUP, LEADER, POLITE, SIGNALS, Blow, Ended, Place, run
from hostile.states import difference, half_written, put, state, strangers
from hostile.subjects import Subject, prepare, subjects

CANCELLED, KILLED = 6, -9
LOST = (0, 1)  # a child that is killed costs a batch one patient, and a study the run, with an error that says so
QUICK = ("simulate", "delineate")
DRAWN = (
    "drawn evenly over the time that each command takes. After SIGTERM, SIGINT and SIGHUP the exit code must be 6 (0 if the "
    "command was done); no traceback, no process that goes on, no output that is neither the whole former one nor the whole "
    "new one (in run folders: no file that is not whole), nothing beside it and nothing in the folder for temporary files. "
    "Then the command runs again, and all its files must be those of the run that nobody killed, byte for byte; no file is "
    "excepted. *A child* is one of the processes that a command starts; it gets SIGKILL. *In time* are the signals that came "
    "before the command was done."
)
COLUMNS = ("command", "moments", *SIGNALS, "a child", "in time", "done (0)", "cancelled (6)", "killed", "reruns, equal", "faults")
LATEST = 1.05  # of the time that a run takes: its last moments are among those that are hit


@dataclass(frozen=True)
class Reference:
    """A command that nobody disturbed: how long it takes, where its new, its older and its begun result are kept."""

    seconds: float
    new: Path
    old: Path | None


@dataclass(frozen=True)
class Moment:
    """A signal for a target at a share of the time that the command takes, over an older result or over nothing."""

    signal: str
    target: str
    share: float
    over: bool


@dataclass(frozen=True)
class Found:
    """What came of a moment, or (``moment`` None) of the run after some: how it ended and what was wrong."""

    subject: str
    moment: Moment | None
    ended: Ended
    faults: tuple[str, ...]


def reference(subject: Subject, place: Place) -> Reference:
    """Run a command, and what made its older result, to the end and keep both."""
    folder = place.work / subject.name
    out, kept = folder / subject.out, place.work / "kept" / subject.name
    folder.mkdir(exist_ok=True)
    new, old, clock = kept / "new", kept / "old", kept / "seconds"
    if not clock.exists():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        put(None, out)
        if subject.former:
            _must(subject.line(old=True), place)
            _keep(out, old)
            put(None, out)
        ended = _must(subject.line(), place)
        _keep(out, new)
        if subject.begun:
            shutil.copytree(new, old)
            subject.begun(old)
            put(old, out)
            ended = _must(subject.line(), place)
        clock.write_text(str(ended.seconds), encoding="utf-8")
    return Reference(float(clock.read_text(encoding="utf-8")), new, old if old.exists() else None)


def moments(subject: Subject, number: int, source: random.Random) -> Iterator[Moment]:
    """``number`` moments of a command: each signal in turn, evenly spread over the time, in random order."""
    shares = [(i + source.random()) / number * LATEST for i in range(number)]
    source.shuffle(shares)
    for i, share in enumerate(shares):
        target = GROUP
        if subject.children:
            target = (GROUP, LEADER, CHILD)[i // len(SIGNALS) % 3]
        signal = "SIGKILL" if target == CHILD else SIGNALS[i % len(SIGNALS)]
        yield Moment(signal, target, share, bool(subject.begun) or bool(subject.former and source.random() < 0.5))


def campaign(subject: Subject, place: Place, number: int, source: random.Random) -> Iterator[Found]:
    """Kill a command ``number`` times; after each ``chain`` of kills it runs to its end. Yields what was found."""
    made = reference(subject, place)
    coming = moments(subject, number, source)
    while chain := list(islice(coming, subject.chain)):
        yield from _chain(subject, place, made, chain)


def _chain(subject: Subject, place: Place, made: Reference, chain: Sequence[Moment]) -> Iterator[Found]:
    out, new = place.work / subject.name / subject.out, state(made.new)
    kept = made.old if chain[0].over else None
    lost = done = False
    put(kept, out)
    old = state(out)
    for number, moment in enumerate(chain):
        if done:  # what is done is not gone on with
            put(kept, out)
        ended = run(line(subject, lost), place, Blow(moment.signal, moment.share * made.seconds, moment.target))
        found = state(out)
        faults = [*_said(ended, moment), *_ends(ended)]
        lost = (lost and not done) or (moment.target == CHILD and ended.struck)
        done = ended.code == 0
        killed = ended.code == KILLED or any(each.signal == "SIGKILL" for each in chain[:number])
        if not lost and (half := half_written(subject, out, found, {} if subject.grows else old, new, killed)):
            faults.append(f"half-written: {half}")
        if done and not lost and (other := difference(found, new)):
            faults.append(f"it was done, but differs: {other}")
        if not killed and (more := strangers(place, subject)):
            faults.append(f"left behind: {more}")
        yield Found(subject.name, moment, ended, tuple(faults))
    ended = run(line(subject, lost or done), place)
    faults = list(_ends(ended))
    if ended.code != 0:
        faults.append(f"the rerun ended with {ended.code}: {ended.said.strip()[-300:]}")
    if other := difference(state(out), new):
        faults.append(f"the rerun differs: {other}")
    if more := strangers(place, subject):
        faults.append(f"left behind by the rerun: {more}")
    for path in place.temporary.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    yield Found(subject.name, None, ended, tuple(faults))


def line(subject: Subject, anew: bool) -> list[str]:
    """The words of the command; ``anew`` without those that go on with a run that was stopped."""
    return [word for word in subject.line() if not (anew and word in subject.again)]


def _said(ended: Ended, moment: Moment) -> Iterator[str]:
    allowed = (0, CANCELLED) if moment.signal in POLITE else LOST if moment.target == CHILD else (0, KILLED)
    if ended.code not in allowed or (not ended.struck and ended.code != 0):
        yield f"exit code {ended.code}: {ended.said.strip()[-300:]}"
    elif ended.code not in (0, KILLED) and len(ended.said.strip().splitlines()) != 1:
        yield f"more than one line: {ended.said.strip()[:300]}"


def _ends(ended: Ended) -> Iterator[str]:
    if "Traceback" in ended.said:
        yield f"a traceback: {ended.said.strip()[-300:]}"
    if ended.lingering:
        yield "a process went on"


def _must(words: Sequence[str], place: Place) -> Ended:
    ended = run(words, place)
    if ended.code != 0:
        raise RuntimeError(f"'{' '.join(words)}' ended with {ended.code}: {ended.said}")
    return ended


def _keep(out: Path, kept: Path) -> None:
    shutil.copytree(out, kept) if out.is_dir() else shutil.copy2(out, kept)


def shares(wanted: Sequence[Subject], number: int) -> list[int]:
    """``number`` moments dealt out by the weights of the commands."""
    total = sum(subject.weight for subject in wanted)
    ends = [round(number * sum(s.weight for s in wanted[: i + 1]) / total) for i in range(len(wanted))]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def report(found: Sequence[Found], command: str) -> str:
    """What was found, as Markdown."""
    struck = [each for each in found if each.moment]
    faults = [each for each in found if each.faults]
    text = [
        "# Every end is an end",
        "",
        f"`{command}`",
        "",
        f"{len(struck)} moments, {DRAWN}",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
    ]
    for name in [*dict.fromkeys(each.subject for each in found), "all"]:
        own = [each for each in found if name in (each.subject, "all")]
        hit, again = [each for each in own if each.moment], [each for each in own if not each.moment]
        by_signal = [sum(each.moment.signal == signal and each.moment.target != CHILD for each in hit) for signal in SIGNALS]
        codes = [sum(each.ended.code == code for each in hit) for code in (0, CANCELLED, KILLED)]
        to_child, in_time = (sum(held) for held in zip(*((e.moment.target == CHILD, e.ended.struck) for e in hit), strict=True))
        cells = [len(hit), *by_signal, to_child, in_time, *codes]
        equal = f"{sum(not each.faults for each in again)} of {len(again)}"
        text.append(f"| {name} | {' | '.join(map(str, cells))} | {equal} | {sum(bool(each.faults) for each in own)} |")
    text += ["", "Faults:" if faults else "No fault was found.", ""]
    text += [f"- {each.subject}, {described(each.moment)}: {'; '.join(each.faults)}" for each in faults]
    return "\n".join(text).rstrip() + "\n"


def described(moment: Moment | None) -> str:
    """A moment in words."""
    if moment is None:
        return "the run after it"
    return f"{moment.signal} to {moment.target} at {moment.share:.0%}{' over an older result' if moment.over else ''}"


def chosen(only: Sequence[str] | None) -> tuple[Subject, ...]:
    """The commands of these names, or all."""
    root = Path(os.environ.get("DMDP_TEST_DATA") or HERE.parents[2] / "shared" / "data")
    known = subjects(root.absolute() if root.is_dir() else None)
    return tuple(subject for subject in known if not only or subject.name in only)


def main() -> int:
    """Run the campaign that the options describe; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=200, metavar="N", help="kills in all (default 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of the random moments (default 0)")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this command; may be repeated")
    parser.add_argument("--work", type=Path, metavar="DIR", help="folder to work in and to keep (default a temporary one)")
    parser.add_argument("--out", type=Path, metavar="REPORT.md", help="report to write (default: to the screen)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="commands that are killed at a time (default 1)")
    parser.add_argument("--quick", action="store_true", help=f"only {' and '.join(QUICK)}, 16 moments: a look, not a result")
    options = parser.parse_args()
    wanted = chosen(QUICK if options.quick else options.only)
    number = 16 if options.quick else options.moments
    dealt = shares(wanted, number)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        work = (options.work or Path(folder)).absolute()
        prepare(Place.under(work), wanted)

        def one(subject: Subject, count: int) -> list[Found]:
            source, found = random.Random(f"{options.seed} {subject.name}"), []
            for each in campaign(subject, Place.under(work, subject.name), count, source):
                found.append(each)
                said = "".join(f"\n  {fault}" for fault in each.faults)
                print(f"{each.subject}: {described(each.moment)}: {each.ended.code}{said}", flush=True)
            return found

        found = [each for own in pool.map(one, reversed(wanted), reversed(dealt)) for each in own]
    found.sort(key=lambda each: [subject.name for subject in wanted].index(each.subject))
    command = f"python Testing/hostile/kills.py --moments {number} --seed {options.seed}{' --quick' if options.quick else ''}"
    text = report(found, command)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)
    return int(any(each.faults for each in found))


if __name__ == "__main__":
    sys.exit(main())
