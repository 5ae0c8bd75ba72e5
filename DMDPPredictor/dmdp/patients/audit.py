"""The audit of an SUV conversion, as results keep it; light to import, as it needs no DICOM package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class UsedTag:
    """An element of the header that was read: its ``tag`` as ``(gggg,eeee)``, its ``keyword`` and its ``value`` as text."""

    tag: str
    keyword: str
    value: str


@dataclass(frozen=True)
class Doubt:
    """A warning: a stable ``code`` for programs, and the ``text`` for a person."""

    code: str
    text: str


@dataclass(frozen=True)
class SuvAudit:
    """How a PET series became SUV: every tag that was used, every rule that was applied and every doubt.

    ``reference_time`` (HH:MM:SS) is the time to which the values are decay-corrected and ``reference_by`` how it was found;
    ``decay_factor`` is the header's own text; ``uptake_minutes`` runs from the injection to the earliest acquisition;
    ``decay_seconds`` is the time over which the dose was decayed. ``factors`` (SUV per stored value) and ``factor_units`` are by
    the kind of SUV, a factor being null if the header lacks what it needs.
    """

    tags: tuple[UsedTag, ...]
    rules: tuple[str, ...]
    reference_time: str | None
    reference_by: str | None
    decay_factor: str | None
    uptake_minutes: float | None
    decay_seconds: float
    tracer: str | None
    factors: Mapping[str, float | None]
    factor_units: Mapping[str, str]
    warnings: tuple[Doubt, ...]
