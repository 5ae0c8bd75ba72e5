"""Dates and times of DICOM headers: the standard's forms, those of careless programs, and what is neither."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from dmdp.dicom.clock import read_date, read_datetime, read_offset, read_time

NEW_YEAR = date(2020, 1, 1)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("09", 32400), ("0930", 34200), ("093015", 34215), ("093015.25", 34215.25), ("093015.000000", 34215), ("000000", 0),
        ("235960", 86400), ("084500.00 ", 31500), ("104830.351370", 38910.35137),
    ],
)  # fmt: skip
def test_times(written, seconds):
    found = read_time({"SeriesTime": written}, "SeriesTime")
    assert found.seconds == pytest.approx(seconds, abs=1e-9)
    assert (found.finding, found.note, found.day, found.offset) == (None, "", None, None)


@pytest.mark.parametrize(
    ("written", "seconds", "hours"),
    [
        ("09:30:15", 34215, None), ("09:30", 34200, None), ("9:30:15", 34215, None), ("09:30:15.5", 34215.5, None),
        ("093015,5", 34215.5, None),
        ("093015Z", 34215, 0), ("093015+0100", 34215, 1), ("09:30:15-05:00", 34215, -5),
    ],
)  # fmt: skip
def test_other_times_with_one_reading_are_said(written, seconds, hours):
    found = read_time({"SeriesTime": written}, "SeriesTime")
    assert found.seconds == seconds
    assert found.offset == (None if hours is None else timedelta(hours=hours))
    assert written in found.note


@pytest.mark.parametrize(
    "written",
    ["24:00", "9:3", "123:00", "240000", "096000", "09:60", "93000", "noon", "0", "09:3015", "10:00 PM", "093061", "090000+1500"],
)
def test_what_is_no_time(written):
    found = read_time({"SeriesTime": written}, "SeriesTime").finding
    assert found.code == "time"
    assert found.found == f"(0008,0031) SeriesTime is '{written}'."
    assert "HHMMSS" in found.expected


@pytest.mark.parametrize("written", ["20200101", "2020-01-01", "2020.01.01", "2020/01/01"])
def test_dates(written):
    found = read_date({"SeriesDate": written}, "SeriesDate")
    assert found.day == NEW_YEAR
    assert bool(found.note) == (written != "20200101")


@pytest.mark.parametrize("written", ["20201301", "20200230", "202001", "01.02.2020", "2020-01/01", "20200101090000", "unknown"])
def test_what_is_no_date(written):
    assert read_date({"SeriesDate": written}, "SeriesDate").finding.code == "date"


@pytest.mark.parametrize(
    ("written", "seconds", "hours"),
    [
        ("20200101090000", 32400, None), ("2020010109", 32400, None), ("20200101090000.5", 32400.5, None),
        ("20200101090000.000000+0100", 32400, 1), ("20200101090000-0500", 32400, -5), ("202001010900+0530", 32400, 5.5),
        ("20200101", None, None), ("20200101084500.00 ", 31500, None),
    ],
)  # fmt: skip
def test_datetimes(written, seconds, hours):
    found = read_datetime({"AcquisitionDateTime": written}, "AcquisitionDateTime")
    assert (found.day, found.seconds) == (NEW_YEAR, seconds)
    assert found.offset == (None if hours is None else timedelta(hours=hours))
    assert found.note == ""


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("20200101090000Z", 0), ("2020-01-01T09:00:00Z", 0), ("2020-01-01T09:00:00+01:00", 1), ("2020-01-01 09:00:00", None),
        ("20200101T090000", None), ("2020010109:00:00", None), ("2020-01-01T09:00-05:00", -5),
    ],
)  # fmt: skip
def test_other_datetimes_with_one_reading_are_said(written, hours):
    found = read_datetime({"AcquisitionDateTime": written}, "AcquisitionDateTime")
    assert (found.day, found.seconds) == (NEW_YEAR, 32400)
    assert found.offset == (None if hours is None else timedelta(hours=hours))
    assert written in found.note


@pytest.mark.parametrize("written", ["2020", "202001", "20200101250000", "20200101090000+2500", "20200101090000+0160", "x"])
def test_what_is_no_datetime(written):
    assert read_datetime({"AcquisitionDateTime": written}, "AcquisitionDateTime").finding.code == "date"


def test_offsets_of_a_series():
    assert read_offset({"TimezoneOffsetFromUTC": "+0100"}).offset == timedelta(hours=1)
    assert read_offset({"TimezoneOffsetFromUTC": "Z"}).offset == timedelta(0)
    assert read_offset({"TimezoneOffsetFromUTC": "CET"}).finding.code == "offset"
    assert read_offset({"TimezoneOffsetFromUTC": "+0100\\+0200"}).finding.code == "several"
    assert read_offset({}).finding.code == "missing"


def test_birth_dates_are_never_quoted():
    for written in ("1950-02-03", "03.02.1950"):
        found = read_date({"PatientBirthDate": written}, "PatientBirthDate")
        assert "1950" not in found.note + (found.finding.found if found.finding else "")
