"""The times of a scan on one clock: series and acquisitions with their days, whatever of the dates is left.

Days that are missing, or contradict that of the series, are chosen so that the times lie next to one another, with a warning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from ..clock import Moment, read_date, read_datetime, read_offset, read_time
from ..numbers import Limits, read_number
from .record import Record

DAY = timedelta(days=1)
Timed = tuple[Mapping[str, Any], date | None, float | None]  # a slice, the day of its acquisition, seconds from midnight
NO_DAY = date(2000, 1, 2)  # stands for the day if every date was removed; it is never shown
FRAME_MS = Limits(500, 4 * 3_600_000)
REFERENCE_MS = Limits(0, 86_400_000, zero=False)


@dataclass(frozen=True)
class Frame:
    """One slice: when its acquisition began, its FrameReferenceTime above 0 (s), its duration (s) and its DecayFactor; each
    None if the header does not tell."""

    acquired: datetime | None
    reference: float | None
    duration: float | None
    decay_factor: float | None


@dataclass(frozen=True)
class Scan:
    """The times of a series by its own clock: ``series`` and the slices; ``zone`` is the clock's offset from UTC if known,
    ``day`` that of the scan, None if no date is left."""

    series: datetime | None
    frames: tuple[Frame, ...]
    zone: timedelta | None
    day: date | None

    @property
    def acquired(self) -> datetime | None:
        """The earliest acquisition."""
        return min((frame.acquired for frame in self.frames if frame.acquired), default=None)


def scan_of(record: Record) -> Scan:
    """Read the times of a series. Nothing is refused here; what cannot be read counts as absent, with a warning."""
    zone = _zone(record)
    series = local(_heard(record, read_time(record.header.tags, "SeriesTime")), zone)
    read: list[Timed] = [(slice_, *_acquired(record, slice_, zone)) for slice_ in record.header.slices]
    if _emptied(record, series.seconds, [seconds for _slice, _day, seconds in read]):
        series = Moment() if series.seconds == 0 else series
        read = [(slice_, day, seconds or None) for slice_, day, seconds in read]
    read = _over_midnight(record, read)
    anchor = _day(record, [day for _slice, day, _seconds in read])
    day = anchor or NO_DAY
    began = None if series.seconds is None else series.on(day)
    first = began
    frames = []
    for slice_, own_day, seconds in read:
        moment = None
        if seconds is not None:
            moment = Moment(seconds=seconds).on(own_day or day)
            moment = _beside(first, moment, record, dated=own_day is not None)
            first = first or moment
        frames.append(Frame(moment, *_numbers(record, slice_)))
    for name in ("SeriesTime", "AcquisitionTime", "AcquisitionDateTime", "FrameReferenceTime"):
        if record.header.tags.get(name):
            record.use(name)
    return Scan(began, tuple(frames), zone, anchor)


def _over_midnight(record: Record, read: list[Timed]) -> list[Timed]:
    """The slices with their days; if all are of one day and lie more than half a day apart, midnight was crossed and the
    date was not: those of the small hours are of the next day."""
    times = [seconds for _slice, _day, seconds in read if seconds is not None]
    days = {day for _slice, day, _seconds in read}
    if None in days or len(days) != 1 or not times or max(times) - min(times) <= DAY.total_seconds() / 2:
        return read
    record.warn("dates", "The acquisition crosses midnight within one AcquisitionDate: its later slices are of the next day.")
    limit = max(times) - DAY.total_seconds() / 2
    return [
        (slice_, day + DAY if day and seconds is not None and seconds < limit else day, seconds) for slice_, day, seconds in read
    ]


def _emptied(record: Record, series: float | None, acquired: list[float | None]) -> bool:
    """True if times of 00:00:00, which programs leave when they remove times, stand beside others that are not midnight."""
    known = [seconds for seconds in (series, *acquired) if seconds is not None]
    if 0 not in known or all(min(seconds, 86400 - seconds) <= 600 for seconds in known):
        return False
    record.warn("times", "Times of 00:00:00 stand beside others in the series: they are taken to have been removed.")
    return True


def _heard(record: Record, moment: Moment) -> Moment:
    """A moment as read, after warnings about anything odd in it."""
    if moment.note:
        record.warn_of_slices("time_form", moment.note)
    if moment.finding and moment.finding.code not in ("missing", "empty"):
        record.warn_of_slices("ignored", f"{moment.finding.found} It is ignored; expected was {moment.finding.expected}")
    return moment


def _zone(record: Record) -> timedelta | None:
    """The offset of the series' clock: what the header states, else what its acquisition says in two ways."""
    stated = _heard(record, read_offset(record.header.tags)).offset
    if stated is not None:
        record.use("TimezoneOffsetFromUTC")
        return stated
    for slice_ in record.header.slices:
        both, plain = read_datetime(slice_, "AcquisitionDateTime"), read_time(slice_, "AcquisitionTime")
        if both.offset is not None and both.seconds is not None:
            apart = 0.0 if plain.seconds is None else (plain.seconds - both.seconds + 43200) % 86400 - 43200
            if abs(apart - 900 * round(apart / 900)) <= 1:
                record.warn("time_zone", "The series' time zone was taken from AcquisitionDateTime: the header states none.")
                return both.offset + timedelta(seconds=900 * round(apart / 900))
    return None


def local(moment: Moment, zone: timedelta | None) -> Moment:
    """A moment by the clock of the series; one without an offset, or of an unknown zone, is taken to be by that clock already."""
    if moment.offset is None or zone is None or moment.offset == zone or moment.seconds is None:
        return moment
    shifted = moment.on(moment.day or NO_DAY) + (zone - moment.offset)
    seconds = (shifted - datetime.combine(shifted.date(), datetime.min.time())).total_seconds()
    return Moment(shifted.date() if moment.day else None, seconds, zone)


def _acquired(record: Record, slice_: Mapping[str, Any], zone: timedelta | None) -> tuple[date | None, float | None]:
    """Day and seconds of a slice's acquisition: AcquisitionTime, or the earlier AcquisitionDateTime."""
    both = local(_heard(record, read_datetime(slice_, "AcquisitionDateTime")), zone)
    clock = local(_heard(record, read_time(slice_, "AcquisitionTime")), zone)
    day = _heard(record, read_date(slice_, "AcquisitionDate")).day
    if clock.seconds is None:
        if both.seconds is not None:
            record.warn(
                "acquisition_datetime", "AcquisitionTime is absent: AcquisitionDateTime tells when the slices were acquired."
            )
        return both.day or day, both.seconds
    if both.seconds is None:
        return day or both.day, clock.seconds
    apart = (both.seconds - clock.seconds + 43200) % 86400 - 43200
    if abs(apart) > 1:
        record.warn_of_slices(
            "acquisition_datetime", f"AcquisitionDateTime and AcquisitionTime lie {abs(apart):.0f} s apart: the earlier holds."
        )
    if apart < -1:
        return both.day or day, both.seconds
    return day or both.day, clock.seconds


def _day(record: Record, acquired: list[date | None]) -> date | None:
    """The day of the scan: that of the series, else of the study, of an acquisition, or of the injection."""
    tags = record.header.tags
    series = _heard(record, read_date(tags, "SeriesDate")).day
    if series:
        return series
    study = _heard(record, read_date(tags, "StudyDate")).day
    found = study or next((day for day in acquired if day), None)
    if found:
        record.warn("dates", f"SeriesDate is absent: the day is that of {'StudyDate' if study else 'the acquisition'}.")
        return found
    record.warn("dates", "All dates of the series are absent: one day is taken for all its times.")
    return read_datetime(tags, "RadiopharmaceuticalStartDateTime").day


def _beside(first: datetime | None, moment: datetime, record: Record, dated: bool) -> datetime:
    """A moment on its own day; if it has none, or lies a day from the first moment, on the day that puts it next to that."""
    if first is None or abs(moment - first) < (DAY if dated else DAY / 2):
        return moment
    if dated:
        record.warn(
            "dates", "SeriesDate and AcquisitionDate contradict one another: the times of day are taken to be of one scan."
        )
    return moment - DAY * math.floor((moment - first) / DAY + 0.5)


def _numbers(record: Record, slice_: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    """FrameReferenceTime and ActualFrameDuration in seconds, and DecayFactor, of one slice."""
    found = []
    for name, limits in (
        ("FrameReferenceTime", REFERENCE_MS),
        ("ActualFrameDuration", FRAME_MS),
        ("DecayFactor", Limits(0.9, 1e4)),
    ):
        reading = read_number(slice_, name, limits)
        if reading.note:
            record.warn_of_slices("number", reading.note)
        if reading.finding and reading.finding.code not in ("missing", "empty", "zero"):
            record.warn_of_slices("ignored", f"{reading.finding.found} It is ignored; expected was {reading.finding.expected}")
        found.append(reading.value)
    reference, duration, factor = found
    return reference and reference / 1000, duration and duration / 1000, factor
