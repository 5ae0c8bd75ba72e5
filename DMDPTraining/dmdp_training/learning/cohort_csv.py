"""A cohort as a CSV file: one row per patient and scan, with paths, labels and clinical facts, any of them missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dmdp.endpoints.base import Endpoint, Label, LabelError, columns_of
from dmdp.errors import DmdpError, InputError, base_name
from dmdp.intake.row import PATHS, PatientRow, cell_error, number
from dmdp.intake.table import read_header, read_table, refused
from dmdp.patients.case import CT, PET

from ..endpoints.registry import registered

REGISTERED = registered()
LABEL_COLUMNS = columns_of(REGISTERED.values())


def read_cohort(path: str | Path, tasks: Sequence[str], values: Sequence[str] = ()) -> tuple[PatientRow, ...]:
    """The rows of a cohort file (:func:`dmdp.intake.table.read_table`) with their labels and values.

    Every row has a CT, a PET, or both, and a lesion; there are the columns of each task with its label, as 0/1 or the names of
    its classes, and ``values`` are further numeric columns. Empty, ``unknown`` and ``not collected`` mean unknown. Raises
    :class:`InputError` that names row and column, also for a file that is not there, and if two rows of one patient contradict
    each other.
    """
    strange = [task for task in tasks if task not in REGISTERED]
    if strange or not tasks:
        raise refused("task", f"The tasks {list(tasks)}.", f"one or more of {', '.join(REGISTERED)}.", "Name registered tasks.")
    endpoints = [REGISTERED[task] for task in tasks]
    table = read_table(path, needed=(*columns_of(endpoints), *values), known=LABEL_COLUMNS)
    rows = tuple(_labelled(row, endpoints, values) for row in table.whole())
    _check_agreement(rows)
    return rows


def task_columns(path: str | Path) -> tuple[str, ...]:
    """The registered tasks that a cohort file has a column for; raises :class:`InputError` if there is none."""
    names = read_header(path, LABEL_COLUMNS)
    found = tuple(task for task, endpoint in REGISTERED.items() if set(endpoint.columns) <= set(names))
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


def _labelled(row: PatientRow, endpoints: Sequence[Endpoint], values: Sequence[str]) -> PatientRow:
    for name in PATHS:
        if (path := getattr(row, name)) is not None and not _exists(path):
            raise _cell(row.line, name, base_name(path), "an existing file or folder, relative to the CSV file")
    if not (row.has(CT) or row.has(PET)):
        raise _cell(row.line, "ct", "", "a CT, a PET, or both")
    if not row.has_lesion:
        raise _cell(row.line, "mask", "no lesion", "a mask, or a PET or CT mask, or a seed")
    if row.seed is not None and not row.has(PET):
        raise _cell(row.line, "seed", str(row.seed), "a PET in which the lesion can be grown from it, or a mask")
    cells = {name: row.further.get(name, "") for name in values}
    cells |= {name: str(value) for name in values if (value := getattr(row.clinical, name, None)) is not None}
    return replace(
        row,
        labels={e.name: label for e in endpoints if (label := _label(row, e)) is not None},
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


def _label(row: PatientRow, endpoint: Endpoint) -> Label | None:
    try:
        return endpoint.read(row.further)
    except LabelError as error:
        raise _cell(row.line, error.column, error.found, error.expected) from error


def _cell(number: int, column: str, found: str, expected: str) -> InputError:
    return refused(f"cell.{column}", f"Row {number}, column '{column}': '{found}'.", f"{expected}.", "Correct the row.")
