"""A measured quantity with its unit, its definition and where the definition comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One value; NaN if it cannot be computed. ``source`` says who defined it so."""

    name: str
    value: float
    unit: str
    definition: str
    source: str
