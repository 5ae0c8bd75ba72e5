"""Many patients from files: the core's batch, as a job of its own."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dmdp.batch import COLUMNS, DONE, FAILED, PATHS, SKIPPED, read_rows, read_summary
from dmdp.session import new_folder

from .Job import writeJob
from .Worker import Progress, runJob


@dataclass(frozen=True)
class BatchResult:
    """Ids of the patients by outcome; ``failed`` maps an id to the sentence that says why."""

    processed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)


def predictBatch(
    source: str | Path | Iterable[Mapping[str, object]],
    outDir: str | Path,
    resume: bool = False,
    progress: Progress = lambda fraction, words: None,
) -> BatchResult:
    """Predict for every row of a CSV file, or of mappings with its columns, into ``outDir``/id; ``outDir``/summary.csv has all.

    With ``resume`` the rows that have a result already are skipped. Raises :class:`dmdp.errors.UsageError` for a bad table.
    """
    rows = read_rows(source)
    folder = new_folder("batch")
    table = folder / "cohort.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows({**row, **_words(row)} for row in rows)
    out = Path(outDir).expanduser().absolute()
    runJob(writeJob(folder, "batch", {"cohort": str(table), "resume": resume}, out), progress)
    outcomes = read_summary(outDir)
    return BatchResult(
        tuple(o.id for o in outcomes if o.outcome == DONE),
        tuple(o.id for o in outcomes if o.outcome == SKIPPED),
        {o.id: o.reason for o in outcomes if o.outcome == FAILED},
    )


def _words(row: Mapping[str, object]) -> dict[str, object]:
    """What a CSV file holds in other words than a mapping: absolute paths, and a point as text."""
    paths = {key: str(Path(str(row[key])).expanduser().absolute()) for key in PATHS if key in row}
    seed = row.get("seed")
    return paths | ({"seed": ",".join(map(str, seed))} if seed is not None and not isinstance(seed, str) else {})
