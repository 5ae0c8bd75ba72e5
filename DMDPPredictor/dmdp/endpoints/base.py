"""What an endpoint is: a question that is asked of a case, and everything that depends on the kind of its answer.

The half of an endpoint that only training needs (folds, metrics, calibration, chance) is ``dmdp_training.endpoints``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from .answers import Answer, Common, Said

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .learner import Learner

Label = Any  # a class as a number; of a survival endpoint a time and whether the event was seen
UNKNOWN = frozenset({"", "unknown", "not collected", "na", "n/a", "nan"})  # cells that say nothing, in small letters


class LabelError(ValueError):
    """A cell that is no label; ``expected`` says what would be one."""

    def __init__(self, column: str, found: str, expected: str):
        super().__init__(expected)
        self.column, self.found, self.expected = column, found, expected


@dataclass(frozen=True)
class Estimate:
    """What a sub-model says of one patient.

    ``probability`` is the one that the endpoint is summed up in (that of the positive, or of the highest class), ``interval`` its
    90 % interval, ``set`` the conformal answer (None: not calibrated), ``values`` all its numbers, for a self-test.
    """

    probability: float
    interval: tuple[float, float]
    set: Any
    values: tuple[float, ...]


Outputs = TypeVar("Outputs", "Tensor", np.ndarray)
Fitted = TypeVar("Fitted", bound="Learner")
Estimated = TypeVar("Estimated", bound=Estimate)


@dataclass(frozen=True)
class Endpoint(ABC, Generic[Fitted, Estimated]):
    """A question: ``name`` as in files, ``title`` as shown.

    ``kind`` is one word for the class of questions that it belongs to: it names the template of its part of the page, and an
    answer and a bundle say it. ``set_kind`` says how its conformal answer is made.
    """

    name: str
    title: str
    kind: ClassVar[str]
    set_kind: ClassVar[str]
    joint: ClassVar[bool] = False  # whether a joint head can count the combinations of its answers

    # a label

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that its label is read from."""
        return (self.name,)

    @abstractmethod
    def read(self, cells: Mapping[str, str]) -> Label | None:
        """The label in the cells of its :attr:`columns`, None if it is unknown; raises :class:`LabelError` for any other word."""

    @property
    @abstractmethod
    def groups(self) -> tuple[str, ...]:
        """The names of the groups of which a training needs some patients each: the classes, or without and with event."""

    @abstractmethod
    def group(self, label: Label) -> int:
        """The number of the group that a patient with this label belongs to."""

    @property
    @abstractmethod
    def event(self) -> str:
        """What its probability is that of, in a word or two."""

    @abstractmethod
    def is_event(self, label: Label) -> bool:
        """Whether a patient with this label is counted as one of those with the event."""

    @abstractmethod
    def targets(self, label: Label | None) -> tuple[float, ...]:
        """What the loss compares the network's outputs with; NaN if the label is unknown."""

    # the part of a network

    @property
    @abstractmethod
    def width(self) -> int:
        """Outputs of its head."""

    @abstractmethod
    def head(self, inputs: int, hidden: int, dropout: float) -> nn.Module:
        """An untrained head, (B, inputs) to (B, width), with a layer of its own if ``hidden`` is not 0."""

    @property
    @abstractmethod
    def losses(self) -> Callable[..., tuple[Tensor, Tensor]]:
        """The loss of each output and which of them are known, from outputs (B, width) and targets, as
        :func:`dmdp.network.losses.endpoint_loss` calls it; endpoints that name the same function share one call."""

    @abstractmethod
    def score(self, outputs: Outputs) -> Outputs:
        """The one number (…) of outputs (…, width) that orders patients, and that heatmaps explain."""

    @abstractmethod
    def said(self, outputs: Tensor, calibration: Mapping[str, Any] | None) -> Said:
        """The calibrated probability, or probabilities by class, of a patient's outputs (width,)."""

    # the answer of a sub-model

    @abstractmethod
    def estimate(self, learner: Fitted, row: np.ndarray, card: Mapping[str, Any]) -> Estimated:
        """What a learner says of the inputs ``row`` (1, p); ``card`` is its sub-model's part of the manifest."""

    @abstractmethod
    def answer(self, estimate: Estimated, card: Mapping[str, Any], common: Common, local: float | None) -> Answer:
        """The typed answer from an estimate and what all answers have in ``common``; ``local`` is the local share of the positive
        class, which only a binary endpoint can be displayed for."""

    @property
    @abstractmethod
    def summary_columns(self) -> tuple[str, ...]:
        """The second halves of its columns in a batch's summary, in order."""

    def definition(self) -> dict[str, Any]:
        """What a bundle writes down, as plain JSON, since its numbers mean nothing without it; empty if the name says enough."""
        return {}


def columns_of(endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """The columns of a table that the labels of these endpoints are read from, each once."""
    return tuple(dict.fromkeys(column for endpoint in endpoints for column in endpoint.columns))


def widths(endpoints: Iterable[Endpoint]) -> list[slice]:
    """Which outputs of a network belong to each endpoint."""
    return _slices(e.width for e in endpoints)


def target_widths(endpoints: Iterable[Endpoint]) -> list[slice]:
    """Which columns of an array of targets belong to each endpoint."""
    return _slices(len(e.targets(None)) for e in endpoints)


def targets_of(people: Iterable[Mapping[str, Label]], endpoints: Sequence[Endpoint]) -> np.ndarray:
    """The targets of patients with these labels by name, float32 (N, targets of all endpoints), NaN if unknown."""
    rows = [[t for e in endpoints for t in e.targets(labels.get(e.name))] for labels in people]
    return np.array(rows, np.float32).reshape(len(rows), sum(len(e.targets(None)) for e in endpoints))


def figure(said: Said) -> str:
    """A probability as a person reads it: ``0.43``, or by class ``<1 % 0.21, ≥1 % 0.79``."""
    return f"{said:.2f}" if isinstance(said, float) else ", ".join(f"{name} {p:.2f}" for name, p in said.items())


def numbers(said: Said) -> list[float]:
    """The numbers of what a network says of one endpoint."""
    return [float(p) for p in said.values()] if isinstance(said, Mapping) else [float(said)]


def _slices(counts: Iterable[int]) -> list[slice]:
    return [slice(start, stop) for start, stop in pairwise(accumulate(counts, initial=0))]
