"""Many patients, each in a process of its own: the worst of them costs its own answer and no other."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from . import RESEARCH_USE_ONLY
from .atomic import PREDICTION, check_apart, is_result, locked, write_file
from .atomic.renaming import PREFIX
from .errors import Cancelled, DmdpError, OutputError
from .jobs.job import Job, read_job
from .jobs.protocol import JOB, Line, parse_line
from .patients.row import PatientRow
from .patients.table import SUMMARY, Table
from .progress import Progress, silent
from .resources import BUNDLE_SUFFIXES, is_path
from .session import new_folder
from .tasks import TASKS

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
WRITTEN = "# Written by 'dmdp batch', version 1"  # how a summary says whose it is, and of which content
UNFINISHED = "; this batch has not come to its end"
LOOK_SECONDS = 0.2  # between two looks at the patients that are worked on


@dataclass(frozen=True)
class Outcome:
    """What became of a patient: ``done``, ``skipped`` (there was a result already) or ``failed``, then ``reason`` says why."""

    id: str
    outcome: str
    reason: str = ""


def predict_batch(
    table: Table,
    out: str | Path,
    *,
    models: Sequence[str] = (),
    device: str = "auto",
    jobs: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    inputs: Sequence[str | Path] = (),
    progress: Progress = silent,
) -> tuple[Outcome, ...]:
    """Predict for every row of a table into ``out``/id, ``jobs`` of them at a time, and write ``out``/summary.csv after each.

    With ``resume`` the rows that have a whole result of the same row already are skipped; where a batch was killed, what it had
    done counts as done. With ``overwrite`` results of other images are replaced. A failure of one patient is an outcome, never an
    exception. ``progress`` hears of the whole, within the patients too. Raises :class:`Cancelled` where it does; then the summary
    tells of the patients that came to an end, and no process goes on. Raises :class:`dmdp.errors.OutputError` where summary.csv
    is one of the ``inputs``, is not ours or tells of other patients, and where another process writes to ``out``.
    """
    out = Path(os.path.realpath(Path(out).expanduser()))
    check_apart(out / SUMMARY, inputs)
    common = {"device": device, **({"model": [_from_anywhere(model) for model in models]} if models else {})}
    common |= {"overwrite": True} if overwrite else {}
    killed: list[Path] = []
    beside = os.access(out.parent, os.W_OK) or not out.parent.exists()
    with locked(out if beside else out / SUMMARY, lambda target, aside, former: killed.append(target)):
        if killed:
            _clear(out)
        before = _summary_before(out, [row.id for row in table.rows], overwrite, bool(killed))
        outcomes = {row.id: _at_first(row, out, before) if resume else Outcome(row.id, "") for row in table.rows}
        outcomes |= {name: Outcome(name, FAILED, str(error)) for name, error in table.faults.items()}
        _work([row for row in table.rows if not outcomes[row.id].outcome], out, common, jobs, outcomes, progress)
    return tuple(outcomes.values())


def _work(
    rows: Sequence[PatientRow], out: Path, common: Mapping[str, Any], jobs: int, outcomes: dict[str, Outcome], progress: Progress
) -> None:
    """Predict for ``rows``, entering each into ``outcomes``, which hold the others already, and into the summary."""
    children, running, told = _Children(), _Running(), None
    if any(found.outcome for found in outcomes.values()):
        _write_summary(out, outcomes, not rows)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        todo = {pool.submit(_one, row, out, common, children, running) for row in rows}
        try:
            while todo:
                done, todo = wait(todo, LOOK_SECONDS, FIRST_COMPLETED)
                for found in (future.result() for future in done):
                    outcomes[found.id] = found
                if done:
                    _write_summary(out, outcomes, not todo)
                ended, failed = len(outcomes) - len(todo), sum(o.outcome == FAILED for o in outcomes.values())
                words = f"{ended} of {len(outcomes)} patients{f', {failed} failed' if failed else ''}{running.words()}"
                now = (ended + running.share()) / len(outcomes), words
                if now != told:
                    progress(*now)
                told = now
        finally:
            for future in todo:
                future.cancel()
            children.stop()
            late = [found for future in wait(todo).done if not future.cancelled() and (found := future.result()).outcome == DONE]
            if late:
                outcomes.update({found.id: found for found in late})
                _write_summary(out, outcomes, False)


def _write_summary(out: Path, outcomes: Mapping[str, Outcome], ended: bool) -> None:
    write_file(out / SUMMARY, _summary([found for found in outcomes.values() if found.outcome], out, ended).encode())


def _at_first(row: PatientRow, out: Path, before: Mapping[str, str] | None) -> Outcome:
    """Where a row stands when a batch is taken up again; ``before`` is what a batch that was killed said of each patient."""
    try:
        if not is_result(out / row.id, PREDICTION):
            return Outcome(row.id, "")
        made = PatientRow.of(read_job(out / row.id / PREDICTION.marker).arguments)
    except (DmdpError, OSError):
        return Outcome(row.id, "")
    if made.arguments() != row.arguments():
        return Outcome(row.id, "")
    return Outcome(row.id, SKIPPED if before is None or before.get(row.id) == SKIPPED else DONE)


def _summary_before(out: Path, ids: Sequence[str], overwrite: bool, killed: bool) -> dict[str, str] | None:
    """What each patient's outcome was where the batch before, which may have been ``killed``, did not come to its end; else None.

    Raises :class:`OutputError` where summary.csv is not ours as we wrote it, or tells of none of the patients ``ids``.
    """
    path = out / SUMMARY
    if not os.path.lexists(path):
        return {} if killed else None
    if overwrite and not path.is_symlink() and path.is_file():
        return None
    found, unfinished, why = None, False, "was not written by this program, or was changed since"
    if path.is_file() and not path.is_symlink():
        text = path.read_text(encoding="utf-8", errors="replace")
        said, _, rest = text.partition("\n")[2].partition("\n")
        unfinished = said.endswith(UNFINISHED)
        if said.removesuffix(UNFINISHED) == _signature(rest):
            found, why = {o.id: o.outcome for o in read_summary(out)}, "tells of other patients"
        elif text.startswith(f"# {RESEARCH_USE_ONLY}") and not said.startswith(WRITTEN):
            why = "is of a former version, or was not written by this program"
    if found is None or (found and not set(found) & set(ids)):
        raise OutputError(
            "output.exists",
            f"'{path}' {why}.",
            "a folder without a summary.csv, or that of an earlier batch of these patients.",
            "Choose another output folder, or give --overwrite.",
        )
    return found if unfinished or killed else None


def _clear(out: Path) -> None:
    """A batch was killed: what it was writing goes; each patient's own lock tells what else lies aside."""
    for path in out.glob(f"{PREFIX}*.partial"):
        if path.is_file() and not path.is_symlink():
            path.unlink()


def _signature(content: str) -> str:
    return f"{WRITTEN}, content SHA-256 {hashlib.sha256(content.encode()).hexdigest()}"


def _from_anywhere(model: str) -> str:
    """A model as a process in another folder finds it."""
    return str(Path(model).expanduser().absolute()) if is_path(model, BUNDLE_SUFFIXES) else model


def read_summary(out: str | Path) -> tuple[Outcome, ...]:
    """The outcomes that a batch left in ``out``. Raises ``OSError`` where there is none."""
    lines = (Path(out) / SUMMARY).read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return tuple(Outcome(row["id"], row["outcome"], row["reason"]) for row in rows)


def _one(row: PatientRow, out: Path, common: Mapping[str, Any], children: _Children, running: _Running) -> Outcome:
    name, folder = row.id, None
    try:
        arguments = {**row.arguments(), **common}
        folder = new_folder("batch")
        job = folder / "job.json"
        job.write_text(json.dumps(Job("predict", arguments, str(out / name)).to_json()), encoding="utf-8")
        _run(job, children, lambda fraction, words: running.tell(name, fraction, words))
    except (DmdpError, OSError) as error:
        return Outcome(name, FAILED, " ".join(str(error).split()))
    finally:
        running.forget(name)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
    return Outcome(name, DONE)


class _Running:
    """How far the patients are that are worked on; told by the threads that wait for them, asked by the one that reports."""

    def __init__(self) -> None:
        self._lock, self._told = Lock(), {}

    def tell(self, name: str, fraction: float, words: str) -> None:
        with self._lock:
            self._told[name] = (fraction, words)

    def forget(self, name: str) -> None:
        with self._lock:
            self._told.pop(name, None)

    def share(self) -> float:
        """Patients done, counting parts."""
        with self._lock:
            return sum(fraction for fraction, _ in self._told.values())

    def words(self) -> str:
        """What each of them is at, to follow the count."""
        with self._lock:
            return "".join(f"; {name}: {words}" for name, (_, words) in self._told.items())


class _Children:
    """The processes that run. Starting one and stopping all exclude each other, so that none slips through in between."""

    def __init__(self) -> None:
        self._lock, self._running, self._stopped = Lock(), [], False

    def start(self, command: Sequence[str], folder: Path | None = None) -> subprocess.Popen:
        """A new process in ``folder``, which imports nothing from there; raises :class:`Cancelled` after :meth:`stop`."""
        with self._lock:
            if self._stopped:
                raise Cancelled
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            self._running.append(process)
            return process

    def stop(self) -> None:
        """End all, and let no other begin."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                if process.poll() is None:
                    with suppress(OSError):
                        process.terminate()


def _run(job: Path, children: _Children, progress: Progress) -> None:
    """Run a job in a child process and tell how far it is; raises the error that it tells."""
    process = children.start([sys.executable, "-P", "-m", "dmdp", "worker"], job.parent)  # which ends with us, however we end
    with suppress(OSError):  # it is gone already, as its output will tell
        process.stdin.write(f"{JOB} {job}\n")
        process.stdin.flush()
    last = Line("other")
    for last in map(parse_line, process.stdout):
        if last.kind == "progress":
            progress(last.fraction, last.words)
        elif last.kind in ("done", "failed"):
            break
    with suppress(OSError):
        process.stdin.close()
    process.stdout.close()
    process.wait()
    if last.kind == "done":
        return
    if last.error is not None:
        raise last.error
    raise DmdpError(
        "job.ended",
        f"The process ended without an answer (exit code {process.returncode}).",
        "an answer.",
        "Free some memory, or run this patient alone.",
    )


def _environment() -> dict[str, str]:
    """The variables of a child: it finds this very package, and nothing in the folder that it or we stand in."""
    folders = [str(Path(__file__).resolve().parents[1]), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    path = os.pathsep.join(dict.fromkeys(os.path.abspath(folder) for folder in folders if os.path.isabs(folder)))
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def _summary(outcomes: Sequence[Outcome], out: Path, ended: bool) -> str:
    """A row per patient: outcome, verdict, and of each task probability, interval and conformal answer."""
    text = io.StringIO()
    columns = [f"{task}_{part}" for task in TASKS for part in ("probability", "low", "high", "set", "sub_model")]
    writer = csv.DictWriter(text, ("id", "outcome", "reason", "applicability", *columns), lineterminator="\n")
    writer.writeheader()
    for found in outcomes:
        row = {"id": found.id, "outcome": found.outcome, "reason": found.reason}
        with suppress(OSError, ValueError, KeyError):
            document = json.loads((out / found.id / "prediction.json").read_text(encoding="utf-8"))
            if found.outcome != FAILED:
                row["applicability"] = document["applicability"]["verdict"]
                for name, task in document["tasks"].items():
                    values = (task["probability"], *task["interval"], task["set"], task["sub_model"])
                    parts = ("probability", "low", "high", "set", "sub_model")
                    row |= {f"{name}_{part}": value for part, value in zip(parts, values, strict=True)}
        writer.writerow(row)
    content = text.getvalue()
    return f"# {RESEARCH_USE_ONLY}\n{_signature(content)}{'' if ended else UNFINISHED}\n{content}"
