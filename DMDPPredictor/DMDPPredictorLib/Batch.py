"""Many patients from files: the core's batch, as a job of its own."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dmdp.batch import DONE, FAILED, SKIPPED, read_summary
from dmdp.endpoints.base import columns_of
from dmdp.endpoints.registry import ENDPOINTS
from dmdp.errors import Cancelled
from dmdp.intake.row import COLUMNS, PATHS
from dmdp.intake.table import SUMMARY, read_table
from dmdp.jobs.job import write_job
from dmdp.progress import Progress
from dmdp.results.layout import ORIGIN
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Launch import runAlone
from .Waiting import waiting

LABEL_COLUMNS = columns_of(ENDPOINTS.values())


@dataclass(frozen=True)
class BatchResult:
    """Ids of the patients by outcome; ``failed`` maps an id to the sentence that says why.

    ``left`` are those that a cancelled batch did not come to, or did not finish; otherwise it is empty.
    """

    processed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    left: tuple[str, ...] = ()


def predictBatch(
    source: str | Path | Iterable[Mapping[str, object]],
    outDir: str | Path,
    bundles: Sequence[str] | None = None,
    jobs: int = 1,
    resume: bool = False,
    progress: Progress | None = None,
) -> BatchResult:
    """Predict for every row of a CSV file, or of mappings with its columns, into ``outDir``/id; ``outDir``/summary.csv has all.

    ``bundles`` are the models, by name or path (None: those that ``dmdp batch`` takes). ``jobs`` patients are worked on at a
    time; each takes about 1.5 GB of memory. With ``resume`` the rows that have a result already are skipped. ``progress(fraction,
    words)`` is called while it runs. If there is a main window it shows the same with a *Cancel* button, and lives; without
    one nothing is shown. After *Cancel*, or if ``progress`` raises :class:`dmdp.errors.Cancelled`, what is done stays done and
    the result names the others as ``left``: the same call with ``resume=True`` goes on.

    Raises :class:`dmdp.errors.DmdpError` for a table or a number of jobs that cannot be used; a patient that fails is an outcome.
    """
    given = source if isinstance(source, str | Path) else list(source)
    ids = [row.id for row in read_table(given, known=LABEL_COLUMNS, others=False).rows]
    out, folder = Path(outDir).expanduser().absolute(), new_folder("batch")
    table = Path(given).expanduser().absolute() if isinstance(given, str | Path) else _written(given, folder)
    arguments = {"cohort": str(table), "resume": resume, "jobs": jobs}
    if bundles:
        arguments["model"] = [str(bundle) for bundle in bundles]
    before, made = _stamp(out), {id: _made(out, id) for id in ids}
    with waiting(_("DMDP: {count} patients").format(count=len(ids)), progress) as (tell, idle):
        try:
            runAlone(write_job(folder, "batch", arguments, out), tell, idle)
        except Cancelled:
            outcomes = read_summary(out) if _stamp(out) != before else ()
        else:
            outcomes = read_summary(out)
    there = {id for id in ids if made[id] and made[id] == _made(out, id)}
    return BatchResult(
        tuple(o.id for o in outcomes if o.outcome == DONE and o.id not in there),
        tuple(o.id for o in outcomes if o.outcome == SKIPPED or (o.outcome == DONE and o.id in there)),
        {o.id: o.reason for o in outcomes if o.outcome == FAILED},
        tuple(id for id in ids if id not in {o.id for o in outcomes}),
    )


def _written(rows: Iterable[Mapping[str, object]], folder: Path) -> Path:
    """The rows as a CSV file in ``folder``."""
    table = folder / "cohort.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, (*COLUMNS, *LABEL_COLUMNS))
        writer.writeheader()
        writer.writerows({**row, **_words(row)} for row in rows)
    return table


def _stamp(out: Path) -> tuple[int, int] | None:
    """A value that changes when a batch writes its summary, so that a former batch's summary is not taken for the new one."""
    path = out / SUMMARY
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None


def _made(out: Path, id: str) -> int | None:
    """When the result of a row was made, None if it has none: the summary of a batch that is taken up again tells of all."""
    path = out / id / ORIGIN
    return path.stat().st_mtime_ns if path.exists() else None


def _words(row: Mapping[str, object]) -> dict[str, object]:
    """What a CSV file holds in other words than a mapping: absolute paths, and a point as text."""
    paths = {key: str(Path(str(row[key])).expanduser().absolute()) for key in PATHS if row.get(key) is not None}
    seed = row.get("seed")
    return paths | ({"seed": ",".join(map(str, seed))} if seed is not None and not isinstance(seed, str) else {})
