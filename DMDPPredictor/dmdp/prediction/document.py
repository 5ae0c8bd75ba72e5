"""What is said about a case: the answer per task, how far to trust it, and what it was read from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import POPULATION, RESEARCH_USE_ONLY
from ..applicability.verdict import Applicability, Reason
from ..endpoints.answers import Answer
from ..endpoints.registry import answer_from_json

SCHEMA = 1
IMAGE_HASHES = {"CT": "ct_voxels", "PET": "pet_suv_voxels"}  # by which a result knows its images
CONTOUR_HASHES = {"PET": "pet_lesion", "CT": "ct_lesion"}  # and its contours
IMAGES = tuple(IMAGE_HASHES.values())


@dataclass(frozen=True)
class Prediction:
    """The content of ``prediction.json`` (schema 1); every field is plain data."""

    applicability: Applicability
    tasks: Mapping[str, Answer]
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
        tasks = {name: answer_from_json(task) for name, task in document["tasks"].items()}
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
            "tasks": {name: task.to_json() for name, task in self.tasks.items()},
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
