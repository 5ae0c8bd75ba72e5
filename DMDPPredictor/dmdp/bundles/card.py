"""The model card: which patients a model learned from, how well it did, and what it is for; light to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A measure of performance with its interval, by the ``protocol`` that it was found by, in ``n`` patients.

    ``task`` is named if the metric stands among those of other tasks; ``interval_level`` is the confidence of the interval, 0.95
    unless stated; ``events`` counts the positive patients, ``counts`` those of each class.
    """

    sparse: ClassVar[bool] = True
    task: str | None = None
    metric: str
    value: float
    interval: tuple[float, float]
    interval_level: float | None = None
    protocol: str
    n: int
    events: int | None = None
    counts: tuple[int, ...] | None = None

    @property
    def figure(self) -> str:
        """Value and interval with two decimals: ``0.63 (0.54 to 0.72)``."""
        low, high = self.interval
        return f"{self.value:.2f} ({low:.2f} to {high:.2f})"


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Patients that a model learnt from: ``n`` of them, with the positive ones as ``events`` by task."""

    sparse: ClassVar[bool] = True
    name: str
    title: str | None = None
    n: int
    events: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the training data were published: repository, commit, SHA-256 by file, and the licence or the lack of one."""

    sparse: ClassVar[bool] = True
    repository: str
    commit: str
    sha256: Mapping[str, str] = field(default_factory=dict)
    licence: str


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a result says of a model that answered; ``hash`` is the SHA-256 of its manifest."""

    sparse: ClassVar[bool] = True
    name: str
    version: str
    kind: str
    cohorts: tuple[Cohort, ...]
    intended_use: str
    training_contour: str | None = None
    source: Source | None = None
    excluded: str | None = None
    hash: str
