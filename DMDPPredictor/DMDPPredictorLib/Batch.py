"""Many patients, one after another; the worst of them does not stop the rest."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dmdp.errors import DmdpError, UsageError

from .Job import writeJob
from .JobProcess import Progress, runJob

PATHS = ("ct", "pet", "mask", "pet_mask", "ct_mask")
COLUMNS = ("id", *PATHS, "seed", "method", "age", "sex", "smoking", "pet_is_suv")


@dataclass(frozen=True)
class BatchResult:
    """Ids of the patients by outcome; ``failed`` maps an id to the sentence that says why."""

    processed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)


def readRows(source: str | Path | Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Rows of a CSV file (columns as in ``COLUMNS``; paths relative to it) or mappings with the same keys.

    Raises :class:`UsageError` for a missing file, an unknown column or an id that is absent or stands twice.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                rows = [{k: v for k, v in row.items() if v not in (None, "")} for row in csv.DictReader(stream)]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "batch.unreadable", f"'{path}' cannot be read ({error}).", "a CSV file in UTF-8.", "Check the path."
            ) from error
        rows = [{k: str(path.parent / v) if k in PATHS else v for k, v in row.items()} for row in rows]
    else:
        rows = [dict(row) for row in source]
    ids = [str(row.get("id", "")) for row in rows]
    unknown = sorted({key for row in rows for key in row} - set(COLUMNS), key=str)
    if unknown or "" in ids or len(set(ids)) < len(ids) or any(Path(i).name != i for i in ids):
        raise UsageError(
            "batch.rows",
            f"Unknown columns: {', '.join(map(str, unknown)) or 'none'}; ids: {', '.join(ids) or 'none'}.",
            f"columns out of {', '.join(COLUMNS)}, and one plain id for each row.",
            "Correct the table.",
        )
    return rows


def predictBatch(
    source, outDir: str | Path, resume: bool = False, progress: Progress = lambda fraction, words: None
) -> BatchResult:
    """Predict for every row into ``outDir``/id; with ``resume`` the rows that have a result already are skipped."""
    rows, outDir = readRows(source), Path(outDir)
    processed, skipped, failed = [], [], {}
    for number, row in enumerate(rows):
        name = str(row["id"])
        progress(number / len(rows), f"patient {number + 1} of {len(rows)}: {name}")
        if resume and (outDir / name / "prediction.json").exists():
            skipped.append(name)
            continue
        temporary = Path(tempfile.mkdtemp(prefix="dmdp-"))
        try:
            runJob(writeJob(temporary, "predict", _arguments(row), outDir / name))
            processed.append(name)
        except (DmdpError, OSError) as error:
            failed[name] = str(error)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    progress(1.0, "batch done")
    return BatchResult(tuple(processed), tuple(skipped), failed)


def _arguments(row: Mapping[str, object]) -> dict[str, object]:
    arguments = {key: str(value) if key in PATHS else value for key, value in row.items() if key != "id" and value is not None}
    if "age" in arguments:
        try:
            arguments["age"] = float(arguments["age"])
        except ValueError as error:
            raise UsageError(
                "batch.age", f"The age is '{arguments['age']}'.", "a number of years.", "Correct the age."
            ) from error
    if "pet_is_suv" in arguments:
        arguments["pet_is_suv"] = str(arguments["pet_is_suv"]).lower() in ("1", "true", "yes")
    return arguments
