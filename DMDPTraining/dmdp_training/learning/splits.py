"""Who is learned from, stopped by and tested on: settled from names and labels, so that it is known before an image is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from dmdp.errors import InputError

from .folds import inner_split, patient_folds, stratum
from .plan import NetworkPlan

LEAST = 3  # patients of a class, below which no fold leaves one to learn from and one to stop by
SHARES = (1 / 5, 1 / 3, 1 / 2)  # of the patients that early stopping looks at
ATTEMPTS = 20  # different splits of each share


class Person(Protocol):
    """A row of the cohort, with or without its images."""

    patient: str
    site: str
    labels: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Roster:
    """Names, strata (N,) and labels (N, tasks; NaN where unknown) of rows."""

    tasks: tuple[str, ...]
    names: np.ndarray
    strata: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, people: Sequence[Person], tasks: Sequence[str]) -> Roster:
        """That of some rows."""
        names = np.array([p.patient for p in people], object)
        strata = np.array([stratum(p.site, p.labels, tasks) for p in people], object)
        labels = np.array([[p.labels.get(task, np.nan) for task in tasks] for p in people], float)
        return cls(tuple(tasks), names, strata, labels.reshape(-1, len(tasks)))

    def take(self, rows: np.ndarray) -> Roster:
        """The same of some of its rows, as numbers or bool (N,)."""
        return Roster(self.tasks, self.names[rows], self.strata[rows], self.labels[rows])

    def counts(self) -> dict[str, tuple[int, int]]:
        """Patients of the negative and of the positive class by task."""
        return {
            task: tuple(len(set(self.names[self.labels[:, column] == label])) for label in (0, 1))
            for column, task in enumerate(self.tasks)
        }

    def with_both(self) -> list[str]:
        """The tasks of which there are both classes."""
        return [task for task, counts in self.counts().items() if all(counts)]


def outer_folds(roster: Roster, plan: NetworkPlan, repeat: int) -> np.ndarray:
    """The fold of each row, (N,) int, in a repeat of the cross-validation."""
    return patient_folds(roster.names, roster.strata, plan.folds, plan.settings.seed, repeat)


def inner_rows(roster: Roster, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to learn from and to stop by: a fifth of the patients, or more of a small cohort, until both classes of every
    task are on both sides; where that cannot be, of every task on the one side and of one task at least on the other.

    Raises :class:`InputError` where no split is even that.
    """
    every = len(roster.tasks)
    for least in (every, 1):
        for learn, stop in _splits(roster, seed):
            if len(roster.take(learn).with_both()) == every and len(roster.take(stop).with_both()) >= least:
                return learn, stop
    counts = "; ".join(f"{task}: {no} negative, {yes} positive" for task, (no, yes) in roster.counts().items())
    raise InputError(
        "training.few",
        f"{len(set(roster.names))} patients are too few to learn from and stop by ({counts}).",
        "both classes of every task among those to learn from, and of one task among those to stop by.",
        "Bring more patients of the rarer class, or leave its task out.",
    )


def check_splits(people: Sequence[Person], plan: NetworkPlan) -> None:
    """Raise :class:`InputError` where a training of the plan would lack a class, and say which."""
    everyone = Roster.of(people, plan.tasks)
    for task, counts in everyone.counts().items():
        for label, count in enumerate(counts):
            if count < LEAST:
                raise InputError(
                    "training.class",
                    f"For {task} there are {count} patients of class {label}.",
                    f"at least {LEAST} patients of each class; hundreds for a result.",
                    f"Bring patients of both classes, or leave {task} out of --tasks.",
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
