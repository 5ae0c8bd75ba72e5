"""An endpoint of several ordered classes, such as an expression in ranges.

Proportional odds: the log-odds of lying above each cut between two neighbouring classes are one score minus that cut, so that one
number orders the patients and the probabilities of being above the cuts never cross (McCullagh, Regression models for ordinal
data, J R Stat Soc B 1980;42:109). A network learns it as one binary question per cut (CORAL: Cao, Mirjalili and Raschka, Rank
consistent ordinal regression for neural networks with application to age estimation, Pattern Recognit Lett 2020;140:325).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .answers import Coded, Common, OfSubModel
from .base import UNKNOWN, Endpoint, Estimate, LabelError, Outputs
from .conformal import CONFORMAL, possible

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .learner import CumulativeLearner

Interval = tuple[float, float]


@dataclass(frozen=True)
class OrdinalAnswer(OfSubModel):
    """The probability of each of the ordered ``classes`` with its 90 % interval, and what stands behind it.

    ``set`` holds the classes that the conformal answer cannot rule out (None: not calibrated); ``counts`` says how many of the
    training patients were of each class; the log-odds of ``contributions`` are those of any higher class.
    """

    derived: ClassVar[tuple[str, ...]] = ("endpoint",)
    endpoint: ClassVar[str] = "ordinal"
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    intervals: tuple[Interval, ...]
    set: tuple[str, ...] | None
    counts: tuple[int, ...]

    def fitted_to(self) -> str:
        """Whom the sub-model was fitted to, in words."""
        counts = ", ".join(f"{count} of {name}" for name, count in zip(self.classes, self.counts, strict=True))
        return f"{self.n} patients, {counts}"

    def coded(self, name: str) -> list[Coded]:
        """The numbers for a structured report: the probability of each class, with its interval."""
        found = []
        for number, (label, p, (low, high)) in enumerate(zip(self.classes, self.probabilities, self.intervals, strict=True)):
            code = f"{name.upper()[:10]}-{number}"
            found += [
                Coded(f"P-{code}", f"Probability of {label} ({self.title})", p),
                Coded(f"L90-{code}", f"Lower end of the 90 % interval, {label}", low),
                Coded(f"H90-{code}", f"Upper end of the 90 % interval, {label}", high),
            ]
        return found

    def evaluated(self) -> list[tuple[str, str]]:
        """The classes that cannot be ruled out."""
        return [(f"ANSWER-{self.classes.index(name)}", f"Not ruled out: {name}") for name in self.set or ()]

    def lines(self, name: str) -> list[str]:
        """What the command line says."""
        said = ", ".join(
            f"{label} {p:.2f} ({low:.2f} to {high:.2f})"
            for label, p, (low, high) in zip(self.classes, self.probabilities, self.intervals, strict=True)
        )
        answer = " or ".join(self.set) if self.set else "no conformal answer"
        return [
            f"{name}: {said}; {answer}; n = {self.fitted_to()}, cohorts {self.cohort}, {self.sub_model}",
            *(f"  {note}" for note in self.notes),
        ]

    def summary(self) -> dict[str, Any]:
        """The cells of a batch's summary."""
        cells = dict(zip(self.classes, self.probabilities, strict=True))
        return {**cells, "set": " or ".join(self.set or ()) or None, "sub_model": self.sub_model}


@dataclass(frozen=True)
class Ordinal(Endpoint["CumulativeLearner", "OrdinalEstimate"]):
    """A question whose answer is one of ``classes``, from lowest to highest; a label is the number of its class, from 0."""

    kind: ClassVar[str] = "ordinal"
    set_kind: ClassVar[str] = f"{CONFORMAL}: what it cannot rule out"
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if len({_plain(name) for name in self.classes}) != len(self.classes) or len(self.classes) < 3:
            raise ValueError(f"the classes of '{self.name}' are {self.classes}: three or more different ones are needed")

    def read(self, cells: Mapping[str, str]) -> int | None:
        """The number of the class, from itself or the name; spaces, kinds of dashes and ``>=`` for ``≥`` make no difference."""
        text = cells[self.name]
        if text.lower() in UNKNOWN:
            return None
        numbers = {form: k for k in range(len(self.classes)) for form in (str(k), f"{k}.0")}
        meanings = {**{_plain(name): k for k, name in enumerate(self.classes)}, **numbers}
        if _plain(text) not in meanings:
            known = ", ".join(f"{k} or '{name}'" for k, name in enumerate(self.classes))
            raise LabelError(self.name, text, f"{known}, or nothing")
        return meanings[_plain(text)]

    @property
    def groups(self) -> tuple[str, ...]:
        """The classes."""
        return self.classes

    def group(self, label: int) -> int:
        """The class."""
        return int(label)

    @property
    def event(self) -> str:
        """The highest class."""
        return self.classes[-1]

    def is_event(self, label: int) -> bool:
        """Whether it is the highest class."""
        return label == self.width

    def targets(self, label: int | None) -> tuple[float, ...]:
        """For each cut, whether the patient lies above it."""
        return tuple(np.nan if label is None else float(label > cut) for cut in range(self.width))

    @property
    def width(self) -> int:
        """The cuts: one fewer than classes."""
        return len(self.classes) - 1

    def head(self, inputs: int, hidden: int, dropout: float) -> nn.Module:
        """One score and ordered cuts."""
        from .heads import CumulativeHead

        return CumulativeHead(inputs, hidden, self.width, dropout)

    @property
    def losses(self) -> Callable[..., tuple[Tensor, Tensor]]:
        """Binary cross-entropy of each cut, as in CORAL."""
        from .losses import cross_entropies

        return cross_entropies

    def score(self, outputs: Outputs) -> Outputs:
        """The mean of the log-odds, which is the score but for a constant."""
        return outputs.mean(axis=-1)  # type: ignore[call-overload]  # torch takes numpy's axis, of which its stubs say nothing

    def said(self, outputs: Tensor, calibration: Mapping[str, Any] | None) -> dict[str, float]:
        """The probability of each class; ``calibration`` {slope, cuts} takes the score to the log-odds above each cut."""
        logits = outputs.double().numpy()
        if calibration is not None:
            logits = calibration["slope"] * self.score(logits) - np.array(calibration["cuts"])
        return dict(zip(self.classes, (float(p) for p in class_probabilities(logits)), strict=True))

    def estimate(self, learner: CumulativeLearner, row: np.ndarray, card: Mapping[str, Any]) -> OrdinalEstimate:
        """The probability of each class; the intervals are those of the resampled fits."""
        probabilities = class_probabilities(learner.above(row)[0])
        low, high = np.quantile(class_probabilities(learner.resampled(row)[:, 0]), [0.05, 0.95], axis=0)
        intervals = tuple(
            (min(float(a), float(p)), max(float(b), float(p))) for a, b, p in zip(low, high, probabilities, strict=True)
        )
        conformal = card.get("conformal")
        left = possible(probabilities, conformal) if conformal else ()
        named = tuple(name for name, one in zip(self.classes, left, strict=True) if one) if conformal else None
        values = tuple(float(p) for p in probabilities)
        return OrdinalEstimate(values[-1], intervals[-1], named, values, intervals)

    def answer(self, estimate: OrdinalEstimate, card: Mapping[str, Any], common: Common, local: float | None) -> OrdinalAnswer:
        """The probabilities with their intervals."""
        return OrdinalAnswer(
            classes=self.classes,
            probabilities=estimate.values,
            intervals=estimate.intervals,
            set=estimate.set,
            counts=tuple(card["counts"]),
            **vars(common),
        )

    def definition(self) -> dict[str, Any]:
        """The classes."""
        return {"kind": self.kind, "classes": list(self.classes)}

    @property
    def summary_columns(self) -> tuple[str, ...]:
        """The classes, the conformal answer, the sub-model."""
        return (*self.classes, "set", "sub_model")


@dataclass(frozen=True)
class OrdinalEstimate(Estimate):
    """``values`` are the probabilities of the classes, ``intervals`` their 90 % intervals; ``probability`` and ``interval`` are
    those of the highest class, ``set`` the names of the classes that cannot be ruled out."""

    intervals: tuple[Interval, ...]


def class_probabilities(above: np.ndarray) -> np.ndarray:
    """Log-odds (…, K − 1) of lying above each cut, which fall from cut to cut, to the probabilities (…, K) of the classes."""
    share = 1.0 / (1.0 + np.exp(-np.asarray(above, float)))
    one, zero = np.ones_like(share[..., :1]), np.zeros_like(share[..., :1])
    return np.concatenate([one, share], axis=-1) - np.concatenate([share, zero], axis=-1)


def _plain(name: str) -> str:
    """A class's name without what people write in different ways."""
    return re.sub(r"\s", "", name).replace(">=", "≥").replace("–", "-").replace("—", "-").casefold()
