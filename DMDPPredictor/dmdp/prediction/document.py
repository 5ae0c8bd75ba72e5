"""What is said about a case: the answer per task, how far to trust it, and what it was read from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import POPULATION, RESEARCH_USE_ONLY
from ..applicability.verdict import Applicability, Reason

SCHEMA = 1
IMAGE_HASHES = {"CT": "ct_voxels", "PET": "pet_suv_voxels"}  # by which a result knows its images
CONTOUR_HASHES = {"PET": "pet_lesion", "CT": "ct_lesion"}  # and its contours
IMAGES = tuple(IMAGE_HASHES.values())


@dataclass(frozen=True)
class Alternative:
    """What another sub-model (a ``kind`` stack or regression) says to the same question."""

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
class Adjusted:
    """The probability and interval as displayed for a local ``prevalence`` of the positive class (label shift)."""

    prevalence: float
    probability: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class TaskPrediction:
    """The probability of ``positive`` with its 90 % ``interval``, and what stands behind it.

    ``set`` is the conformal answer (likely, uncertain, unlikely) and ``set_kind`` how it was made; ``prevalence`` is that of
    the training patients, ``adjusted`` the displayed probability where a local one was given.
    """

    title: str
    positive: str
    negative: str
    probability: float
    interval: tuple[float, float]
    interval_kind: str
    set: str | None
    set_kind: str
    prevalence: float
    adjusted: Adjusted | None
    contributions: tuple[Contribution, ...]
    model: str
    sub_model: str
    kind: str
    inputs: tuple[str, ...]
    cohort: str
    n: int
    events: int
    metrics: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class Prediction:
    """The content of ``prediction.json`` (schema 1); every field is plain data."""

    applicability: Applicability
    tasks: Mapping[str, TaskPrediction]
    suv_audit: Mapping[str, Any] | None
    inputs: Mapping[str, Any]
    contour: Mapping[str, Any]
    features: Mapping[str, Mapping[str, Any]]
    regions: Mapping[str, Any] | None
    ct_features: Mapping[str, Any] | None
    demonstration: Mapping[str, Any] | None
    models: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def images(self) -> tuple[str, ...]:
        """The modalities of the images that it was made from."""
        return tuple(modality for modality, name in IMAGE_HASHES.items() if name in self.hashes)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Prediction:
        """The inverse of :meth:`to_json`."""
        tasks = {name: _task(task) for name, task in document["tasks"].items()}
        reasons = tuple(Reason(**reason) for reason in document["applicability"]["reasons"])
        plain = (
            "suv_audit",
            "inputs",
            "contour",
            "features",
            "regions",
            "ct_features",
            "demonstration",
            "models",
            "notes",
            "versions",
            "hashes",
        )
        return cls(applicability=Applicability(reasons), tasks=tasks, **{name: document[name] for name in plain})

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: the applicability verdict stands before any number."""
        return {
            "schema": SCHEMA,
            "research_use_only": RESEARCH_USE_ONLY,
            "population": POPULATION,
            "applicability": {
                "verdict": self.applicability.verdict,
                "reasons": [asdict(reason) for reason in self.applicability.reasons],
            },
            "tasks": {name: asdict(task) for name, task in self.tasks.items()},
            "suv_audit": self.suv_audit,
            "inputs": self.inputs,
            "contour": self.contour,
            "features": self.features,
            "regions": self.regions,
            "ct_features": self.ct_features,
            "demonstration": self.demonstration,
            "models": list(self.models),
            "notes": list(self.notes),
            "versions": dict(self.versions),
            "hashes": dict(self.hashes),
        }


def json_text(document: Mapping[str, Any]) -> str:
    """A document of a result as it is written: indented JSON without NaN."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _task(document: Mapping[str, Any]) -> TaskPrediction:
    nested = {
        "adjusted": Adjusted(**document["adjusted"]) if document["adjusted"] else None,
        "contributions": tuple(Contribution(**c) for c in document["contributions"]),
        "alternatives": tuple(Alternative(**a) for a in document["alternatives"]),
    }
    return TaskPrediction(**{**document, **nested})
