"""A cohort as a typed table: every source of patients is turned into this before anything is learned from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from dmdp.inputs import as_read

UNKNOWN = -1


@dataclass(frozen=True)
class Column:
    """One input: ``name``, ``unit``, and the ``block`` that it was measured in (clinical, PET, CT_reg1 …).

    ``selected_upstream`` marks columns that somebody chose by looking at the labels of all patients, before any split:
    every figure that rests on them is optimistic.
    """

    name: str
    unit: str
    block: str
    selected_upstream: bool = False


@dataclass(frozen=True)
class Finding:
    """Something in a source that must not be taken at face value, and what was done about it."""

    code: str
    found: str
    handled: str


@dataclass(frozen=True, eq=False)
class CohortTable:
    """Patients as rows.

    ``values`` (n, p) float64 in the columns' units, NaN if unknown; ``labels`` task → (n,) int8, 1 positive, 0
    negative, ``UNKNOWN`` if not known; ``cohorts`` (n,) str; ``identifiers`` (n,) str, never to be printed.
    """

    columns: tuple[Column, ...]
    values: np.ndarray
    labels: Mapping[str, np.ndarray]
    cohorts: np.ndarray
    identifiers: np.ndarray
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.values)
        if self.values.shape != (n, len(self.columns)) or any(len(v) != n for v in (*self.labels.values(), self.cohorts)):
            raise ValueError("values, labels, cohorts and columns of a cohort table do not fit one another")
        if len(set(self.identifiers.tolist())) != n:
            raise ValueError("a patient stands twice in a cohort table")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> np.ndarray:
        """The values (n,) of one column."""
        return self.values[:, self.names.index(name)]

    def blocks(self) -> tuple[str, ...]:
        """The blocks that have columns, in order of appearance."""
        return tuple(dict.fromkeys(column.block for column in self.columns))

    def select(self, blocks: Sequence[str]) -> CohortTable:
        """The same patients with the columns of ``blocks`` only."""
        kept = [i for i, column in enumerate(self.columns) if column.block in blocks]
        return replace(self, columns=tuple(self.columns[i] for i in kept), values=self.values[:, kept])

    def rows(self, mask: np.ndarray) -> CohortTable:
        """The patients for whom ``mask`` (n,) is true."""
        return replace(
            self,
            values=self.values[mask],
            labels={task: label[mask] for task, label in self.labels.items()},
            cohorts=self.cohorts[mask],
            identifiers=self.identifiers[mask],
        )

    def known(self, task: str) -> np.ndarray:
        """Mask (n,) of the patients whose label is known."""
        return self.labels[task] != UNKNOWN

    def measured(self, block: str) -> np.ndarray:
        """Mask (n,) of the patients of whom anything in ``block`` was measured."""
        return np.isfinite(self.select((block,)).values).any(axis=1)

    def design(self) -> np.ndarray:
        """``values`` as a model reads them (:func:`dmdp.inputs.as_read`).

        A fixed change of unit, row by row: nothing is learnt from the cohort. Of quantities whose logarithm is read, values ≤ 0
        become unknown.
        """
        found = self.values.copy()
        for i, column in enumerate(self.columns):
            found[:, i] = as_read(found[:, i], column.name)
        return found
