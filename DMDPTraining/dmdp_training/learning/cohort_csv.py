"""A cohort as a CSV file: one row per patient and scan, with paths, labels and clinical facts, any of them missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dmdp.batch import PATHS
from dmdp.delineation.methods import METHODS
from dmdp.endpoints.base import UNKNOWN, Endpoint, Label, LabelError
from dmdp.errors import DmdpError, InputError
from dmdp.patients.case import Clinical

from ..endpoints.registry import registered
from .csv_rows import expanded, read_header, read_rows, refused

REGISTERED = registered()
LABEL_COLUMNS = frozenset(column for endpoint in REGISTERED.values() for column in endpoint.columns)
KNOWN = ("patient", *PATHS, "seed", "method", "pet_is_suv", "age", "sex", "smoking", "site")
YES, NO = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no", ""})


@dataclass(frozen=True)
class Entry:
    """A row: ``patient`` (rows of one patient never part), paths (None where absent), ``seed`` an LPS point in mm; ``labels``
    the known ones by task; ``values`` further numeric columns by name; ``line`` the line of the file."""

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
    labels: dict[str, Label] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    line: int = 0


def read_cohort(path: str | Path, tasks: Sequence[str], values: Sequence[str] = ()) -> tuple[Entry, ...]:
    """The rows of a cohort file; paths in it are relative to its folder.

    Columns: ``patient``; ``ct`` and ``pet`` (a DICOM folder or an image file, one of them may be empty); the lesion as ``mask``,
    ``pet_mask`` (with or without ``ct_mask``) or ``seed`` (three numbers, LPS mm); ``pet_is_suv`` yes/no; ``age`` in years,
    ``sex`` F/M, ``smoking`` ever/never, ``site``; the columns of each task with its label, as 0/1 or the names of its classes;
    ``values`` further numeric columns. Empty, ``unknown`` and ``not collected`` mean unknown. Raises :class:`InputError` that
    names row and column, also for a file that is not there, and where two rows of one patient contradict each other."""
    path = expanded(path)
    strange = [task for task in tasks if task not in REGISTERED]
    if strange or not tasks:
        raise refused("task", f"The tasks {list(tasks)}.", f"one or more of {', '.join(REGISTERED)}.", "Name registered tasks.")
    endpoints = [REGISTERED[task] for task in tasks]
    needed = ("patient", *(column for endpoint in endpoints for column in endpoint.columns), *values)
    rows = read_rows(path, needed, (*KNOWN, *LABEL_COLUMNS))
    entries = tuple(_entry(path.parent, number, row, endpoints, values) for number, row in rows)
    if not entries:
        raise refused("empty", f"'{path.name}' has no patients.", "a header and one row per patient.", "Fill the file.")
    _check_agreement(entries)
    return entries


def task_columns(path: str | Path) -> tuple[str, ...]:
    """The registered tasks that a cohort file has a column for; raises :class:`InputError` where there is none."""
    names = read_header(expanded(path))
    found = tuple(task for task, endpoint in REGISTERED.items() if set(endpoint.columns) <= set(names))
    if not found:
        raise refused(
            "columns",
            f"'{Path(path).name}' has no column of a task; it has {', '.join(names) or 'nothing'}.",
            f"one or more of {', '.join(REGISTERED)}.",
            "Add a column with the labels; leave its cells empty where nothing is known.",
        )
    return found


def _check_agreement(entries: Sequence[Entry]) -> None:
    """A label is the patient's, whichever the scan."""
    told: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        for task, label in entry.labels.items():
            first = told.setdefault((entry.patient, task), entry)
            if first.labels[task] != label:
                raise refused(
                    "label",
                    f"Rows {first.line} and {entry.line} are of one patient; {task} is {first.labels[task]} in one, {label} in "
                    "the other.",
                    "one answer per patient.",
                    "Correct a row, or leave the label of both empty.",
                )


def _entry(base: Path, number: int, row: dict[str, str], endpoints: Sequence[Endpoint], values: Sequence[str]) -> Entry:
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
        method=_method(number, row.get("method", "")),
        pet_is_suv=_yes(number, row.get("pet_is_suv", "")),
        clinical=_clinical(number, row),
        site=row.get("site", ""),
        labels={e.name: label for e in endpoints if (label := _label(number, e, row)) is not None},
        values={name: value for name in values if (value := _number(number, name, row[name])) is not None},
        line=number,
    )


def _path(base: Path, number: int, column: str, text: str) -> Path | None:
    if not text:
        return None
    path = base / expanded(text)
    try:
        found = path.exists()
    except (OSError, ValueError):  # a name that the file system cannot have
        found = False
    if not found:
        raise _cell(number, column, text, "an existing file or folder, relative to the CSV file")
    return path


def _seed(number: int, text: str) -> tuple[float, float, float] | None:
    if not text:
        return None
    try:
        x, y, z = (_finite(part) for part in text.replace(";", " ").replace(",", " ").split())
    except ValueError as error:
        raise _cell(number, "seed", text, "three numbers in mm (LPS)") from error
    return x, y, z


def _finite(text: str) -> float:
    """A number; raises ValueError for words, and for what Python takes for one: nan and inf."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _method(number: int, text: str) -> str:
    if text and text not in METHODS:
        raise _cell(number, "method", text, f"one of {', '.join(METHODS)}, or nothing")
    return text or "auto"


def _yes(number: int, text: str) -> bool:
    if text.lower() not in YES | NO:
        raise _cell(number, "pet_is_suv", text, "yes or no")
    return text.lower() in YES


def _number(number: int, column: str, text: str) -> float | None:
    if text.lower() in UNKNOWN:
        return None
    try:
        return _finite(text)
    except ValueError as error:
        raise _cell(number, column, text, "a number, or nothing") from error


def _clinical(number: int, row: dict[str, str]) -> Clinical:
    words = {name: None if (text := row.get(name, "")).lower() in UNKNOWN else text for name in ("sex", "smoking")}
    try:
        return Clinical(_number(number, "age", row.get("age", "")), **words)
    except DmdpError as error:
        raise refused(f"cell.{error.code}", f"Row {number}: {error.found}", error.expected, error.remedy) from error


def _label(number: int, endpoint: Endpoint, row: dict[str, str]) -> Label | None:
    try:
        return endpoint.read(row)
    except LabelError as error:
        raise _cell(number, error.column, error.found, error.expected) from error


def _cell(number: int, column: str, found: str, expected: str) -> InputError:
    return refused(f"cell.{column}", f"Row {number}, column '{column}': '{found}'.", f"{expected}.", "Correct the row.")
