"""Which tasks can be learned from a cohort file, if none are named."""

from __future__ import annotations

from pathlib import Path

from dmdp.errors import InputError

from ..endpoints.base import FEWEST
from ..endpoints.registry import study_of
from .cohort_csv import read_cohort, task_columns
from .splits import Roster, counted


def tasks_of(path: str | Path) -> tuple[tuple[str, ...], str]:
    """The registered tasks of which the file has a column and enough patients of each class, and a sentence that says so.

    Raises :class:`InputError` if there is none.
    """
    columns = task_columns(path)
    counts = Roster.of(read_cohort(path, columns), columns).counts()
    found = tuple(task for task in columns if min(counts[task]) >= study_of(task).fewest)
    left = counted({task: count for task, count in counts.items() if task not in found})
    if not found:
        raise InputError(
            "training.class",
            f"'{Path(path).name}' teaches no task ({left}).",
            f"at least {FEWEST} patients of each class; hundreds for a result.",
            "Bring patients of every class.",
        )
    rest = f"; too few patients of a class: {left}" if left else ""
    return found, f"Tasks, as the cohort file has their labels: {', '.join(found)}{rest}."
