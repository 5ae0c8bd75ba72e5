"""A cohort as a CSV file: one row per patient and scan, with paths, labels and clinical facts, any of them missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dmdp.errors import DmdpError, InputError
from dmdp.patients.case import CT, PET
from dmdp.patients.row import PATHS, UNKNOWN, PatientRow, cell_error, number
from dmdp.patients.table import read_header, read_table, refused
from dmdp.tasks import TASKS, Task

from ..simulate.labels import SIMULATED_TASKS

REGISTERED: dict[str, Task] = {**TASKS, **SIMULATED_TASKS}


def read_cohort(path: str | Path, tasks: Sequence[str], values: Sequence[str] = ()) -> tuple[PatientRow, ...]:
    """The rows of a cohort file (:func:`dmdp.patients.table.read_table`) with their labels and values.

    Every row has a CT, a PET, or both, and a lesion; there is a column per task with 0/1 or the names of its classes, and
    ``values`` are further numeric columns. Empty, ``unknown`` and ``not collected`` mean unknown. Raises :class:`InputError` that
    names row and column, also for a file that is not there, and if two rows of one patient contradict each other.
    """
    strange = [task for task in tasks if task not in REGISTERED]
    if strange or not tasks:
        raise refused("task", f"The tasks {list(tasks)}.", f"one or more of {', '.join(REGISTERED)}.", "Name registered tasks.")
    table = read_table(path, needed=(*tasks, *values), known=tuple(REGISTERED))
    rows = tuple(_labelled(row, [REGISTERED[task] for task in tasks], values) for row in table.whole())
    _check_agreement(rows)
    return rows


def task_columns(path: str | Path) -> tuple[str, ...]:
    """The registered tasks that a cohort file has a column for; raises :class:`InputError` where there is none."""
    names = read_header(path, REGISTERED)
    found = tuple(task for task in REGISTERED if task in names)
    if not found:
        raise refused(
            "columns",
            f"'{Path(path).name}' has no column of a task; it has {', '.join(names) or 'nothing'}.",
            f"one or more of {', '.join(REGISTERED)}.",
            "Add a column with the labels; leave its cells empty where nothing is known.",
        )
    return found


def _check_agreement(rows: Sequence[PatientRow]) -> None:
    """A label is the patient's, whichever the scan."""
    told: dict[tuple[str, str], PatientRow] = {}
    for row in rows:
        for task, label in row.labels.items():
            first = told.setdefault((row.patient, task), row)
            if first.labels[task] != label:
                raise refused(
                    "label",
                    f"Rows {first.line} and {row.line} are of one patient; {task} is {first.labels[task]} in one, {label} in "
                    "the other.",
                    "one answer per patient.",
                    "Correct a row, or leave the label of both empty.",
                )


def _labelled(row: PatientRow, tasks: Sequence[Task], values: Sequence[str]) -> PatientRow:
    for name in PATHS:
        if (path := getattr(row, name)) is not None and not _exists(path):
            raise _cell(row.line, name, str(path), "an existing file or folder, relative to the CSV file")
    if not (row.has(CT) or row.has(PET)):
        raise _cell(row.line, "ct", "", "a CT, a PET, or both")
    if not row.has_lesion:
        raise _cell(row.line, "mask", "no lesion", "a mask, or a PET or CT mask, or a seed")
    if row.seed is not None and not row.has(PET):
        raise _cell(row.line, "seed", str(row.seed), "a PET in which the lesion can be grown from it, or a mask")
    cells = {name: row.further.get(name, "") for name in (*values, *(task.name for task in tasks))}
    cells |= {name: str(value) for name in values if (value := getattr(row.clinical, name, None)) is not None}
    return replace(
        row,
        labels={task.name: label for task in tasks if (label := _label(row.line, task, cells[task.name])) is not None},
        values={name: value for name in values if (value := _number(row.line, name, cells[name])) is not None},
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that the file system cannot have
        return False


def _number(line: int, column: str, text: str) -> float | None:
    try:
        return number(text, column)
    except DmdpError as error:
        raise cell_error(line, column, error) from error


def _label(number: int, task: Task, text: str) -> int | None:
    meanings = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, task.negative.lower(): 0, task.positive.lower(): 1}
    if text.lower() in UNKNOWN:
        return None
    if text.lower() not in meanings:
        raise _cell(number, task.name, text, f"1 or '{task.positive}', 0 or '{task.negative}', or nothing")
    return meanings[text.lower()]


def _cell(number: int, column: str, found: str, expected: str) -> InputError:
    return refused(f"cell.{column}", f"Row {number}, column '{column}': '{found}'.", f"{expected}.", "Correct the row.")
