"""The units of a validation as pieces, which any executor computes and the run folder keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dmdp.jobs.executor import Executor, Piece
from dmdp.jobs.functions import function_name, piece_function, shared_input, sharing
from dmdp.jobs.pieces import run_pieces
from dmdp.progress import Progress, silent
from sklearn import config_context

from ...cohorts.table import CohortTable
from ...runs.inputs import keep_table, kept_table
from .plan import Plan
from .units import Unit, compute


def compute_units(
    folder: Path,
    units: Iterable[Unit],
    tables: Mapping[str, CohortTable],
    plan: Plan,
    executor: Executor,
    progress: Progress = silent,
) -> dict[Unit, Mapping[str, Any]]:
    """The result of each unit, in their order; ``tables`` are by task. The run in ``folder`` keeps tables and results."""
    units, names = list(units), {task: keep_table(folder, table) for task, table in tables.items()}
    pieces = [
        Piece(
            unit.name,
            function_name(compute_unit),
            {"run": str(folder.absolute()), "table": names[unit.task], "plan": asdict(plan), "unit": asdict(unit)},
            f"{unit.kind} {unit.task} {unit.feature_set}",
        )
        for unit in units
    ]
    with sharing({names[task]: table for task, table in tables.items()}):
        found = {piece.name: answer for piece, answer in run_pieces(folder, pieces, executor, progress)}
    return {unit: found[unit.name] for unit in units}


@piece_function
def compute_unit(description: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """The result of the ``unit`` of a ``plan`` on the ``table`` that the ``run`` keeps."""
    name = description["table"]
    table = shared_input(name, lambda: kept_table(Path(description["run"]), name))
    with config_context(assume_finite=True, skip_parameter_validation=True):  # many small fits: the checks cost more
        return compute(Unit(**description["unit"]), table, Plan(**description["plan"]))
