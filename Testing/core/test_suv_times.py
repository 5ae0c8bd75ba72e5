"""Which moment a PET is corrected to, and how long before it the injection was, whatever the header's clocks look like."""

from __future__ import annotations

import math

import pytest
from dmdp.dicom.suv import PetHeader, suv_factors
from dmdp.dicom.suv.header import FRAME
from dmdp.dicom.suv.times import mean_moment
from dmdp.errors import SuvError

HALF_LIFE = 6586.2
TAGS = {
    "Units": "BQML",
    "DecayCorrection": "START",
    "CorrectedImage": ["ATTN", "DECY"],
    "SeriesDate": "20200101",
    "SeriesTime": "100000",
    "StudyDate": "20200101",
    "PatientWeight": "64",
    "RadiopharmaceuticalStartDateTime": "20200101090000",
    "RadiopharmaceuticalStartTime": "090000",
    "RadionuclideTotalDose": "350000000",
    "RadionuclideHalfLife": "6586.2",
}
DATES = ("SeriesDate", "StudyDate")


def frame(**values) -> tuple[str, ...]:
    known = {"AcquisitionDate": "20200101", "AcquisitionTime": "100000", "ActualFrameDuration": "120000", **values}
    return tuple(str(known.get(name, "")) for name in FRAME)


def convert(*without: str, frames=None, **changed):
    tags = {name: value for name, value in {**TAGS, **changed}.items() if name not in without}
    return suv_factors(PetHeader(tags, frames=tuple(frames) if frames is not None else (frame(),)))


def after(minutes: float) -> object:
    """SUVbw's factor where the reference is so many minutes after the injection."""
    return pytest.approx(64_000 / (3.5e8 * 2 ** (-minutes * 60 / HALF_LIFE)), rel=1e-9)


def said(factors) -> set[str]:
    return {warning.code for warning in factors.audit.warnings}


def words(factors, code: str) -> str:
    return next(warning.text for warning in factors.audit.warnings if warning.code == code)


# The reference


def test_the_mean_of_a_frame_lies_before_its_middle():
    decay = math.log(2) * 3600 / HALF_LIFE
    activity_at_mean = math.exp(-math.log(2) * mean_moment(3600, HALF_LIFE) / HALF_LIFE)
    assert activity_at_mean == pytest.approx((1 - math.exp(-decay)) / decay)
    assert mean_moment(3600, HALF_LIFE) == pytest.approx(1743.3, abs=0.2)


def test_a_plain_header_says_nothing():
    found = convert()
    assert found.bw == after(60)
    assert found.audit.warnings == ()


@pytest.mark.parametrize(
    ("series", "reference_ms", "minutes", "by"),
    [
        ("093000", 59_937, 60, "frames"),  # the series was made before the scan
        ("113000", 59_937, 60, "frames"),  # or reconstructed long after
        ("093000", 59_937 + 1_800_000, 30, "frames"),  # corrected to the series time
        ("093000", 59_937 + 900_000, 30, "earlier"),  # to neither
        ("093000", 0, 30, "earlier"),
        ("113000", 0, 60, "earlier"),
        ("093000", 59_937 - 4_900, 60, "frames"),  # 4.9 s beside it: the header time counts, not the computed one
        ("093000", 59_937 - 5_200, 30, "earlier"),
    ],
)
def test_the_frames_decide_else_the_earlier_time(series, reference_ms, minutes, by):
    found = convert(SeriesTime=series, frames=[frame(FrameReferenceTime=reference_ms)])
    assert found.bw == after(minutes)
    assert found.audit.reference_by == by
    assert "reference_time" in said(found)
    assert ("frame_reference_time" in said(found)) == (by == "earlier" and reference_ms > 0)


def test_a_series_time_half_an_hour_earlier_is_told_in_percent():
    text = words(convert(SeriesTime="093000", frames=[frame(FrameReferenceTime=59_937)]), "reference_time")
    assert "30 min" in text
    assert "17%" in text


def test_every_bed_with_its_own_time_points_at_one_reference():
    beds = [frame(AcquisitionTime=f"10{minute:02}00", FrameReferenceTime=minute * 60_000 + 59_937) for minute in (0, 3, 6, 9)]
    assert convert(SeriesTime="095000", frames=beds).audit.reference_by == "frames"
    assert convert(SeriesTime="095000", frames=beds).bw == after(60)


def test_one_acquisition_time_for_all_beds_does_not_decide():
    beds = [frame(FrameReferenceTime=bed * 180_000) for bed in range(4)]
    found = convert(frames=beds)
    assert found.audit.reference_by == "earlier"
    assert found.bw == after(60)
    assert "frame_reference_time" in said(found)


def test_minor_differences_of_clocks_are_not_worth_a_word():
    assert "reference_time" not in said(convert(SeriesTime="095959"))


@pytest.mark.parametrize("series", ["113000", None])
def test_only_the_acquisition_datetime(series):
    only = frame(AcquisitionDate="", AcquisitionTime="", AcquisitionDateTime="20200101100000")
    found = convert(*([] if series else ["SeriesTime"]), frames=[only], **({"SeriesTime": series} if series else {}))
    assert found.bw == after(60)
    assert "acquisition_datetime" in said(found)


def test_the_earlier_of_two_acquisition_times_counts():
    assert convert(SeriesTime="113000", frames=[frame(AcquisitionDateTime="20200101095000")]).bw == after(50)
    assert convert(SeriesTime="113000", frames=[frame(AcquisitionDateTime="20200101101000")]).bw == after(60)


def test_an_unreadable_series_time_is_said_and_the_acquisition_counts():
    found = convert(SeriesTime="noon")
    assert found.bw == after(60)
    assert "'noon'" in words(found, "ignored")
    with pytest.raises(SuvError, match="SeriesTime"):
        convert(SeriesTime="noon", frames=[frame(AcquisitionTime="")])


# DecayFactor


def decay_factor(minutes: float, duration: float = 120) -> str:
    seconds = minutes * 60 + mean_moment(duration, HALF_LIFE)
    return f"{2 ** (seconds / HALF_LIFE):.6f}"


def test_a_decay_factor_that_agrees_is_shown_alone():
    found = convert(frames=[frame(DecayFactor=decay_factor(0))])
    assert found.audit.decay_factor == f"{float(decay_factor(0)):g}"
    assert "decay_factor" not in said(found)


@pytest.mark.parametrize(("minutes", "warned"), [(3, False), (4, True), (30, True), (-4, True)])
def test_a_decay_factor_that_contradicts_is_said_beyond_two_percent(minutes, warned):
    found = convert(frames=[frame(DecayFactor=decay_factor(minutes))])
    assert ("decay_factor" in said(found)) == warned
    assert found.bw == after(60)


def test_decay_factors_of_beds_with_one_acquisition_time_agree():
    beds = [frame(FrameReferenceTime=bed * 180_000, DecayFactor=decay_factor(bed * 3)) for bed in range(5)]
    assert "decay_factor" not in said(convert(frames=beds))


def test_the_decay_factor_of_an_image_corrected_to_the_injection():
    assert "decay_factor" not in said(convert(DecayCorrection="ADMIN", frames=[frame(DecayFactor=decay_factor(60))]))
    assert "decay_factor" in said(convert(DecayCorrection="ADMIN", frames=[frame(DecayFactor=decay_factor(0))]))


# Offsets from UTC


@pytest.mark.parametrize(
    "written",
    ["20200101080000+0000", "20200101080000Z", "2020-01-01T08:00:00Z", "20200101040000-0400", "20200101133000+0530",
     "20200101090000+0100", "20200101090000"],
)  # fmt: skip
@pytest.mark.parametrize("start_time", ["090000", None])
def test_injection_times_are_converted_to_the_zone_of_the_series(written, start_time):
    without = () if start_time else ("RadiopharmaceuticalStartTime",)
    found = convert(*without, RadiopharmaceuticalStartDateTime=written, TimezoneOffsetFromUTC="+0100")
    assert found.bw == after(60)
    assert found.audit.uptake_minutes == 60
    assert ("time_zone" in said(found)) == (not written.startswith("20200101090000"))


def test_a_conversion_may_cross_midnight():
    found = convert(
        "RadiopharmaceuticalStartTime", SeriesTime="003000", frames=[frame(AcquisitionTime="003000")],
        RadiopharmaceuticalStartDateTime="20191231223000+0000", TimezoneOffsetFromUTC="+0100",
    )  # fmt: skip
    assert found.bw == after(60)


def test_an_offset_without_the_zone_of_the_series():
    utc = "20200101080000+0000"
    assert convert(RadiopharmaceuticalStartDateTime=utc).bw == after(60)  # StartTime is by the series' clock
    with pytest.raises(SuvError, match="TimezoneOffsetFromUTC") as caught:
        convert("RadiopharmaceuticalStartTime", RadiopharmaceuticalStartDateTime=utc)
    assert "(0018,1078)" in str(caught.value)
    told = frame(AcquisitionDateTime="20200101100000+0100")
    assert convert("RadiopharmaceuticalStartTime", RadiopharmaceuticalStartDateTime=utc, frames=[told]).bw == after(60)
    admin = convert("RadiopharmaceuticalStartTime", RadiopharmaceuticalStartDateTime=utc, DecayCorrection="ADMIN")
    assert admin.bw == after(0)  # where it does not decide
    assert admin.audit.uptake_minutes is None


def test_an_unreadable_zone_is_said():
    assert "'CET'" in words(convert(TimezoneOffsetFromUTC="CET"), "ignored")


# Dates that contradict times


@pytest.mark.parametrize(
    "written", ["19000101090000", "20191224090000", "20200102090000", "20210101090000", "20191231090000", "99991231090000"]
)
@pytest.mark.parametrize("start_time", ["090000", None])
def test_the_time_of_day_is_taken_where_the_date_of_injection_cannot_be(written, start_time):
    without = () if start_time else ("RadiopharmaceuticalStartTime",)
    found = convert(*without, RadiopharmaceuticalStartDateTime=written)
    assert found.bw == after(60)
    assert found.audit.uptake_minutes == 60
    assert "RadiopharmaceuticalStartDateTime" in words(found, "dates")


def test_an_emptied_time_beside_a_wrong_date_is_not_a_time():
    assert convert(RadiopharmaceuticalStartDateTime="19000101000000").bw == after(60)
    with pytest.raises(SuvError, match="days before the scan"):
        convert(
            "RadiopharmaceuticalStartTime", RadiopharmaceuticalStartDateTime="19000101000000",
            SeriesTime="030000", frames=[frame(AcquisitionTime="030000")],
        )  # fmt: skip


def test_times_of_day_beyond_six_hours_do_not_correct_a_date():
    with pytest.raises(SuvError, match="days before the scan"):
        convert("RadiopharmaceuticalStartTime", RadiopharmaceuticalStartDateTime="19000101030000")


def test_the_unrolled_date_of_an_injection_before_midnight():
    late = {"SeriesTime": "003000", "frames": [frame(AcquisitionTime="003000")]}
    start = {"RadiopharmaceuticalStartTime": "233000"}
    assert convert(RadiopharmaceuticalStartDateTime="20200101233000", **start, **late).bw == after(60)
    assert convert(RadiopharmaceuticalStartDateTime="20191231233000", **start, **late).bw == after(60)
    assert convert("RadiopharmaceuticalStartDateTime", **start, **late).bw == after(60)


def test_an_acquisition_date_that_contradicts_the_series():
    found = convert(SeriesTime="100500", frames=[frame(AcquisitionDate="19000101")])
    assert found.bw == after(60)
    assert "AcquisitionDate" in words(found, "dates")


@pytest.mark.parametrize("injected", ["20200101090000", None])
def test_dates_removed_and_times_kept(injected):
    without = [*DATES, *([] if injected else ["RadiopharmaceuticalStartDateTime"])]
    found = convert(*without, frames=[frame(AcquisitionDate="")])
    assert found.bw == after(60)
    assert "All dates" in words(found, "dates")
    night = convert(
        *without, SeriesTime="003000", frames=[frame(AcquisitionDate="", AcquisitionTime="003100")],
        RadiopharmaceuticalStartTime="233000", **({"RadiopharmaceuticalStartDateTime": "20200101233000"} if injected else {}),
    )  # fmt: skip
    assert night.bw == after(60)
    assert night.audit.uptake_minutes == 61


def test_the_day_of_the_study_or_the_acquisition_stands_in():
    assert convert("SeriesDate").bw == after(60)
    assert convert("SeriesDate", "StudyDate").bw == after(60)
    assert "StudyDate" in words(convert("SeriesDate"), "dates")


def test_an_acquisition_over_midnight_without_its_date():
    beds = [frame(AcquisitionDate="", AcquisitionTime=time) for time in ("235800", "000100")]
    found = convert(SeriesTime="235800", RadiopharmaceuticalStartTime="225800", RadiopharmaceuticalStartDateTime="", frames=beds)
    assert found.bw == after(60)


@pytest.mark.parametrize("written", ["09:00:00", "09:00", "0900", "090000.00"])
def test_times_with_colons(written):
    found = convert("RadiopharmaceuticalStartDateTime", RadiopharmaceuticalStartTime=written, SeriesTime="10:00:00")
    assert found.bw == after(60)
    assert "SeriesTime" in words(found, "time_form")


def test_two_times_of_injection_that_disagree():
    told = convert(RadiopharmaceuticalStartTime="083000")
    assert told.bw == after(60)
    assert "30 min apart" in words(told, "start_time")
    late = convert(RadiopharmaceuticalStartDateTime="20200101000000")
    assert late.bw == after(60)
    assert "start_time" in said(late)
    date_alone = convert(RadiopharmaceuticalStartDateTime="20200101")
    assert date_alone.bw == after(60)
    assert "start_time" in said(date_alone)


def test_an_unreadable_time_of_injection():
    assert convert(RadiopharmaceuticalStartDateTime="unknown").bw == after(60)
    with pytest.raises(SuvError, match=r"\(0018,1078\).*'unknown'"):
        convert("RadiopharmaceuticalStartTime", RadiopharmaceuticalStartDateTime="unknown")
    with pytest.raises(SuvError, match="no time"):
        convert("RadiopharmaceuticalStartTime", RadiopharmaceuticalStartDateTime="20200101")


def test_what_is_odd_in_every_slice_is_said_once():
    beds = [
        frame(
            AcquisitionTime=f"10:{minute:02}:00",
            AcquisitionDateTime=f"202001011{minute % 5}3000", FrameReferenceTime=-1 - minute,
            ActualFrameDuration="120000,5", DecayFactor=f"x{minute}",
        )
        for minute in range(40)
    ]  # fmt: skip
    found = convert(frames=beds)
    assert found.bw == after(60)
    codes = [warning.code for warning in found.audit.warnings]
    assert len(codes) <= 8
    assert {"time_form", "ignored", "number", "acquisition_datetime"} <= set(codes)


# Dynamic acquisitions and the uptake


@pytest.mark.parametrize("second", [1, 30, 60])
@pytest.mark.parametrize("name", ["RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime"])
def test_an_injection_just_after_the_start_is_legal(second, name):
    clock = f"09{second // 60:02}{second % 60:02}"
    without = "RadiopharmaceuticalStartDateTime" if name.endswith("Time") and "Date" not in name else "none"
    found = convert(
        without, SeriesTime="090000", RadiopharmaceuticalStartDateTime=f"20200101{clock}", RadiopharmaceuticalStartTime=clock,
        frames=[frame(AcquisitionTime="090000", ActualFrameDuration="3600000", FrameReferenceTime="1700000")],
    )  # fmt: skip
    assert found.bw == after(-second / 60)
    assert found.audit.uptake_minutes == 0
    assert f"{second} s before the injection" in words(found, "dynamic")


def test_an_injection_later_than_that_is_refused_in_words():
    with pytest.raises(SuvError, match="after the reference time") as caught:
        convert(RadiopharmaceuticalStartDateTime="20200101100130", RadiopharmaceuticalStartTime="100130")
    assert "1.5 min" in str(caught.value)


def test_the_uptake_is_to_the_acquisition_and_the_factor_to_the_reference():
    found = convert(
        SeriesTime="090000", frames=[frame(ActualFrameDuration="600000", FrameReferenceTime="3900000")],
    )  # fmt: skip
    assert found.bw == after(0)
    assert found.audit.uptake_minutes == 60
    assert "early_scan" not in said(found)


def test_frame_durations_that_cannot_be_are_not_used():
    found = convert(SeriesTime="093000", frames=[frame(ActualFrameDuration="120", FrameReferenceTime="60000")])
    assert found.bw == after(30)
    assert "ActualFrameDuration" in words(found, "ignored")


# Times that were removed


@pytest.mark.parametrize("start", ["20200101000000", "19000101000000", None])
def test_an_injection_at_midnight_hours_before_is_an_emptied_time(start):
    given = {} if start is None else {"RadiopharmaceuticalStartDateTime": start}
    without = "RadiopharmaceuticalStartDateTime" if start is None else "none"
    with pytest.raises(SuvError, match="00:00:00"):
        convert(without, RadiopharmaceuticalStartTime="000000", **given)
    night = [frame(AcquisitionTime="010000")]
    if start != "19000101000000":
        assert convert(without, RadiopharmaceuticalStartTime="000000", SeriesTime="010000", frames=night, **given).bw == after(60)


def test_a_study_without_any_time_of_day_is_refused():
    with pytest.raises(SuvError, match="00:00:00"):
        convert(
            SeriesTime="000000", RadiopharmaceuticalStartTime="000000", RadiopharmaceuticalStartDateTime="20200101000000",
            frames=[frame(AcquisitionTime="000000")],
        )  # fmt: skip


@pytest.mark.parametrize(("series", "acquired"), [("000000", "100000"), ("100000", "000000")])
def test_an_emptied_time_of_the_scan_gives_way_to_the_other(series, acquired):
    found = convert(SeriesTime=series, frames=[frame(AcquisitionTime=acquired)])
    assert found.bw == after(60)
    assert found.audit.uptake_minutes == 60
    assert "times" in said(found)


def test_an_emptied_time_of_injection_gives_way_to_the_other():
    found = convert(
        SeriesTime="050000", RadiopharmaceuticalStartDateTime="20200101000000", RadiopharmaceuticalStartTime="040000",
        frames=[frame(AcquisitionTime="050000")],
    )  # fmt: skip
    assert found.bw == after(60)
    assert "start_time" in said(found)
