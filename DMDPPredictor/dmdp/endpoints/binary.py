"""An endpoint of two classes, one of which is called positive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .answers import Coded, Common, OfSubModel
from .base import UNKNOWN, Endpoint, Estimate, LabelError, Outputs
from .conformal import CONFORMAL, verdict
from .prevalence import at_prevalence

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .learner import Learner

CODES = {
    "likely": ("ANSWER-LIKELY", "Likely"),
    "uncertain": ("ANSWER-UNCERT", "Uncertain"),
    "unlikely": ("ANSWER-UNLIKELY", "Unlikely"),
}
PARTS = ("probability", "low", "high", "set", "sub_model")


@dataclass(frozen=True)
class Adjusted:
    """The probability and interval as displayed for a local ``prevalence`` of the positive class (label shift)."""

    prevalence: float
    probability: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class BinaryAnswer(OfSubModel):
    """The probability of ``positive`` with its 90 % ``interval``, and what stands behind it.

    ``set`` is the conformal answer (likely, uncertain, unlikely) and ``set_kind`` how it was made; ``prevalence`` is that of
    the training patients, ``adjusted`` the displayed probability if a local one was given.
    """

    endpoint: ClassVar[str] = "binary"
    positive: str
    negative: str
    probability: float
    interval: tuple[float, float]
    set: str | None
    prevalence: float
    adjusted: Adjusted | None
    events: int

    def at(self, local: float) -> Adjusted:
        """The answer as displayed for a local share of the positive class."""
        p, low, high = (at_prevalence(p, self.prevalence, local) for p in (self.probability, *self.interval))
        return Adjusted(local, p, (low, high))

    def fitted_to(self) -> str:
        """Whom the sub-model was fitted to, in words."""
        return f"{self.n} patients, {self.events} {self.positive}"

    def coded(self, name: str) -> list[Coded]:
        """The numbers for a structured report."""
        low, high = self.interval
        return [
            Coded(f"P-{name.upper()}", f"Probability of {self.positive} ({self.title})", self.probability),
            Coded("LOW90", "Lower end of the 90 % interval", low),
            Coded("HIGH90", "Upper end of the 90 % interval", high),
        ]

    def evaluated(self) -> list[tuple[str, str]]:
        """Likely, uncertain, or unlikely."""
        return [CODES[self.set]] if self.set in CODES else []

    def lines(self, name: str) -> list[str]:
        """What the command line says."""
        low, high = self.interval
        said = [
            f"{name}: {self.probability:.2f} ({low:.2f} to {high:.2f}) {self.positive}, {self.set or 'no conformal answer'}; "
            f"n = {self.n}, {self.events} {self.positive}, cohorts {self.cohort}, {self.sub_model}"
        ]
        if self.adjusted:
            said.append(f"  at a local prevalence of {self.adjusted.prevalence:.2f}: {self.adjusted.probability:.2f}")
        return [*said, *(f"  {note}" for note in self.notes)]

    def summary(self) -> dict[str, Any]:
        """The cells of a batch's summary."""
        return dict(zip(PARTS, (self.probability, *self.interval, self.set, self.sub_model), strict=True))


@dataclass(frozen=True)
class Binary(Endpoint["Learner", Estimate]):
    """A question with two answers and what they are called; a label is 1 (positive) or 0."""

    kind: ClassVar[str] = "binary"
    set_kind: ClassVar[str] = f"{CONFORMAL}; 'uncertain' where both or none remain"
    joint: ClassVar[bool] = True
    positive: str
    negative: str

    def read(self, cells: Mapping[str, str]) -> int | None:
        """1 or 0, from the number or the name of the class."""
        text = cells[self.name].lower()
        meanings = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, self.negative.lower(): 0, self.positive.lower(): 1}
        if text in UNKNOWN:
            return None
        if text not in meanings:
            expected = f"1 or '{self.positive}', 0 or '{self.negative}', or nothing"
            raise LabelError(self.name, cells[self.name], expected)
        return meanings[text]

    @property
    def groups(self) -> tuple[str, ...]:
        """Negative, positive."""
        return "negative", "positive"

    def group(self, label: int) -> int:
        """The class."""
        return int(label)

    @property
    def event(self) -> str:
        """The positive class."""
        return "positive"

    def is_event(self, label: int) -> bool:
        """Whether it is the positive class."""
        return label == 1

    def targets(self, label: int | None) -> tuple[float, ...]:
        """The class."""
        return (np.nan if label is None else float(label),)

    @property
    def width(self) -> int:
        """1: the log-odds of the positive class."""
        return 1

    def head(self, inputs: int, hidden: int, dropout: float) -> nn.Module:
        """One output."""
        from .heads import head

        return head(inputs, hidden, 1, dropout)

    @property
    def losses(self) -> Callable[..., tuple[Tensor, Tensor]]:
        """Binary cross-entropy."""
        from .losses import cross_entropies

        return cross_entropies

    def score(self, outputs: Outputs) -> Outputs:
        """The log-odds."""
        return outputs[..., 0]

    def said(self, outputs: Tensor, calibration: Mapping[str, Any] | None) -> float:
        """The probability of the positive class after Platt's calibration {slope, intercept} of the log-odds."""
        platt = calibration or {"slope": 1.0, "intercept": 0.0}
        return float((platt["slope"] * outputs[0] + platt["intercept"]).sigmoid())

    def estimate(self, learner: Learner, row: np.ndarray, card: Mapping[str, Any]) -> Estimate:
        """The probability of the positive class; the interval is that of the resampled fits."""
        probability = float(_sigmoid(learner.log_odds(row)[0]))
        low, high = np.quantile(_sigmoid(learner.resampled(row)[:, 0]), [0.05, 0.95])
        interval = (min(float(low), probability), max(float(high), probability))
        conformal = card.get("conformal")
        return Estimate(probability, interval, verdict(probability, conformal) if conformal else None, (probability,))

    def answer(self, estimate: Estimate, card: Mapping[str, Any], common: Common, local: float | None) -> BinaryAnswer:
        """The probability with its interval, at the training patients' prevalence and, if one is given, at a local one."""
        answer = BinaryAnswer(
            positive=self.positive,
            negative=self.negative,
            probability=estimate.probability,
            interval=estimate.interval,
            set=estimate.set,
            prevalence=card["events"] / card["n"],
            adjusted=None,
            events=card["events"],
            **vars(common),
        )
        return answer if local is None else BinaryAnswer(**{**vars(answer), "adjusted": answer.at(local)})

    @property
    def summary_columns(self) -> tuple[str, ...]:
        """Probability, interval, conformal answer, sub-model."""
        return PARTS


def _sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))
