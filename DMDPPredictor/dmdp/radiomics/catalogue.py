"""The unit and the definition of each feature and its place in the IBSI reference values, read from the families' tables."""

from __future__ import annotations

from ..feature import Feature
from .families import FAMILIES

SOURCE = "PyRadiomics 3.0.1; IBSI reference manual (arXiv:1612.07003)"
CATALOGUE = {f"{family.name}_{name}": row for family in FAMILIES.values() for name, row in family.features.items()}
"""``class_Feature`` → (unit, IBSI tag or nothing, definition)."""


def described(name: str, value: float, unit: str) -> Feature:
    """A value by its full name with unit, definition and source; ``unit`` is the image's."""
    prefix, short = name.split("_", 1)
    of, _, definition = CATALOGUE.get(short, ("", "", "as PyRadiomics defines it"))
    where = "" if prefix == "original" else f" (image: {prefix})"
    return Feature(name, value, of.replace("u", unit) if of.startswith("u") else of, definition + where, SOURCE)
