"""Which patients are for training, early stopping and testing: decided from names and labels, before an image is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from dmdp.endpoints.base import Label
from dmdp.endpoints.registry import endpoint_of
from dmdp.errors import InputError

from ..endpoints.registry import study_of
from .folds import inner_split, patient_folds, stratum
from .plan import NetworkPlan

SHARES = (1 / 5, 1 / 3, 1 / 2)  # of the patients that early stopping looks at
ATTEMPTS = 20  # different splits of each share


class Person(Protocol):
    """A row of the cohort, with or without its images."""

    patient: str
    site: str
    labels: Mapping[str, Label]


@dataclass(frozen=True, eq=False)
class Roster:
    """Names, strata (N,) and groups (N, tasks; NaN if unknown) of rows: the number of the class of each label, or whether the
    event was seen."""

    tasks: tuple[str, ...]
    names: np.ndarray
    strata: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(cls, people: Sequence[Person], tasks: Sequence[str]) -> Roster:
        """That of some rows."""
        names = np.array([p.patient for p in people], object)
        known = [{t: endpoint_of(t).group(p.labels[t]) for t in tasks if t in p.labels} for p in people]
        strata = np.array([stratum(p.site, own, tasks) for p, own in zip(people, known, strict=True)], object)
        groups = np.array([[own.get(task, np.nan) for task in tasks] for own in known], float)
        return cls(tuple(tasks), names, strata, groups.reshape(-1, len(tasks)))

    def take(self, rows: np.ndarray) -> Roster:
        """The same of some of its rows, as numbers or bool (N,)."""
        return Roster(self.tasks, self.names[rows], self.strata[rows], self.groups[rows])

    def counts(self) -> dict[str, tuple[int, ...]]:
        """Patients of each group by task."""
        return {
            task: tuple(len(set(self.names[self.groups[:, column] == group])) for group in range(len(endpoint_of(task).groups)))
            for column, task in enumerate(self.tasks)
        }

    def with_all(self) -> list[str]:
        """The tasks of which there are all groups."""
        return [task for task, counts in self.counts().items() if all(counts)]


def outer_folds(roster: Roster, plan: NetworkPlan, repeat: int) -> np.ndarray:
    """The fold of each row, (N,) int, in a repeat of the cross-validation."""
    return patient_folds(roster.names, roster.strata, plan.folds, plan.settings.seed, repeat)


def inner_rows(roster: Roster, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to learn from and to stop by: a fifth of the patients, or more of a small cohort, until every class of every
    task is on both sides; if that cannot be, of every task on the one side and of one task at least on the other.

    Raises :class:`InputError` if no split fulfils even that.
    """
    every = len(roster.tasks)
    for least in (every, 1):
        for learn, stop in _splits(roster, seed):
            if len(roster.take(learn).with_all()) == every and len(roster.take(stop).with_all()) >= least:
                return learn, stop
    raise InputError(
        "training.few",
        f"{len(set(roster.names))} patients are too few to learn from and stop by ({counted(roster.counts())}).",
        "every class of every task among those to learn from, and of one task among those to stop by.",
        "Bring more patients of the rarer class, or leave its task out.",
    )


def counted(counts: Mapping[str, Sequence[int]]) -> str:
    """The patients of each group by task in words."""
    return "; ".join(
        f"{task}: " + ", ".join(f"{count} {name}" for count, name in zip(own, endpoint_of(task).groups, strict=True))
        for task, own in counts.items()
    )


def check_splits(people: Sequence[Person], plan: NetworkPlan) -> None:
    """Raise :class:`InputError` if a training of the plan would lack a class, and say which."""
    everyone = Roster.of(people, plan.tasks)
    for task, counts in everyone.counts().items():
        endpoint, fewest = endpoint_of(task), study_of(task).fewest
        for group, count in enumerate(counts):
            if count < fewest:
                raise InputError(
                    "training.class",
                    f"For {task} there are {count} patients of class {group} ({endpoint.groups[group]}).",
                    f"at least {fewest} patients of each class; hundreds for a result.",
                    f"Bring patients of every class, or leave {task} out of --tasks.",
                )
    for repeat in range(plan.repeats):
        dealt = outer_folds(everyone, plan, repeat)
        for fold in range(plan.folds):
            _check_members(everyone.take(dealt != fold), plan, f"Without fold {fold + 1} of {plan.folds}")
    _check_members(everyone, plan, "In the final ensemble")


def _check_members(roster: Roster, plan: NetworkPlan, where: str) -> None:
    try:
        for number in range(plan.members):
            inner_rows(roster, plan.settings.seed + number)
    except InputError as error:
        raise InputError(error.code, f"{where}: {error.found}", error.expected, error.remedy) from error


def _splits(roster: Roster, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    patients = len(set(roster.names))
    for share in SHARES:
        for attempt in range(ATTEMPTS if round(1 / share) <= patients else 0):
            yield inner_split(roster.names, roster.strata, seed, share, attempt)
