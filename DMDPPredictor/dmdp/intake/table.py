"""Patients as a table: a CSV file, or mappings with the same names. A table whose cells are ambiguous is refused."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..reading import check_regular, why
from .row import COLUMNS, PatientRow, expanded

SUMMARY = "summary.csv"  # lies beside the folders that bear the ids, so that no row may have this one
ONE_ID = "one plain id for each row"


@dataclass(frozen=True)
class Table:
    """The ``rows`` in their order; ``faults`` by id: why a row cannot be used, which then holds nothing but id, patient and
    line."""

    rows: tuple[PatientRow, ...]
    faults: Mapping[str, InputError] = field(default_factory=dict)

    def whole(self) -> tuple[PatientRow, ...]:
        """The rows. Raises the first of the faults."""
        for error in self.faults.values():
            raise error
        return self.rows


def read_table(
    source: str | Path | Iterable[Mapping[str, Any]],
    needed: Sequence[str] = (),
    known: Collection[str] = (),
    others: bool = True,
) -> Table:
    """The rows of a CSV file (paths in it are relative to its folder), or of mappings with the same names.

    Columns are those of :data:`dmdp.intake.row.COLUMNS`, ``needed`` and ``known`` ones, and, unless forbidden, ``others``. Each
    row has an ``id``, or a ``patient``, from which the id is made. The file is UTF-8, with or without a byte order mark, its
    cells separated by commas or semicolons; spaces round a cell, capitals in a column's name and empty rows do not matter, and a
    column without a name is left out.

    A cell that cannot be read is a fault of its row. Raises :class:`InputError` for a file that is no such table or lacks a
    ``needed`` column, for a column that stands twice, is forbidden, or is a known one in another spelling, for a row with more
    cells than there are columns, and for an id that is absent, no plain file name, or stands twice.
    """
    if isinstance(source, str | Path):
        path = expanded(source)
        name, base, (names, lines) = f"'{path.name}'", path.parent, _read(path, {*needed, *known})
        numbered = [(line, _cells(names, line, cells)) for line, cells in lines if any(cells)]
    else:
        given = [{str(key): value for key, value in row.items() if value is not None} for row in source]
        name, base, names = "The table", None, tuple(dict.fromkeys(key for row in given for key in row))
        numbered = list(enumerate(given, 1))
    strange = [] if others else [n for n in names if n and n not in {*COLUMNS, *needed, *known}]
    absent = [n for n in needed if n not in names] if names or not numbered else []
    if strange:
        raise refused(
            "columns", f"{name} has the columns {', '.join(strange)}.", f"columns out of {', '.join(COLUMNS)}, and {ONE_ID}.",
            "Delete or rename them.",
        )  # fmt: skip
    if absent:
        raise refused(
            "columns",
            f"{name} lacks {', '.join(absent)}; it has {', '.join(names) or 'nothing'}.",
            f"a column for each of {', '.join(needed)}.",
            "Add the column; leave its cells empty where nothing is known.",
        )
    if not numbered:
        raise refused("empty", f"{name} has no patients.", f"a header and a row per patient, with {ONE_ID}.", "Fill the table.")
    return _rows(numbered, base)


def read_header(path: str | Path, known: Collection[str] = ()) -> tuple[str, ...]:
    """The names of the columns of a CSV file, as :func:`read_table` understands them."""
    return _read(expanded(path), set(known))[0]


def refused(code: str, found: str, expected: str, remedy: str) -> InputError:
    """The error for a table of patients."""
    return InputError(f"cohort.{code}", found, expected, remedy)


def _rows(numbered: Sequence[tuple[int, Mapping[str, Any]]], base: Path | None) -> Table:
    rows, faults = [], {}
    taken = {str(cells.get("id", "")).strip() for _, cells in numbered}
    for line, cells in numbered:
        patient = str(cells.get("patient", "")).strip()
        name = str(cells.get("id", "")).strip() or _id_of(patient, taken)
        if not name or Path(name).name != name or name.startswith(".") or name == SUMMARY:
            column = "patient" if "patient" in cells and "id" not in cells else "id"
            raise refused(f"cell.{column}", f"Row {line}, column '{column}': '{name}'.", f"{ONE_ID}.", "Correct the row.")
        try:
            row = replace(PatientRow.of(cells, base, line), id=name, patient=patient)
            further = {key: value for key, value in cells.items() if key not in COLUMNS}
            rows.append(replace(row, further=further))
        except InputError as error:
            rows.append(PatientRow(name, patient, line=line))
            faults[name] = error
    twice = [name for name, count in Counter(row.id for row in rows).items() if count > 1]
    if twice:
        raise refused("id", f"The id '{twice[0]}' stands twice.", f"{ONE_ID}.", "Rename one of them.")
    return Table(tuple(rows), faults)


def _id_of(patient: str, taken: set[str]) -> str:
    """An id for the row of a patient, other than those ``taken``, to which it is added."""
    plain = re.sub(r"^\.|[^\w. -]", "_", patient)
    found, number = plain, 1
    while found in taken and plain:
        number += 1
        found = f"{plain}-{number}"
    taken.add(found)
    return found


def _read(path: Path, further: set[str]) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """The names of the columns, and line and cells of each row; all without spaces round them."""
    if not path.exists():
        raise refused("missing", f"'{path.name}' does not exist.", "a CSV file.", "Check the path.")
    try:
        check_regular(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=";" if ";" in first and "," not in first else ",")
            lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise refused(
            "unreadable",
            f"'{path.name}' is not a CSV file in UTF-8 ({why(error)}).",
            "text with commas.",
            "Export it as CSV, UTF-8.",
        ) from error
    if not lines:
        return (), []
    return _named(path, lines[0][1], {*COLUMNS, *further}), lines[1:]


def _named(path: Path, header: Sequence[str], known: set[str]) -> tuple[str, ...]:
    """The names of a header, known ones as we spell them."""
    if len(header) == 1 and "\t" in header[0]:
        raise refused(
            "separator",
            f"'{path.name}' is separated by tabs.",
            "cells separated by commas or semicolons.",
            "Export it as CSV with commas.",
        )
    spelled, plain = {name.casefold(): name for name in known}, {_plain(name): name for name in known}
    names = tuple(name if name in known else spelled.get(name.casefold(), name) for name in header)
    twice = [name for name, count in Counter(filter(None, names)).items() if count > 1]
    if twice:
        raise refused(
            "header", f"'{path.name}' has the column '{twice[0]}' twice.", "every column once.", "Delete or rename one of them."
        )
    for name in filter(None, names):
        meant = plain.get(_plain(name), name)
        if name not in known and meant != name:
            raise refused("header", f"'{path.name}' has a column '{name}'.", f"'{meant}', spelled so.", "Rename the column.")
    return names


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _cells(names: Sequence[str], line: int, cells: Sequence[str]) -> dict[str, str]:
    if len(cells) > len(names):  # also if the last is empty: a decimal comma before it would have moved a label
        raise refused(
            "cells",
            f"Row {line} has {len(cells)} cells, the header {len(names)}.",
            "as many cells as the header has names.",
            "Write decimals with a point, put a cell that holds a comma between quotation marks, and delete commas at its end.",
        )
    return {name: cell for name, cell in zip_longest(names, cells, fillvalue="") if name}
