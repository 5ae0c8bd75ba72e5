"""The executors by name; one more (a cluster's) is a file with a class and a line here."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import UsageError
from .executor import Executor
from .here import HERE
from .joblib_pool import Joblib
from .processes import Processes

ALONE, MANY = "here", "joblib"
EXECUTORS: dict[str, Callable[[int], Executor]] = {
    ALONE: lambda jobs: HERE,
    MANY: Joblib,
    "processes": Processes,
}


def executor_of(jobs: int = 1, name: str | None = None) -> Executor:
    """The executor ``name`` for ``jobs`` pieces at a time; without a name, this process for one and joblib for more.

    Raises :class:`UsageError` for an unknown name, and for a number of jobs that it cannot do.
    """
    name = name or (ALONE if jobs == 1 else MANY)
    if name not in EXECUTORS:
        raise UsageError("executor.name", f"No executor '{name}'.", f"one of {', '.join(EXECUTORS)}.", "Correct --executor.")
    if jobs < 1 or (name == ALONE and jobs > 1):
        allowed = "1, as it is this process alone" if name == ALONE else "1 or more"
        raise UsageError("executor.jobs", f"{jobs} jobs at a time for the executor '{name}'.", f"{allowed}.", "Correct --jobs.")
    return EXECUTORS[name](jobs)
