"""From stored values to values in their unit, by RescaleSlope and RescaleIntercept of every slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from .numbers import POSITIVE, Limits, Reading, one_per_tag, read_number

NOT_ZERO = Limits(zero=False)
PLAIN = (1.0, 0.0)


@dataclass(frozen=True)
class Rescale:
    """``factors`` (slope, intercept) of each slice in order; ``finding`` is the first reason why a slice has none (its factors
    are then 1 and 0), as the beginning of a sentence, and ``lacking`` the number of such slices; ``notes`` tell of numbers that
    were not plainly written."""

    factors: tuple[tuple[float, float], ...]
    finding: str | None
    lacking: int
    notes: tuple[str, ...]


def rescale_of(headers: Sequence[Dataset]) -> Rescale:
    """What the headers of a series say; the slope of a PET is above 0."""
    factors, findings, notes, lacking = [], [], [], 0
    for header in headers:
        pet = str(header.get("Modality", "")) == "PT"
        pair = (read_number(header, "RescaleSlope", POSITIVE if pet else NOT_ZERO), read_number(header, "RescaleIntercept"))
        notes += [reading.note for reading in pair if reading.note]
        if pet and pair[1].value:
            notes.append(f"(0028,1052) RescaleIntercept is {pair[1].value:g}, while that of a PET is 0; it was applied.")
        found = [reading.finding.found.rstrip(".") for reading in pair if reading.finding is not None]
        if "ModalityLUTSequence" in header:
            found.insert(0, "(0028,3000) ModalityLUTSequence takes the place of RescaleSlope")
        findings += found
        lacking += bool(found)
        factors.append(_factors(pair))
    return Rescale(tuple(factors), findings[0] if findings else None, lacking, one_per_tag(notes))


def _factors(pair: tuple[Reading, Reading]) -> tuple[float, float]:
    return PLAIN if any(reading.value is None for reading in pair) else (pair[0].values[0], pair[1].values[0])
