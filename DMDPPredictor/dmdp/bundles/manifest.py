"""``manifest.json``: the description of a bundle's model, checked when the bundle is read; light to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .card import Cohort, Metric, Source


@dataclass(frozen=True)
class TrainingRange:
    """A feature among the training patients: lowest and highest value, percentiles by their number, in ``n`` patients."""

    sparse: ClassVar[bool] = True
    unit: str
    range: tuple[float, float]
    percentiles: Mapping[str, float] = field(default_factory=dict)
    n: int | None = None


@dataclass(frozen=True)
class SelfTest:
    """``inputs`` of a model and the ``outputs`` that it must give for them, by task or by sub-model: one number or several."""

    inputs: Mapping[str, float]
    outputs: Mapping[str, float | tuple[float, ...] | Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a bundle says of its model.

    ``kind`` is one of :data:`dmdp.models.KINDS`. ``endpoints`` define those of its ``tasks`` whose numbers need more than a name
    (:func:`dmdp.endpoints.registry.described`). ``files`` are the SHA-256 of its other files. An ensemble has ``features`` (by
    name) and ``sub_models``; a network has ``network`` (its configuration), ``members`` (files with weights), ``calibration`` by
    task, ``metrics`` and ``training``. ``demonstration`` is true for a network that was not trained on patients, and if the
    manifest does not state it.
    """

    derived: ClassVar[tuple[str, ...]] = ("schema",)
    sparse: ClassVar[bool] = True
    schema: ClassVar[int] = 1

    name: str
    version: str
    kind: str
    demonstration: bool | None = None
    tasks: tuple[str, ...]
    endpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    intended_use: str
    training_contour: str | None = None
    features: Mapping[str, TrainingRange] = field(default_factory=dict)
    sub_models: tuple[Mapping[str, Any], ...] = ()
    cohorts: tuple[Cohort, ...]
    source: Source | None = None
    excluded: str | None = None
    conformal: str | None = None
    metrics: tuple[Metric, ...] = ()
    network: Mapping[str, Any] | None = None
    members: tuple[str, ...] = ()
    calibration: Mapping[str, Mapping[str, float | tuple[float, ...]]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    self_test: SelfTest
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
