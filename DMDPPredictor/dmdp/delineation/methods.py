"""The contour methods, by name; light to import, as the command line and a panel list them. Another one is a line here."""

from __future__ import annotations

from ..errors import UsageError
from .isocontours import ISOCONTOURS
from .method import ContourMethod, Origin, Seed

METHODS: dict[str, ContourMethod] = {method.name: method for method in (*ISOCONTOURS,)}
MANUAL = Origin("manual", "drawn by hand", True, "MANUAL")
ORIGINS: dict[str, Origin] = {**METHODS, MANUAL.name: MANUAL}


def method_for(name: str, seed: Seed | None) -> ContourMethod:
    """The method of that name; raises :class:`UsageError` for an unknown one, and for one that needs a seed without it."""
    if name not in METHODS:
        raise UsageError("delineation.method", f"No method '{name}'.", f"one of {', '.join(METHODS)}.", "Choose one of these.")
    if seed is None and METHODS[name].needs_seed:
        raise UsageError(
            "delineation.seed", f"The method '{name}' outlines the lesion at a point.", "a seed.", "Name a point in the lesion."
        )
    return METHODS[name]
