"""The rows of a cohort file as text, each with its line; a file whose cells could be taken for others is refused."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import zip_longest
from pathlib import Path

from dmdp.errors import InputError, base_name

Row = tuple[int, dict[str, str]]  # the line of the file, and the cells by header


def expanded(path: str | Path) -> Path:
    """A path with ``~`` resolved; the home of an unknown user stays as it is, and is then a file that does not exist."""
    return Path(os.path.expanduser(path))


def refused(code: str, found: str, expected: str, remedy: str) -> InputError:
    """The error for a cohort file."""
    return InputError(f"cohort.{code}", found, expected, remedy)


def read_header(path: Path) -> tuple[str, ...]:
    """The names of the columns."""
    return _read(path)[0]


def read_rows(path: Path, needed: Sequence[str], known: Collection[str]) -> list[Row]:
    """The rows that are not empty, cells stripped.

    Raises :class:`InputError` for a file that is no CSV or lacks a ``needed`` column, for a header that stands twice or is
    one of the ``known`` names in another spelling, and for a row with more cells than the header has names. A column without a
    name is left out.
    """
    names, rows = _read(path)
    _check_names(path, names, {*needed, *known})
    absent = [name for name in needed if name not in names]
    if absent:
        raise refused(
            "columns",
            f"'{path.name}' lacks {', '.join(absent)}; it has {', '.join(names) or 'nothing'}.",
            f"a column for each of {', '.join(needed)}.",
            "Add the column; leave its cells empty where nothing is known.",
        )
    return [_row(names, line, cells) for line, cells in rows if any(cells)]


def _read(path: Path) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    if not path.is_file():
        raise refused("missing", f"'{base_name(path)}' does not exist.", "a CSV file.", "Check the path.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise refused(
            "unreadable", f"'{path.name}' is not a CSV file in UTF-8.", "text with commas.", "Export it as CSV, UTF-8."
        ) from error
    return (tuple(lines[0][1]), lines[1:]) if lines else ((), [])


def _check_names(path: Path, names: Sequence[str], known: Collection[str]) -> None:
    if len(names) == 1 and re.search(r"[;\t]", names[0]):
        parted = "semicolons" if ";" in names[0] else "tabs"
        raise refused(
            "separator", f"'{path.name}' is separated by {parted}.", "cells separated by commas.", "Export it as CSV with commas."
        )
    twice = [name for name, count in Counter(filter(None, names)).items() if count > 1]
    if twice:
        raise refused(
            "header", f"'{path.name}' has the column '{twice[0]}' twice.", "every column once.", "Delete or rename one of them."
        )
    spelled = {_plain(name): name for name in known}
    for name in names:
        meant = spelled.get(_plain(name), name)
        if name and name not in known and meant != name:
            raise refused("header", f"'{path.name}' has a column '{name}'.", f"'{meant}', spelled so.", "Rename the column.")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _row(names: Sequence[str], line: int, cells: Sequence[str]) -> Row:
    if len(cells) > len(names):  # also where the last is empty: a decimal comma before it would have moved a label
        raise refused(
            "cells",
            f"Row {line} has {len(cells)} cells, the header {len(names)}.",
            "as many cells as the header has names.",
            "Write decimals with a point, put a cell that holds a comma between quotation marks, and delete commas at its end.",
        )
    return line, {name: cell for name, cell in zip_longest(names, cells, fillvalue="") if name}
