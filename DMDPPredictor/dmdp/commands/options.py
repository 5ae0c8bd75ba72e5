"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UsageError


def point(value: Any) -> tuple[float, float, float] | None:
    """``X,Y,Z`` (text) or a list of three numbers as an LPS point in mm; None stays None."""
    if value is None:
        return None
    try:
        parts = value.split(",") if isinstance(value, str) else value
        x, y, z = (float(part) for part in parts)
    except (TypeError, ValueError) as error:
        raise UsageError(
            "seed.malformed",
            f"The seed is '{value}'.",
            "three numbers X,Y,Z: an LPS point in mm.",
            "Give it as --seed X,Y,Z without spaces.",
        ) from error
    return x, y, z


def required(arguments: Mapping[str, Any], name: str) -> Any:
    """The value of an option that a job file must hold; raises :class:`UsageError` without it."""
    value = arguments.get(name)
    if value is None:
        raise UsageError(
            "option.missing",
            f"'{name}' is not given.",
            f"a value for '{name}'.",
            f"Add '{name}' to the job, or --{name.replace('_', '-')} to the command.",
        )
    return value


SEED_HELP = "a point in the lesion: X,Y,Z in mm, LPS (in Slicer: R,A,S with the first two signs changed)"
PET_IS_SUV_HELP = "the PET file holds SUVbw (g/ml) already; needed for NIfTI and NRRD"
