"""The part of a result about the radiomics of its CT regions, whose numbers are in a table of their own; light to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CtFeaturesReport:
    """The settings by which the CT regions were measured, which of the ``regions`` are ``absent`` and why.

    ``computed`` of the features ``asked`` for have a value.
    """

    profile: str
    profile_hash: str
    backend: str
    contour: str
    regions: tuple[str, ...]
    absent: Mapping[str, str]
    computed: int
    asked: int
