"""A cohort as a CSV file: one row per patient and scan, with paths, labels and clinical facts, any of them missing."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dmdp.batch import PATHS
from dmdp.case import Clinical
from dmdp.errors import DmdpError, InputError
from dmdp.tasks import TASKS, Task

from ..simulate.labels import SIMULATED_TASKS

KNOWN = ("patient", *PATHS, "seed", "method", "pet_is_suv", "age", "sex", "smoking", "site")
UNKNOWN = frozenset({"", "unknown", "not collected", "na", "n/a", "nan"})
YES, NO = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no", ""})


@dataclass(frozen=True)
class Entry:
    """A row: ``patient`` (rows of one patient never part), paths (None where absent), ``seed`` an LPS point in mm; ``labels``
    the known ones, 0/1 by task; ``values`` further numeric columns by name."""

    patient: str
    ct: Path | None
    pet: Path | None
    mask: Path | None = None
    pet_mask: Path | None = None
    ct_mask: Path | None = None
    seed: tuple[float, float, float] | None = None
    method: str = "auto"
    pet_is_suv: bool = False
    clinical: Clinical = Clinical()
    site: str = ""
    labels: dict[str, int] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)


def read_cohort(path: str | Path, tasks: Sequence[str], values: Sequence[str] = ()) -> tuple[Entry, ...]:
    """The rows of a cohort file; paths in it are relative to its folder.

    Columns: ``patient``; ``ct`` and ``pet`` (a DICOM folder or an image file, one of them may be empty); the lesion as ``mask``,
    ``pet_mask`` (with or without ``ct_mask``) or ``seed`` (three numbers, LPS mm); ``pet_is_suv`` yes/no; ``age`` in years,
    ``sex`` F/M, ``smoking`` ever/never, ``site``; a column per task with 0/1 or the names of its classes; ``values`` further
    numeric columns. Empty, ``unknown`` and ``not collected`` mean unknown. Raises :class:`InputError` that names row and column,
    also for a file that is not there.
    """
    path = Path(path).expanduser()
    registry = {**TASKS, **SIMULATED_TASKS}
    strange = [task for task in tasks if task not in registry]
    if strange or not tasks:
        raise _refused("task", f"The tasks {list(tasks)}.", f"one or more of {', '.join(registry)}.", "Name registered tasks.")
    rows = _rows(path, ("patient", *tasks, *values))
    entries = tuple(_entry(path.parent, number, row, [registry[t] for t in tasks], values) for number, row in rows)
    if not entries:
        raise _refused("empty", f"'{path.name}' has no patients.", "a header and one row per patient.", "Fill the file.")
    return entries


def _rows(path: Path, needed: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise _refused("missing", f"'{path}' does not exist.", "a CSV file.", "Check the path.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or []
            rows = [(reader.line_num, {k: (v or "").strip() for k, v in row.items() if k}) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(
            "unreadable", f"'{path.name}' is not a CSV file in UTF-8.", "text with commas.", "Export it as CSV, UTF-8."
        ) from error
    absent = [name for name in needed if name not in names]
    if absent:
        raise _refused(
            "columns",
            f"'{path.name}' lacks {', '.join(absent)}; it has {', '.join(names) or 'nothing'}.",
            f"a column for each of {', '.join(needed)}.",
            "Add the column; leave its cells empty where nothing is known.",
        )
    return [(number, row) for number, row in rows if any(row.values())]


def _entry(base: Path, number: int, row: dict[str, str], tasks: Sequence[Task], values: Sequence[str]) -> Entry:
    paths = {name: _path(base, number, name, row.get(name, "")) for name in PATHS}
    if not row["patient"]:
        raise _cell(number, "patient", "", "a word that stands for the patient")
    seed = _seed(number, row.get("seed", ""))
    if paths["ct"] is None and paths["pet"] is None:
        raise _cell(number, "ct", "", "a CT, a PET, or both")
    given = [paths["mask"], paths["pet_mask"] or paths["ct_mask"], seed]
    if sum(value is not None for value in given) != 1:
        raise _cell(number, "mask", "no lesion, or more than one", "a mask, or a PET or CT mask, or a seed")
    if seed is not None and paths["pet"] is None:
        raise _cell(number, "seed", row["seed"], "a PET in which the lesion can be grown from it, or a mask")
    return Entry(
        patient=row["patient"],
        **paths,
        seed=seed,
        method=row.get("method") or "auto",
        pet_is_suv=_yes(number, row.get("pet_is_suv", "")),
        clinical=_clinical(number, row),
        site=row.get("site", ""),
        labels={task.name: label for task in tasks if (label := _label(number, task, row[task.name])) is not None},
        values={name: value for name in values if (value := _number(number, name, row[name])) is not None},
    )


def _path(base: Path, number: int, column: str, text: str) -> Path | None:
    if not text:
        return None
    path = base / Path(text).expanduser()
    if not path.exists():
        raise _cell(number, column, text, "an existing file or folder, relative to the CSV file")
    return path


def _seed(number: int, text: str) -> tuple[float, float, float] | None:
    if not text:
        return None
    try:
        x, y, z = (float(part) for part in text.replace(";", " ").replace(",", " ").split())
    except ValueError as error:
        raise _cell(number, "seed", text, "three numbers in mm (LPS)") from error
    return x, y, z


def _yes(number: int, text: str) -> bool:
    if text.lower() not in YES | NO:
        raise _cell(number, "pet_is_suv", text, "yes or no")
    return text.lower() in YES


def _number(number: int, column: str, text: str) -> float | None:
    if text.lower() in UNKNOWN:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise _cell(number, column, text, "a number, or nothing") from error


def _clinical(number: int, row: dict[str, str]) -> Clinical:
    words = {name: None if (text := row.get(name, "")).lower() in UNKNOWN else text for name in ("sex", "smoking")}
    try:
        return Clinical(_number(number, "age", row.get("age", "")), **words)
    except DmdpError as error:
        raise _refused(f"cell.{error.code}", f"Row {number}: {error.found}", error.expected, error.remedy) from error


def _label(number: int, task: Task, text: str) -> int | None:
    meanings = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, task.negative.lower(): 0, task.positive.lower(): 1}
    if text.lower() in UNKNOWN:
        return None
    if text.lower() not in meanings:
        raise _cell(number, task.name, text, f"1 or '{task.positive}', 0 or '{task.negative}', or nothing")
    return meanings[text.lower()]


def _cell(number: int, column: str, found: str, expected: str) -> InputError:
    return _refused(f"cell.{column}", f"Row {number}, column '{column}': '{found}'.", f"{expected}.", "Correct the row.")


def _refused(code: str, found: str, expected: str, remedy: str) -> InputError:
    return InputError(f"cohort.{code}", found, expected, remedy)
