"""What every answer to an endpoint has in common, and the answer that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from ..bundles.card import Metric

Said = float | dict[str, float]  # what a network says: a probability, or one by class


@dataclass(frozen=True)
class Alternative:
    """What another sub-model (a ``kind`` stack or regression) says to the same question: the ``probability`` that its endpoint is
    summed up in, with its 90 % ``interval``."""

    model: str
    sub_model: str
    kind: str
    probability: float
    interval: tuple[float, float]
    inputs: tuple[str, ...]
    contour: str


@dataclass(frozen=True)
class Contribution:
    """How far one input moved the log-odds from those of a typical patient: by ``log_odds``, being ``value``, not ``typical``."""

    input: str
    value: float
    typical: float
    log_odds: float


@dataclass(frozen=True)
class Coded:
    """A number of an answer for a structured report, of unit 1: a private ``code`` and its ``meaning``, of which 16 and 64
    characters are kept."""

    code: str
    meaning: str
    value: float


class Answer(Protocol):
    """An answer as it stands in ``prediction.tasks``: a frozen dataclass of plain data.

    ``endpoint`` is the kind of its endpoint, which names its template and its class; every kind but ``binary`` has it among the
    ``derived`` members of its document (:mod:`dmdp.documents.codec`).
    """

    endpoint: ClassVar[str]

    @property
    def title(self) -> str:
        """What a person reads."""
        ...

    def lines(self, name: str) -> list[str]:
        """What the command line says of the endpoint ``name``."""

    def summary(self) -> dict[str, Any]:
        """The cells of a batch's summary by the second half of their column's name."""

    def coded(self, name: str) -> list[Coded]:
        """Its numbers for a structured report."""

    def evaluated(self) -> list[tuple[str, str]]:
        """Private code and meaning of each part of its conformal answer."""

    def evidence(self) -> list[str]:
        """Sentences on what stands behind it."""


@dataclass(frozen=True)
class NoAnswer:
    """The reason why the models do not answer an endpoint that they cover."""

    derived: ClassVar[tuple[str, ...]] = ("endpoint",)
    endpoint: ClassVar[str] = "none"
    title: str
    reason: str

    def lines(self, name: str) -> list[str]:
        """One line that gives the reason."""
        return [f"{name}: no answer. {self.reason}"]

    def summary(self) -> dict[str, Any]:
        """Nothing: the cells stay empty."""
        return {}

    def coded(self, name: str) -> list[Coded]:
        """None."""
        return []

    def evaluated(self) -> list[tuple[str, str]]:
        """None."""
        return []

    def evidence(self) -> list[str]:
        """The reason."""
        return [self.reason]


@dataclass(frozen=True)
class Common:
    """What all answers of sub-models say: what is read, whom it was fitted to, how well it did, what other sub-models say."""

    title: str
    interval_kind: str
    set_kind: str
    contributions: tuple[Contribution, ...]
    model: str
    sub_model: str
    kind: str
    inputs: tuple[str, ...]
    cohort: str
    n: int
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...]
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class OfSubModel(Common):
    """An answer that a sub-model gave."""

    def fitted_to(self) -> str:
        """Whom the sub-model was fitted to, in words."""
        raise NotImplementedError

    def evidence(self) -> list[str]:
        """Cohort, interval, validation, doubts."""
        said = [
            f"Model of n = {self.fitted_to()}; cohorts {self.cohort}.",
            f"Interval: {self.interval_kind}. Answer: {self.set_kind}.",
        ]
        for metric in self.metrics[:1]:
            low, high = metric.interval
            said.append(
                f"{metric.metric} {metric.value:.2f} ({metric.interval_level or 0.95:.0%} interval {low:.2f} to {high:.2f}), "
                f"n = {metric.n}; {metric.protocol}."
            )
        return [*said, *self.notes]
