"""The document of a prediction: the answer per task, how far to trust it, and what it was computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .. import POPULATION, RESEARCH_USE_ONLY
from ..applicability.verdict import Applicability
from ..bundles.card import ModelCard
from ..documents.codec import plain, read
from ..endpoints.registry import TypedAnswer
from ..features.document import CtFeaturesReport
from ..network.opinion import NetworkOpinion
from ..patients.audit import SuvAudit
from ..regions.document import RegionsReport
from .former import current

IMAGE_HASHES = {"CT": "ct_voxels", "PET": "pet_suv_voxels"}  # by which a result knows its images
CONTOUR_HASHES = {"PET": "pet_lesion", "CT": "ct_lesion"}  # and its contours
IMAGES = tuple(IMAGE_HASHES.values())


@dataclass(frozen=True)
class InputsReport:
    """What the answer has ``used`` by name, and which clinical facts were ``missing`` or ``given_but_unused``."""

    used: Mapping[str, float | str | None]
    missing: tuple[str, ...]
    given_but_unused: tuple[str, ...]


@dataclass(frozen=True)
class ContourReport:
    """The contour, and how far the answer depends on it.

    Volumes in ml, that on the CT null without one; points in LPS mm. ``spread`` is the probability that each task is summed up in
    by other contour methods, null if a method finds no lesion; ``moved`` is its lowest and highest value if the contour were
    drawn ``moved_mm`` off, null if unknown; both are empty without a PET.
    """

    method: str
    modality: str
    volume_ml: float
    seed_lps_mm: tuple[float, float, float] | None
    centroid_lps_mm: tuple[float, float, float]
    ct_volume_ml: float | None
    notes: tuple[str, ...]
    spread: Mapping[str, Mapping[str, float | None]]
    moved_mm: float
    moved: Mapping[str, tuple[float, float] | None]


@dataclass(frozen=True)
class FeatureReading:
    """A feature of this lesion beside those of the training patients.

    ``value`` is null if it could not be computed; ``training_range`` is null for a feature that no model reads; ``percentile``
    (0 to 100) is its place among the training patients.
    """

    value: float | None
    unit: str
    definition: str
    source: str
    training_range: tuple[float, float] | None
    in_range: bool | None
    percentile: float | None


@dataclass(frozen=True)
class Prediction:
    """The content of ``prediction.json``; every field is plain data.

    ``suv_audit`` is null if the PET came as SUV; ``regions`` and ``ct_features`` are null if the CT was not measured; ``network``
    is what a network says, apart from the answer, null if none was run. ``hashes`` are the SHA-256 of what was read, by its name.
    """

    derived: ClassVar[tuple[str, ...]] = ("schema", "research_use_only", "population")
    schema: ClassVar[int] = 2
    research_use_only: ClassVar[str] = RESEARCH_USE_ONLY
    population: ClassVar[str] = POPULATION

    applicability: Applicability
    tasks: Mapping[str, TypedAnswer]
    suv_audit: SuvAudit | None
    inputs: InputsReport
    contour: ContourReport
    features: Mapping[str, FeatureReading]
    regions: RegionsReport | None
    ct_features: CtFeaturesReport | None
    network: NetworkOpinion | None
    models: tuple[ModelCard, ...]
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def images(self) -> tuple[str, ...]:
        """The modalities of the images that it was made from."""
        return tuple(modality for modality, name in IMAGE_HASHES.items() if name in self.hashes)

    @classmethod
    def from_json(cls, document: Any) -> Prediction:
        """The inverse of :meth:`to_json`, for documents of this schema and of former ones.

        Raises :class:`dmdp.documents.codec.Malformed`.
        """
        return read(cls, current(document))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: the applicability verdict stands before any number."""
        return plain(self)
