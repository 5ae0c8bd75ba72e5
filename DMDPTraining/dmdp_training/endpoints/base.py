"""What a study asks of an endpoint: how it is scored, measured, calibrated and fitted, and what its result by chance is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from dmdp.endpoints.base import Endpoint

FEWEST = 3  # patients of a group, below which no fold leaves one to learn from and one to stop by


class Calibration(Protocol):
    """A calibration of scores."""

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Takes scores to calibrated scores."""


class Study(ABC):
    """The study half of an ``endpoint``. ``measure`` is what its discrimination is called, ½ of which is chance; ``learners`` are
    the kinds of sub-model that fit it (:mod:`dmdp_training.ensembles.fitting`); ``fewest`` patients of each group let it be
    trained."""

    measure: ClassVar[str]
    learners: ClassVar[tuple[str, ...]]
    fewest: ClassVar[int] = FEWEST

    def __init__(self, endpoint: Endpoint):
        self.endpoint = endpoint

    # a network

    @abstractmethod
    def score(self, outputs: np.ndarray, targets: np.ndarray) -> float | None:
        """The score that selects an epoch, higher being better, of outputs (n, width) and targets (n, T); None if it is
        undefined.
        """

    @abstractmethod
    def calibrate(self, outputs: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
        """The calibration of out-of-fold outputs (repeats, n, width), as :meth:`dmdp.endpoints.base.Endpoint.said` reads it."""

    @abstractmethod
    def metrics(self, names: Sequence[str], outputs: np.ndarray, targets: np.ndarray) -> list[dict[str, Any]]:
        """How well out-of-fold outputs (repeats, N, width) of scans tell the patients, who have these ``names`` and whose scans
        are averaged: entries with metric, value, interval and n, and with events if there are such."""

    @property
    @abstractmethod
    def headers(self) -> tuple[str, ...]:
        """The second halves of its columns in the table of predictions."""

    @abstractmethod
    def cells(self, outputs: np.ndarray, targets: np.ndarray, calibration: Mapping[str, Any]) -> list[object]:
        """Its cells there, of one scan with outputs (width,) and targets (T,)."""

    # sub-models on a table; ``y`` (n,) are labels that are known

    @abstractmethod
    def counted(self, y: np.ndarray) -> dict[str, Any]:
        """The numbers of patients by group, as a manifest has them."""

    @abstractmethod
    def calibration_json(self, calibration: Any) -> dict[str, Any]:
        """The calibration of a sub-model as its manifest says it."""

    @abstractmethod
    def probabilities(self, scores: np.ndarray, calibration: Any) -> np.ndarray | None:
        """The probability of each class, (n, classes), of calibrated scores (n,); None if they rule nothing out."""

    @abstractmethod
    def discrimination(self, scores: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, tuple[float, float]]:
        """The :attr:`measure`, mean over the repeats of ``scores`` (R, n), and its 95 % interval over patients."""

    def strata(self, y: np.ndarray) -> np.ndarray:
        """The groups (n,) that folds are to share evenly."""
        return np.array([self.endpoint.group(label) for label in y])

    def by_chance(self, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Labels from which nothing can be learned: those of other patients."""
        return rng.permutation(y)


def known(targets: np.ndarray) -> np.ndarray:
    """Which rows (N,) of targets (N, T) are known."""
    return np.isfinite(targets).all(axis=1)
