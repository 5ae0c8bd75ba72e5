"""The one reader of numbers in DICOM headers: a value by its keyword, with its VR, multiplicity and range.

What cannot be read is one :class:`Finding` that names the tag and what was found; what was read in another than the plain way
(a decimal comma) carries a note. Nothing is ever replaced by a default. Dates and times are read by ``clock``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from ..errors import DmdpError

Refusal = TypeVar("Refusal", bound=DmdpError)
BETWEEN = "\\"  # the values of one element
LONGEST = 32  # characters of a value that a message quotes
TEXT_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UN"))  # of the default character set
IDENTIFYING = frozenset((
    "PatientName", "PatientID", "IssuerOfPatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthDate",
    "PatientBirthTime", "PatientBirthName", "PatientMotherBirthName", "PatientAddress", "PatientTelephoneNumbers",
    "AccessionNumber", "MedicalRecordLocator",
))  # fmt: skip
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COMMA = re.compile(r"[+-]?(\d*,\d+|\d+,)([eE][+-]?\d+)?", re.ASCII)
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}((,\d{3})+(\.\d*)?|(\.\d{3}){2,}(,\d*)?|\.\d{3},\d*)", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity|1\.#(ind|inf|qnan|snan)0*)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Finding:
    """Why an element gives no value.

    ``code`` is one of ``missing``, ``empty``, ``text``, ``not_finite``, ``zero``, ``range``, ``several``, ``ambiguous``,
    ``date``, ``time``, ``offset``; ``tag`` is ``(gggg,eeee)``; ``found`` and ``expected`` are sentences, in which values are
    quoted and cut, and those of identifying tags withheld.
    """

    code: str
    tag: str
    keyword: str
    found: str
    expected: str

    def error(self, kind: type[Refusal], code: str, remedy: str) -> Refusal:
        """The refusal in which this finding ends."""
        return kind(code, self.found, self.expected, remedy)


@dataclass(frozen=True)
class Reading:
    """The numbers of one element, or the ``finding`` why there are none; ``note`` says which reading was taken if not the
    plain one."""

    values: tuple[float, ...] = ()
    finding: Finding | None = None
    note: str = ""

    @property
    def value(self) -> float | None:
        """The first number; None if there is none."""
        return self.values[0] if self.values else None


@dataclass(frozen=True)
class Limits:
    """What a number of a header may be: ``low`` to ``high`` (both included), and 0 only if ``zero`` says so."""

    low: float = -math.inf
    high: float = math.inf
    zero: bool = True

    def hold(self, value: float) -> bool:
        """True for a value within the limits."""
        return self.low <= value <= self.high and (self.zero or value != 0)

    @property
    def words(self) -> str:
        """The limits as a person reads them, such as ``a number from 20 to 300, not 0``."""
        words = "a number"
        if math.isfinite(self.low) and math.isfinite(self.high):
            words += f" from {self.low:g} to {self.high:g}"
        elif self.low == 0 and not self.zero:
            return "a positive number"
        elif math.isfinite(self.low):
            words += f" of {self.low:g} or more"
        elif math.isfinite(self.high):
            words += f" of {self.high:g} or less"
        return words if self.zero or not self.low <= 0 <= self.high else f"{words}, not 0"


POSITIVE = Limits(low=0.0, zero=False)


def read_number(header: Dataset | Mapping[str, Any], key: str | int, limits: Limits = Limits(), *, name: str = "") -> Reading:
    """The one number of an element; see :func:`read_numbers`."""
    return read_numbers(header, key, 1, limits, name=name)


def read_numbers(
    header: Dataset | Mapping[str, Any], key: str | int, count: int, limits: Limits = Limits(), *, name: str = ""
) -> Reading:
    """The ``count`` numbers of an element of a header, or of a mapping from keywords to values.

    ``key`` is a keyword, or the number of a private tag with the ``name`` that messages give it. A decimal comma, and separators
    of thousands, are read if ``limits`` or the other values leave one reading, and noted.
    """
    tag, keyword = identify(key, name)
    expected = f"{limits.words}." if count == 1 else f"{count} values, each {limits.words}."
    texts = stated(header, key, count, expected, name)
    if isinstance(texts, Finding):
        return Reading(finding=texts)
    said = quoted(BETWEEN.join(texts), keyword)

    def failed(code: str, words: str) -> Reading:
        return Reading(finding=Finding(code, tag, keyword, f"{tag} {keyword} {words}.", expected))

    bad = next((word for word in texts if not _is_number(word)), None)
    if bad is not None:
        code = "not_finite" if NOT_FINITE.fullmatch(bad) else "empty" if not bad else "text"
        return failed(code, f"is {said}" + (", which is no finite number" if code == "not_finite" else ""))
    choices = [_readings(word) for word in texts]
    if any(len(found) > 1 for found in choices) and any(_only_decimal(word) for word in texts):
        choices = [found[:1] for found in choices]  # the other values show that the comma is a decimal one
    fitting = [[v for v in found if math.isfinite(v) and limits.hold(v)] or found[:1] for found in choices]
    if any(len(found) > 1 for found in fitting):
        both = " or ".join(f"{v:g}" for v in next(found for found in fitting if len(found) > 1))
        return failed("ambiguous", f"is {said}, which may mean {both}")
    numbers = tuple(found[0] for found in fitting)
    if not all(map(math.isfinite, numbers)):
        return failed("not_finite", f"is {said}, which is no finite number")
    if not limits.zero and 0 in numbers:
        return failed("zero", f"is {said}")
    if not all(map(limits.hold, numbers)):
        return failed("range", f"is {said}")
    whole = not isinstance(key, int) and _dictionary_vr(tag_for_keyword(key) or 0) == "IS"
    plain = all(PLAIN.fullmatch(word) for word in texts) and not (whole and any(v != int(v) for v in numbers))
    read = "numbers" if keyword in IDENTIFYING else ", ".join(f"{v:.10g}" for v in numbers)
    return Reading(numbers, note="" if plain else f"{tag} {keyword} is {said}; it was read as {read}.")


def stated(
    header: Dataset | Mapping[str, Any], key: str | int, count: int, expected: str, name: str = ""
) -> tuple[str, ...] | Finding:
    """The ``count`` values of an element as text without padding; or the finding that it is missing, empty, or has another
    number of values. ``expected`` goes into the finding."""
    tag, keyword = identify(key, name)
    values = elements(header, key, name)
    texts = tuple(text(value) for value in values or ())
    if any(texts) and len(texts) == count:
        return texts
    if values is None:
        code, words = "missing", "is missing"
    elif not any(texts):
        code, words = "empty", "is empty"
    else:
        belong = "one belongs" if count == 1 else f"{count} belong"
        plural = "s" if len(texts) > 1 else ""
        code, words = "several", f"has {len(texts)} value{plural} where {belong}: {quoted(BETWEEN.join(texts), keyword)}"
    return Finding(code, tag, keyword, f"{tag} {keyword} {words}.", expected)


def one_per_tag(notes: Iterable[str]) -> tuple[str, ...]:
    """Of the notes on many slices the first on each tag; if others differ from it, it says so."""
    found: dict[str, dict[str, None]] = {}
    for note in notes:
        found.setdefault(note[:11], {})[note] = None
    return tuple(f"{first.rstrip('.')}; likewise in other slices." if others else first for first, *others in found.values())


def elements(header: Dataset | Mapping[str, Any], key: str | int, name: str = "") -> tuple[Any, ...] | None:
    """The values of an element as written: text is split at backslashes and otherwise left alone; None if it is absent.

    In a mapping, ``key`` is looked up by its keyword or ``name``.
    """
    if not isinstance(header, Dataset):
        return _split(header[name or str(key)]) if (name or str(key)) in header else None
    tag = key if isinstance(key, int) else tag_for_keyword(key)
    if tag is None or tag not in header:
        return None
    element = header.get_item(tag)
    if isinstance(element, RawDataElement) and isinstance(element.value, bytes):
        vr = element.VR if element.VR not in (None, "UN") else _dictionary_vr(tag)
        if vr in TEXT_VRS:
            return _split(element.value.decode("latin-1"))
    try:
        return _split(header[tag].value)
    except (ValueError, TypeError, OverflowError, KeyError, NotImplementedError):
        raw = element.value
        return _split(raw.decode("latin-1") if isinstance(raw, bytes) else str(raw))


def first_text(header: Dataset | Mapping[str, Any], key: str | int, name: str = "") -> str:
    """The first value of an element as text without padding; empty if it is absent."""
    values = elements(header, key, name)
    return text(values[0]) if values else ""


def identify(key: str | int, name: str = "") -> tuple[str, str]:
    """``(gggg,eeee)`` and keyword of a keyword or tag number, for messages."""
    number = key if isinstance(key, int) else tag_for_keyword(key) or 0
    return f"({number >> 16:04X},{number & 0xFFFF:04X})", name or (keyword_for_tag(key) if isinstance(key, int) else key)


def quoted(value: str, keyword: str) -> str:
    """A value as messages quote it: printable, cut, and withheld if its tag identifies a person."""
    if keyword in IDENTIFYING:
        return "withheld, as it identifies a person"
    shown = "".join(c if c.isprintable() else "?" for c in value)
    return f"'{shown if len(shown) <= LONGEST else shown[:LONGEST] + '…'}'"


def text(value: Any) -> str:
    """A value of an element as text, without the padding of DICOM."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, Dataset):
        return "a sequence"
    return str(value).strip(" \0\t\r\n")


def _split(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return tuple(value.split("\\"))
    if isinstance(value, Sequence):
        return tuple(value) or ("",)
    return (value,)


def _dictionary_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _is_number(word: str) -> bool:
    return any(form.fullmatch(word) for form in (PLAIN, COMMA, GROUPED))


def _readings(word: str) -> list[float]:
    """Every number that a word may mean; the one with a decimal comma before the one with separators of thousands."""
    if PLAIN.fullmatch(word):
        return [float(word)]
    found = []
    if COMMA.fullmatch(word):
        found.append(float(word.replace(",", ".")))
    if GROUPED.fullmatch(word):
        found.append(float(_ungrouped(word)))
    return found


def _ungrouped(word: str) -> str:
    if "," in word and "." in word:
        groups = "," if word.rfind(".") > word.rfind(",") else "."
        return word.replace(groups, "").replace(",", ".")
    return word.replace(",", "").replace(".", "")


def _only_decimal(word: str) -> bool:
    return bool(COMMA.fullmatch(word)) and not GROUPED.fullmatch(word)
