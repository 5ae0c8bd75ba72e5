"""The one reader of dates and times in DICOM headers (DA, TM, DT), with their offsets from UTC.

The standard's forms are read as they are; colons, dashes and a Z, which careless programs write, are read if they leave one
reading, and noted. What cannot be read is a :class:`~dmdp.dicom.numbers.Finding`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from pydicom.dataset import Dataset

from .numbers import IDENTIFYING, Finding, identify, quoted, stated

DAY = re.compile(r"(\d{4})(?:(\d{2})(\d{2})|([-./])(\d{2})\4(\d{2}))", re.ASCII)
TIME = re.compile(r"(\d{2}|\d(?=:))(?:(\d{2})(?:(\d{2})([.,]\d{1,9})?)?|:(\d{2})(?::(\d{2})([.,]\d{1,9})?)?)?", re.ASCII)
OFFSET = re.compile(r"(.*?)\s*(?:([+-])(\d{2}):?(\d{2})|([zZ]))", re.ASCII | re.DOTALL)
EXPECTED = {
    "DA": "a DICOM date, YYYYMMDD.",
    "TM": "a DICOM time, HHMMSS.",
    "DT": "a DICOM date and time, YYYYMMDDHHMMSS.",
    "offset": "an offset from UTC such as +0100, from -1200 to +1400.",
}


@dataclass(frozen=True)
class Moment:
    """What an element says of a moment: its ``day``, its time of day (``seconds`` from midnight) and its ``offset`` from UTC,
    each None if the element does not tell; or the ``finding`` why it cannot be read. ``note`` says which reading was taken
    if not the plain one."""

    day: date | None = None
    seconds: float | None = None
    offset: timedelta | None = None
    finding: Finding | None = None
    note: str = ""

    def on(self, day: date) -> datetime:
        """The time of day on a day, by the clock of the element."""
        return datetime.combine(day, time()) + timedelta(seconds=self.seconds or 0.0)


def read_date(header: Dataset | Mapping[str, Any], key: str | int, name: str = "") -> Moment:
    """The day of a DA element."""
    return _read(header, key, name, "DA", parse_date)


def read_time(header: Dataset | Mapping[str, Any], key: str | int, name: str = "") -> Moment:
    """The time of day of a TM element."""
    return _read(header, key, name, "TM", parse_time)


def read_datetime(header: Dataset | Mapping[str, Any], key: str | int, name: str = "") -> Moment:
    """Day and time of a DT element; a DT without the hour has no ``seconds``."""
    return _read(header, key, name, "DT", parse_datetime)


def read_offset(header: Dataset | Mapping[str, Any], key: str = "TimezoneOffsetFromUTC") -> Moment:
    """The offset from UTC that a header states for all its times."""
    return _read(header, key, "", "offset", _parse_offset)


def parse_date(words: str) -> Moment | None:
    """A DA as a moment; None if it is none."""
    found = DAY.fullmatch(words)
    if not found:
        return None
    year, month, day, separator, month_, day_ = found.groups()
    try:
        return Moment(date(int(year), int(month or month_), int(day or day_)), note="read" if separator else "")
    except ValueError:
        return None


def parse_time(words: str) -> Moment | None:
    """A TM, also with colons or an offset, as a moment; None if it is none. The second 60 of the standard is allowed."""
    words, offset, odd = _without_offset(words)
    found = TIME.fullmatch(words)
    if not found or odd is None:
        return None
    hour, minute, second, fraction, minute_, second_, fraction_ = found.groups()
    fraction = (fraction or fraction_ or ".0").replace(",", ".")
    parts = int(hour), int(minute or minute_ or 0), int(second or second_ or 0)
    if parts[0] > 23 or parts[1] > 59 or parts[2] > 60:
        return None
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2] + float(f"0{fraction}")
    return Moment(seconds=seconds, offset=offset, note="read" if odd or ":" in words or "," in words else "")


def parse_datetime(words: str) -> Moment | None:
    """A DT, also in the form of ISO 8601, as a moment; None if it is none."""
    words, offset, odd = _without_offset(words, after=8)
    separated = re.fullmatch(r"(\d{4}([-./])\d{2}\2\d{2}|\d{8})[T ]?(.*)", words, re.ASCII | re.DOTALL)
    if not separated or odd is None:
        return None
    day = parse_date(separated[1])
    if day is None or not separated[3]:
        return day and replace(day, offset=offset)
    clock = parse_time(separated[3])
    if clock is None or clock.offset is not None:
        return None
    plain = odd != "z" and len(separated[1]) == 8 and words[8].isdigit() and not clock.note
    return Moment(day.day, clock.seconds, offset, note="" if plain else "read")


def _parse_offset(words: str) -> Moment | None:
    rest, offset, odd = _without_offset(words)
    return None if rest or offset is None else Moment(offset=offset, note="read" if odd == "z" or ":" in words else "")


def _without_offset(words: str, after: int = 0) -> tuple[str, timedelta | None, str | None]:
    """The words before an offset from UTC, the offset, and whether there was one (``z`` for a Z; None for an impossible one).

    An offset is looked for only beyond the first ``after`` characters, where a date with dashes may stand.
    """
    found = OFFSET.fullmatch(words)
    if not found or len(found[1]) < after:
        return words, None, ""
    if found[5]:
        return found[1], timedelta(0), "z"
    offset = timedelta(hours=int(found[3]), minutes=int(found[4])) * (-1 if found[2] == "-" else 1)
    legal = int(found[4]) < 60 and timedelta(hours=-12) <= offset <= timedelta(hours=14)
    return found[1], offset, ("offset" if legal else None)


def _read(header, key, name, kind, parse) -> Moment:
    tag, keyword = identify(key, name)
    texts = stated(header, key, 1, EXPECTED[kind], name)
    if isinstance(texts, Finding):
        return Moment(finding=texts)
    said, found = quoted(texts[0], keyword), parse(texts[0])
    if found is None:
        code = {"DA": "date", "DT": "date", "TM": "time"}.get(kind, kind)
        return Moment(finding=Finding(code, tag, keyword, f"{tag} {keyword} is {said}.", EXPECTED[kind]))
    shown = "a value of that kind" if keyword in IDENTIFYING else _shown(found)
    return replace(found, note=f"{tag} {keyword} is {said}; it was read as {shown}." if found.note else "")


def _shown(moment: Moment) -> str:
    words = [f"{moment.day:%Y-%m-%d}"] if moment.day else []
    if moment.seconds is not None:
        words.append(f"{int(moment.seconds // 3600):02}:{int(moment.seconds // 60 % 60):02}:{moment.seconds % 60:06.3f}")
    if moment.offset is not None:
        minutes = round(moment.offset.total_seconds() / 60)
        words.append(f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}")
    return " ".join(words)
