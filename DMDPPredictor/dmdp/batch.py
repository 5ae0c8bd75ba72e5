"""Many patients, each a piece for a worker process: if a process crashes, only its own patient has no result."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import RESEARCH_USE_ONLY
from .atomic import PREDICTION, check_apart, is_result, locked, write_file
from .atomic.renaming import PREFIX
from .endpoints.registry import endpoint_of
from .errors import DmdpError, InputError, OutputError, base_name
from .intake.row import PatientRow
from .intake.table import SUMMARY, Table
from .jobs.executor import Piece
from .jobs.job import absolute
from .jobs.processes import Processes
from .patients.audit import SuvAudit
from .progress import Progress, silent
from .results.origin import read_origin
from .results.reader import read_prediction

PREDICT = "dmdp.commands.predict:predict_patient"  # what does a row
DONE, SKIPPED, FAILED = "done", "skipped", "failed"
WRITTEN = "# Written by 'dmdp batch', version 1"  # how a summary says whose it is, and of which content
UNFINISHED = "; this batch has not come to its end"


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

    With ``resume`` the rows that have a whole result of the same row already are skipped; if a batch was killed, what it had
    done counts as done. With ``overwrite`` results of other images are replaced. A failure of one patient is an outcome, never an
    exception. ``progress`` hears of the whole, within the patients too. Raises :class:`Cancelled` if it does; then the summary
    tells of the patients that came to an end, and no process goes on. Raises :class:`dmdp.errors.OutputError` if summary.csv
    is one of the ``inputs``, is not ours or tells of other patients, and if another process writes to ``out``.
    """
    out = Path(os.path.realpath(Path(out).expanduser()))
    check_apart(out / SUMMARY, inputs)
    common = {"device": device, **({"model": list(models)} if models else {}), **({"overwrite": True} if overwrite else {})}
    killed: list[Path] = []
    beside = os.access(out.parent, os.W_OK) or not out.parent.exists()
    with locked(out if beside else out / SUMMARY, lambda target, aside, former: killed.append(target)):
        if killed:
            _clear(out)
        before = _summary_before(out, [row.id for row in table.rows], overwrite, bool(killed))
        outcomes = {row.id: _at_first(row, out, before) if resume else Outcome(row.id, "") for row in table.rows}
        outcomes |= {name: _failed(name, error) for name, error in table.faults.items()}
        _work([row for row in table.rows if not outcomes[row.id].outcome], out, common, jobs, outcomes, progress)
    return tuple(outcomes.values())


def _work(
    rows: Sequence[PatientRow], out: Path, common: Mapping[str, Any], jobs: int, outcomes: dict[str, Outcome], progress: Progress
) -> None:
    """Predict for ``rows``, entering each into ``outcomes``, which hold the others already, and into the summary."""
    pieces = [Piece(row.id, PREDICT, absolute({**row.arguments(), **common, "out": str(out / row.id)})) for row in rows]
    running: dict[str, tuple[float, str]] = {}
    told = None

    def tell() -> None:
        nonlocal told
        words = [found.outcome for found in outcomes.values()]
        ended, failed = len(words) - words.count(""), words.count(FAILED)
        count = f"{ended} of {len(outcomes)} patients{f', {failed} failed' if failed else ''}"
        at_work = "".join(f"; {name}: {doing}" for name, (_, doing) in running.items())
        now = (ended + sum(share for share, _ in running.values())) / len(outcomes), count + at_work
        if now != told:
            progress(*now)
        told = now

    def heard(piece: Piece, share: float, words: str) -> None:
        if not outcomes[piece.name].outcome:
            running[piece.name] = share, words
        tell()

    if any(found.outcome for found in outcomes.values()):
        _write_summary(out, outcomes)
    tell()
    for done in Processes(jobs).run(pieces, heard):
        name = done.piece.name
        running.pop(name, None)
        outcomes[name] = Outcome(name, DONE) if done.error is None else _failed(name, done.error)
        _write_summary(out, outcomes)


def _failed(name: str, error: DmdpError) -> Outcome:
    return Outcome(name, FAILED, " ".join(str(error).split()))


def _write_summary(out: Path, outcomes: Mapping[str, Outcome]) -> None:
    ended = [found for found in outcomes.values() if found.outcome]
    write_file(out / SUMMARY, _summary(ended, out, len(ended) == len(outcomes)).encode())


def _at_first(row: PatientRow, out: Path, before: Mapping[str, str] | None) -> Outcome:
    """The outcome of a row when a batch is resumed; ``before`` is what the killed batch recorded of each patient."""
    try:
        if not is_result(out / row.id, PREDICTION):
            return Outcome(row.id, "")
        made = PatientRow.of(read_origin(out / row.id).arguments)
    except (DmdpError, OSError):
        return Outcome(row.id, "")
    if made.arguments() != row.arguments():
        return Outcome(row.id, "")
    return Outcome(row.id, SKIPPED if before is None or before.get(row.id) == SKIPPED else DONE)


def _summary_before(out: Path, ids: Sequence[str], overwrite: bool, killed: bool) -> dict[str, str] | None:
    """The outcome of each patient in the former batch if that did not finish, as when it was ``killed``; else None.

    Raises :class:`OutputError` if summary.csv is not ours as we wrote it, or tells of none of the patients ``ids``.
    """
    path = out / SUMMARY
    if not os.path.lexists(path):
        return {} if killed else None
    if overwrite and not path.is_symlink() and path.is_file():
        return None
    found, unfinished, reason = None, False, "was not written by this program, or was changed since"
    if path.is_file() and not path.is_symlink():
        text = path.read_text(encoding="utf-8", errors="replace")
        said, _, rest = text.partition("\n")[2].partition("\n")
        unfinished = said.endswith(UNFINISHED)
        if said.removesuffix(UNFINISHED) == _signature(rest):
            found, reason = {o.id: o.outcome for o in read_summary(out)}, "tells of other patients"
        elif text.startswith(f"# {RESEARCH_USE_ONLY}") and not said.startswith(WRITTEN):
            reason = "is of a former version, or was not written by this program"
    if found is None or (found and not set(found) & set(ids)):
        raise OutputError(
            "output.exists",
            f"'{base_name(path)}' {reason}.",
            "a folder without a summary.csv, or that of an earlier batch of these patients.",
            "Choose another output folder, or give --overwrite.",
        )
    return found if unfinished or killed else None


def _clear(out: Path) -> None:
    """Clear up after a killed batch: what it was writing is removed; the lock of each patient names what else lies aside."""
    for path in out.glob(f"{PREFIX}*.partial"):
        if path.is_file() and not path.is_symlink():
            path.unlink()


def _signature(content: str) -> str:
    return f"{WRITTEN}, content SHA-256 {hashlib.sha256(content.encode()).hexdigest()}"


def read_summary(out: str | Path) -> tuple[Outcome, ...]:
    """The outcomes that a batch left in ``out``. Raises ``OSError`` if there is none."""
    lines = (Path(out) / SUMMARY).read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return tuple(Outcome(row["id"], row["outcome"], row["reason"]) for row in rows)


def read_notes(folder: Path) -> tuple[tuple[str, ...], SuvAudit | None]:
    """What a patient's result says was decided on the way in, and its SUV audit; nothing if the result is gone."""
    try:
        prediction = read_prediction(folder)[1]
        return prediction.notes, prediction.suv_audit
    except InputError:
        return (), None


def _summary(outcomes: Sequence[Outcome], out: Path, ended: bool) -> str:
    """A row per patient: outcome, verdict, and what each endpoint sums its answer up in.

    The columns are those of the endpoints that the models of any patient cover.
    """
    rows, covered = [], {}
    for found in outcomes:
        row = {"id": found.id, "outcome": found.outcome, "reason": found.reason}
        with suppress(InputError):
            _, prediction = read_prediction(out / found.id)
            if found.outcome != FAILED:
                row["applicability"] = prediction.applicability.verdict
                for name, answer in prediction.tasks.items():
                    covered[name] = endpoint_of(name).summary_columns
                    row |= {f"{name}_{part}": value for part, value in answer.summary().items()}
        rows.append(row)
    text, columns = io.StringIO(), [f"{name}_{part}" for name, parts in covered.items() for part in parts]
    writer = csv.DictWriter(text, ("id", "outcome", "reason", "applicability", *columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue()
    return f"# {RESEARCH_USE_ONLY}\n{_signature(content)}{'' if ended else UNFINISHED}\n{content}"
