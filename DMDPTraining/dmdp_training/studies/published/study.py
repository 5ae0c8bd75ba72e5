"""``dmdp validate published``: the whole run, from the published matrices to its folder."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dmdp import __version__
from dmdp.jobs.executor import Executor
from dmdp.jobs.here import HERE
from dmdp.progress import Progress, part, silent

from ...cohorts.published import published_table
from ...cohorts.sources import COMMIT, REPOSITORY, SOURCES
from ...runs.inputs import fingerprint
from ...runs.store import open_run, running
from . import report
from .pieces import compute_units
from .plan import DEFAULT, QUESTIONS, QUICK, Plan
from .units import units

PACKAGES = ("numpy", "scipy", "scikit-learn", "scikit-lego", "joblib", "matplotlib", "openpyxl")


def validate_published(
    data: str | Path, out: str | Path, plan: Plan = DEFAULT, executor: Executor = HERE, progress: Progress = silent
) -> report.Findings:
    """Validate on the matrices in folder ``data`` and write everything into the run folder ``out``.

    A run that was stopped goes on where it was. Raises :class:`InputError` for other matrices and :class:`OutputError` for a
    folder that holds something else.
    """
    tables = {task: published_table(data, task) for task in QUESTIONS}
    configuration = {
        "command": command(plan),
        "plan": asdict(plan),
        "source": {"repository": REPOSITORY, "commit": COMMIT, "sha256": {s.file: s.sha256 for s in SOURCES}},
        "tables": {task: fingerprint(table) for task, table in tables.items()},
        "versions": versions(),
    }
    with running(out):
        folder = open_run(out, configuration)
        pieces = compute_units(folder, units(tables, plan), tables, plan, executor, part(progress, 0.0, 0.95))
        progress(0.95, "measuring and writing")
        found = report.measure_all(pieces, tables, plan)
        report.write(folder, found, tables, configuration)
    progress(1.0, "report written")
    return found


def command(plan: Plan) -> str:
    """The command line that makes a run with this plan."""
    quick = " --quick" if plan == replaced(QUICK, plan.seed) else ""
    seed = f" --seed {plan.seed}" if plan.seed else ""
    return f"dmdp validate published --data D --out RUN{quick}{seed}"


def replaced(plan: Plan, seed: int) -> Plan:
    """``plan`` with another seed."""
    return Plan(**{**asdict(plan), "seed": seed})


def versions() -> dict[str, Any]:
    """Versions of the packages with which the figures were computed."""
    return {"dmdp": __version__, "python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
