"""The record of a conversion: the tags used, the rules applied and the warnings, collected while the factors are computed."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import tag_for_keyword

from ...errors import SuvError
from ...patients.audit import Doubt, UsedTag
from ..headers import PHILIPS_ACTIVITY_FACTOR, PHILIPS_SUV_FACTOR
from ..numbers import POSITIVE, Finding, Limits, Reading, elements, read_number, text
from .header import PetHeader

PRIVATE = {
    "PhilipsSUVScaleFactor": PHILIPS_SUV_FACTOR,
    "PhilipsActivityConcentrationScaleFactor": PHILIPS_ACTIVITY_FACTOR,
    "RadiopharmaceuticalCode": tag_for_keyword("RadiopharmaceuticalCodeSequence"),
    "RadionuclideCode": tag_for_keyword("RadionuclideCodeSequence"),
}
ENTER = "Enter it into the series from the examination's record, or give the PET in SUV with --pet-is-suv."
CORRECT = "Correct the tag from the examination's record; without it SUV cannot be computed."


class Record:
    """The header of a series with the tags used, the rules applied and the warnings, in the order in which they arose."""

    def __init__(self, header: PetHeader):
        self.header = header
        self.used: dict[str, str] = {}
        self.rules: list[str] = []
        self.warnings: list[Doubt] = []
        self.times: dict[str, Any] = {}

    def warn(self, code: str, text: str) -> None:
        """Add a warning: a doubt, or a reading that is not the plain one. Each is added once."""
        if Doubt(code, text) not in self.warnings:
            self.warnings.append(Doubt(code, text))

    def warn_of_slices(self, code: str, text: str) -> None:
        """Add a warning about an element of a slice, with which ``text`` begins, for the first slice that has it."""
        if not any(said.code == code and said.text[:24] == text[:24] for said in self.warnings):
            self.warnings.append(Doubt(code, text))

    def rule(self, text: str) -> None:
        """Add a rule that was applied, once."""
        if text not in self.rules:
            self.rules.append(text)

    def text(self, name: str) -> str:
        """A tag as text, its values joined, empty if there is none; what is there counts as used."""
        found = "\\".join(map(text, elements(self.header.tags, name) or ()))
        if found:
            self.use(name)
        return found

    def use(self, name: str) -> None:
        """List a tag of the header among those used."""
        value = self.header.tags.get(name, "")
        self.used[name] = "\\".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

    def number(self, name: str, usual: Limits = POSITIVE) -> float:
        """A tag as a positive number; if it may mean two, the ``usual`` one.

        Raises :class:`SuvError` that names the tag, what was found and what to do.
        """
        reading = self.reading(name, POSITIVE, usual)
        if reading.finding:
            raise refusal(reading.finding)
        return reading.values[0]

    def optional(self, name: str, limits: Limits = POSITIVE, usual: Limits | None = None) -> float | None:
        """A tag as a number, or None, with a warning if it is there and unusable."""
        reading = self.reading(name, limits, usual)
        if reading.finding and reading.finding.code not in ("missing", "empty"):
            self.warn("ignored", f"{reading.finding.found} It is ignored; expected was {reading.finding.expected}")
        return reading.value

    def reading(self, name: str, limits: Limits, usual: Limits | None = None) -> Reading:
        """What the one reader of numbers makes of a tag; a reading that is not the plain one becomes a warning."""
        tag = PRIVATE.get(name) or name
        reading = read_number(self.header.tags, tag, usual or limits, name=name)
        if usual and reading.finding:
            reading = read_number(self.header.tags, tag, limits, name=name)
        if name in self.header.tags:
            self.use(name)
        if reading.note:
            self.warn("number", reading.note)
        return reading

    def listing(self) -> tuple[UsedTag, ...]:
        """The tags used, for the audit."""
        return tuple(UsedTag(tag_of(name), name, value) for name, value in self.used.items())


def refusal(finding: Finding) -> SuvError:
    """The refusal of a number that SUV cannot do without."""
    missing = finding.code in ("missing", "empty")
    return finding.error(SuvError, "suv.missing_tag" if missing else "suv.bad_value", ENTER if missing else CORRECT)


def missing(name: str, expected: str) -> SuvError:
    """The refusal for a tag that is absent or empty."""
    return SuvError("suv.missing_tag", f"{tag_of(name)} {name} is missing.", f"{expected}.", ENTER)


def tag_of(name: str) -> str:
    """``(gggg,eeee)`` of a keyword of :class:`PetHeader`."""
    number = PRIVATE.get(name) or tag_for_keyword(name) or 0
    return f"({number >> 16:04X},{number & 0xFFFF:04X})"
