"""The cohort table of a run, kept in its folder, so that pieces that run in other processes read exactly the same values."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from dmdp.atomic import write_file

from ..cohorts.table import CohortTable, Column

INPUTS = "inputs"


def fingerprint(table: CohortTable) -> str:
    """SHA-256 of everything that a result depends on: values, labels, cohorts and columns."""
    digest = hashlib.sha256(np.ascontiguousarray(table.values).tobytes())
    for task in sorted(table.labels):
        digest.update(task.encode() + np.ascontiguousarray(table.labels[task]).tobytes())
    digest.update(json.dumps([[asdict(c) for c in table.columns], table.cohorts.tolist()]).encode())
    return digest.hexdigest()


def keep_table(folder: Path, table: CohortTable) -> str:
    """Write a table into a run, without findings and without identifiers, and return its fingerprint."""
    name = fingerprint(table)
    if not _path(folder, name).is_file():
        stream, columns = io.BytesIO(), json.dumps([asdict(column) for column in table.columns])
        labels = {f"label {task}": values for task, values in table.labels.items()}
        np.savez(stream, columns=np.array(columns), values=table.values, cohorts=table.cohorts.astype(str), **labels)
        write_file(_path(folder, name), stream.getvalue())
    return name


def kept_table(folder: Path, name: str) -> CohortTable:
    """The table with the fingerprint ``name``; rows are identified by their number."""
    with np.load(_path(folder, name), allow_pickle=False) as data:
        columns = tuple(Column(**column) for column in json.loads(str(data["columns"])))
        labels = {key.removeprefix("label "): data[key] for key in data.files if key.startswith("label ")}
        rows = np.arange(len(data["values"])).astype(str)
        return CohortTable(columns, data["values"], labels, data["cohorts"], rows)


def _path(folder: Path, name: str) -> Path:
    return folder / INPUTS / f"{name}.npz"
