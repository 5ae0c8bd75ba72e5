"""The part of a result about the CT regions; light to import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RegionReading:
    """One region: whether it is ``present``, its volume in ml, and its ``fraction`` of the tumour or of the margin."""

    name: str
    meaning: str
    present: bool
    volume_ml: float
    fraction: float


@dataclass(frozen=True)
class ShellReading:
    """One shell of the margin, ``shell_<from>_<to>`` in mm from the lesion, with its volume in ml."""

    name: str
    volume_ml: float


@dataclass(frozen=True)
class RegionsReport:
    """The CT regions of a lesion by their ``definition``.

    ``threshold_hu`` parts the dense from the less dense tumour and ``contrast_hu`` is the difference of their means, null if
    there is none; ``frac_unassigned`` is the share of the tissue that belongs to no region.
    """

    definition: str
    regions: tuple[RegionReading, ...]
    shells: tuple[ShellReading, ...]
    threshold_hu: float | None
    contrast_hu: float | None
    frac_unassigned: float
    notes: tuple[str, ...]
