"""What SUV needs of the headers of a PET series, gathered as text, so that one reader checks every value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from ..headers import PHILIPS_ACTIVITY, PHILIPS_GROUP, PHILIPS_SUV
from ..numbers import elements, first_text, read_number, text

SERIES = (
    "Units", "SUVType", "DecayCorrection", "SeriesDate", "SeriesTime", "StudyDate", "TimezoneOffsetFromUTC", "PatientWeight",
    "PatientSize", "PatientSex", "PatientAge", "CorrectedImage", "AttenuationCorrectionMethod",
)  # fmt: skip
DRUG = (
    "Radiopharmaceutical", "RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime", "RadionuclideTotalDose",
    "RadionuclideHalfLife",
)  # fmt: skip
FRAME = (
    "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime", "FrameReferenceTime", "ActualFrameDuration", "DecayFactor",
)  # fmt: skip
SAME = ("Units", "SUVType", "DecayCorrection", "PatientWeight", "PatientSize")
GE_INJECTION = 0x0009100D
PHILIPS_CREATOR = "philips pet private group"


@dataclass(frozen=True)
class PetHeader:
    """What SUV needs of a PET series: ``tags`` of the series by keyword, and the times of its slices.

    ``frames`` are the distinct values of :data:`FRAME` among the slices; if only times are known, ``acquisitions``
    (AcquisitionDate, AcquisitionTime) stand for them and the rest is taken from ``tags``. Beside the keywords of
    :data:`SERIES` (weight in kg, size in m), :data:`DRUG` (dose in Bq, half-life in s) and :data:`FRAME` (ms), tags may have
    RadiopharmaceuticalCode and RadionuclideCode (code and meaning), PhilipsSUVScaleFactor,
    PhilipsActivityConcentrationScaleFactor, GEInjectionDateTime, ``several`` (how many different radiopharmaceuticals there
    are) and ``differing`` (keywords whose values differ between slices).
    """

    tags: Mapping[str, Any]
    acquisitions: tuple[tuple[str, str], ...] = ()
    frames: tuple[tuple[str, ...], ...] = ()

    @property
    def slices(self) -> tuple[dict[str, Any], ...]:
        """The keywords of :data:`FRAME` for each distinct slice."""
        if self.frames:
            return tuple(dict(zip(FRAME, frame, strict=True)) for frame in self.frames)
        known = {name: self.tags[name] for name in FRAME if name in self.tags}
        return tuple({**known, "AcquisitionDate": date, "AcquisitionTime": time} for date, time in self.acquisitions)


def pet_header(headers: Sequence[Dataset]) -> PetHeader:
    """Gather from the headers of all slices of one series what SUV needs."""
    first = headers[0]
    tags: dict[str, Any] = {name: _text(first, name) for name in (*SERIES, *FRAME)}
    drugs = _drugs(first)
    drug = drugs[0] if drugs else Dataset()
    tags.update({name: _text(drug, name) for name in DRUG})
    tags["RadiopharmaceuticalCode"] = _code(drug, "RadiopharmaceuticalCodeSequence")
    tags["RadionuclideCode"] = _code(drug, "RadionuclideCodeSequence")
    tags.update(_philips(first))
    if GE_INJECTION in first:
        tags["GEInjectionDateTime"] = "present"
    if len(drugs) > 1:
        tags["several"] = len(drugs)
    told = {tuple(_text(drug, name) for drug in _drugs(header)[:1] for name in DRUG[1:]) for header in headers}
    differing = ["RadiopharmaceuticalInformationSequence"] if len(told) > 1 else []
    differing += [name for name in SAME if len({_comparable(header, name) for header in headers}) > 1]
    if differing:
        tags["differing"] = differing
    frames = tuple(sorted({tuple(_text(header, name) or "" for name in FRAME) for header in headers}))
    return PetHeader({name: value for name, value in tags.items() if value is not None}, frames=frames)


def _text(header: Dataset, key: str | int) -> str | None:
    values = elements(header, key)
    return None if values is None else "\\".join(map(text, values))


def _comparable(header: Dataset, name: str) -> float | str | None:
    """The number of an element, so that 64 is 64.0, or its text."""
    number = read_number(header, name).value
    return _text(header, name) if number is None else number


def _drugs(header: Dataset) -> list[Dataset]:
    """The radiopharmaceuticals that differ in what SUV needs; those that say nothing of it do not count beside one that does."""
    found = list(header.get("RadiopharmaceuticalInformationSequence") or ())
    told = [drug for drug in found if any(first_text(drug, name) for name in DRUG[1:])] or found
    distinct = {tuple(_text(drug, name) for name in DRUG[1:]): drug for drug in reversed(told)}
    return [drug for drug in told if any(drug is kept for kept in distinct.values())]


def _code(drug: Dataset, sequence: str) -> str | None:
    codes = drug.get(sequence)
    if not codes:
        return None
    return " ".join(filter(None, (first_text(codes[0], "CodeValue"), first_text(codes[0], "CodeMeaning")))) or None


def _philips(header: Dataset) -> dict[str, str]:
    """Philips' two factors from the private block that its creator reserved; block 10 if no creator is left."""
    creators = {number: first_text(header, PHILIPS_GROUP << 16 | number).lower() for number in range(0x10, 0x100)}
    blocks = [number for number, creator in creators.items() if creator == PHILIPS_CREATOR]
    if not blocks and not any(creators.values()):
        blocks = [0x10]
    found: dict[str, str] = {}
    for block in blocks:
        for name, element in (
            ("PhilipsSUVScaleFactor", PHILIPS_SUV),
            ("PhilipsActivityConcentrationScaleFactor", PHILIPS_ACTIVITY),
        ):
            value = _text(header, PHILIPS_GROUP << 16 | block << 8 | element)
            if value is not None:
                found.setdefault(name, value)
    return found
