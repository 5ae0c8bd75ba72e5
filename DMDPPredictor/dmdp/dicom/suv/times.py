"""From the times of a scan to how long the dose decayed: reference time, injection, uptake, and a check by DecayFactor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ...errors import SuvError
from ..clock import Moment, read_datetime, read_time
from ..numbers import Finding
from .record import CORRECT, Record, missing, tag_of
from .scan import Frame, Scan, local, scan_of

MAX_UPTAKE = 12 * 3600.0
PLAUSIBLE_UPTAKE = 6 * 3600.0  # by the time of day alone
BEFORE_INJECTION = 60.0  # a dynamic acquisition is started first
NEAR, APART = 5.0, 60.0  # seconds
CONTRADICTION = 0.02  # of SUV
DAY = 86400.0
START, START_TIME = "RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime"


@dataclass(frozen=True)
class Times:
    """``reference`` is the moment to which the image is corrected, ``decay`` the seconds from the injection to it, ``uptake``
    those from the injection to the earliest acquisition (None if they cannot be told); ``scan`` is what they come from."""

    scan: Scan
    reference: datetime
    decay: float
    uptake: float | None


def times_of(record: Record, half_life: float | None) -> Times:
    """The times of a series. ``half_life`` (s) places the mean activity within a frame.

    Raises :class:`SuvError` that names the tag which is missing, or cannot be used.
    """
    scan = scan_of(record)
    reference = reference_time(record, scan, half_life)
    decay = _since_injection(record, scan, reference)
    uptake = decay + ((scan.acquired or reference) - reference).total_seconds()
    if -BEFORE_INJECTION <= uptake < 0:
        uptake = 0.0
    return Times(scan, reference, decay, uptake if uptake >= 0 else None)


def mean_moment(duration: float, half_life: float | None) -> float:
    """Seconds from the start of a frame to the moment at which the activity is its mean."""
    if not half_life:
        return duration / 2
    decay = math.log(2) * duration / half_life
    return math.log(decay / -math.expm1(-decay)) * half_life / math.log(2)


def reference_time(record: Record, scan: Scan, half_life: float | None) -> datetime:
    """The moment to which the values are corrected: the frames decide between the series time and the earliest acquisition;
    if they do not, it is the earlier of the two."""
    told = (("SeriesTime", scan.series), ("the earliest AcquisitionTime", scan.acquired))
    header = {name: moment for name, moment in told if moment is not None}
    if not header:
        raise missing("SeriesTime", "SeriesDate and SeriesTime, or AcquisitionDate and AcquisitionTime")
    centres = [
        frame.acquired + timedelta(seconds=mean_moment(frame.duration, half_life) - frame.reference)
        for frame in scan.frames
        if frame.acquired and frame.reference and frame.duration
    ]
    off = {name: max((abs((c - moment).total_seconds()) for c in centres), default=math.inf) for name, moment in header.items()}
    name = min(off, key=lambda name: off[name])
    by_frames = off[name] <= NEAR
    if not by_frames:
        name = min(header, key=lambda name: header[name])
    reference = header[name]
    why = "by acquisition, frame duration and FrameReferenceTime" if by_frames else "the earlier of the two"
    record.rule(f"Reference time {reference:%H:%M:%S}: {name}, {why}.")
    record.times["reference"], record.times["reference_by"] = f"{reference:%H:%M:%S}", "frames" if by_frames else "earlier"
    apart = abs((max(header.values()) - min(header.values())).total_seconds())
    if apart > APART:
        record.warn(
            "reference_time",
            f"SeriesTime {header['SeriesTime']:%H:%M:%S} and the earliest AcquisitionTime "
            f"{header['the earliest AcquisitionTime']:%H:%M:%S} lie {apart / 60:.0f} min apart{_of_suv(apart, half_life)}; "
            f"the reference is {name}, {why}.",
        )
    if not by_frames and centres and off[name] > APART:
        record.warn(
            "frame_reference_time",
            f"By acquisition, duration and FrameReferenceTime the frames are corrected to up to {off[name] / 60:.0f} min beside "
            f"{name}{_of_suv(off[name], half_life)}, which is no time of the header; the earlier header time was kept.",
        )
    return reference


def check_decay_factor(record: Record, scan: Scan, reference: datetime, half_life: float | None) -> None:
    """Show DecayFactor, and warn if it contradicts the reference time by more than 2 % of SUV.

    Some scanners write one acquisition time for all beds: of the slices with one time the smallest factor counts.
    """
    frames = [(factor, frame) for frame in scan.frames if (factor := frame.decay_factor)]
    if not frames:
        return
    factors = [factor for factor, _frame in frames]
    record.used["DecayFactor"] = f"{min(factors):g}" if min(factors) == max(factors) else f"{min(factors):g} to {max(factors):g}"
    if not half_life:
        return
    first: dict[datetime, tuple[float, Frame]] = {}
    for factor, frame in sorted(frames, key=lambda one: one[0]):
        if frame.acquired:
            first.setdefault(frame.acquired, (factor, frame))
    ratios = [_by_factor(factor, acquired, frame, reference, half_life) for acquired, (factor, frame) in first.items()]
    worst = max(ratios, key=lambda ratio: abs(math.log(ratio)), default=1.0)
    if abs(worst - 1) > CONTRADICTION:
        record.warn(
            "decay_factor",
            f"{tag_of('DecayFactor')} DecayFactor contradicts the reference time {reference:%H:%M:%S}: by it SUV would be "
            f"{worst:.3f} × what it is here. It was not applied.",
        )


def _by_factor(factor: float, acquired: datetime, frame: Frame, reference: datetime, half_life: float) -> float:
    """SUV by the DecayFactor of a frame, relative to SUV by the reference time."""
    mean = mean_moment(frame.duration, half_life) if frame.duration else 0.0
    corrected_over = math.log2(factor) * half_life
    implied = (acquired - reference).total_seconds() + mean - corrected_over
    return 2.0 ** (implied / half_life)


def _of_suv(seconds: float, half_life: float | None) -> str:
    return f" ({1 - 2 ** (-seconds / half_life):.0%} of SUV)" if half_life else ""


def _since_injection(record: Record, scan: Scan, reference: datetime) -> float:
    """Seconds from the injection to the reference; from −60 s on."""
    whole, clock = read_datetime(record.header.tags, START), read_time(record.header.tags, START_TIME)
    for name, moment in ((START, whole), (START_TIME, clock)):
        if record.header.tags.get(name):
            record.use(name)
        if moment.note:
            record.warn("time_form", moment.note)
    _refuse_emptied(reference, whole, clock)
    whole, clock = _by_the_series(record, scan, whole, clock)
    if whole.finding and whole.finding.code not in ("missing", "empty") and clock.seconds is not None:
        record.warn("ignored", f"{whole.finding.found} It is ignored, as {START_TIME} is there.")
    day, seconds = whole.day, whole.seconds
    if day is None or seconds is None:
        if clock.seconds is None:
            raise _unreadable(whole, clock)
        if day is None:
            return _checked(record, START_TIME, _by_the_clock(record, reference, clock.seconds))
        record.warn("start_time", f"{tag_of(START)} {START} has a date alone: its time is that of {START_TIME}.")
        seconds = clock.seconds
    return _checked(record, START, _by_dates(record, reference, Moment(day, seconds).on(day), seconds, clock.seconds))


def _refuse_emptied(reference: datetime, whole: Moment, clock: Moment) -> None:
    """Raises :class:`SuvError` if all that is left of the injection is 00:00:00, unless the scan followed within hours."""
    stated = [moment.seconds for moment in (whole, clock) if moment.seconds is not None]
    if stated and not any(stated) and not 0 < _of_day(reference, 0.0) <= PLAUSIBLE_UPTAKE:
        name = START_TIME if whole.seconds is None else START
        raise SuvError(
            "suv.times",
            f"By {tag_of(name)} {name} the injection was at 00:00:00, as programs leave it that remove times.",
            "the time of injection.",
            CORRECT,
        )


def _by_the_series(record: Record, scan: Scan, whole: Moment, clock: Moment) -> tuple[Moment, Moment]:
    """Both times of injection by the clock of the series. Raises :class:`SuvError` if only a zone that the header does not
    state would tell."""
    if scan.zone is None and whole.offset is not None and whole.day is not None and whole.seconds is not None:
        if clock.seconds is None or clock.offset is not None:
            raise SuvError(
                "suv.time_zone",
                f"{tag_of(START)} {START} has an offset from UTC, while (0008,0201) TimezoneOffsetFromUTC, the zone of the "
                "series' own times, is missing.",
                "the zone of the series, or the injection by the clock of the series.",
                "Enter TimezoneOffsetFromUTC into the series, or correct the time of injection from the examination's record.",
            )
        if abs(_difference(whole.seconds, clock.seconds)) > 1:
            record.warn("time_zone", f"{START} has an offset from UTC, but the series has none: {START_TIME} was taken.")
            turned = whole.on(whole.day) + timedelta(seconds=_difference(clock.seconds, whole.seconds))
            return Moment(turned.date(), clock.seconds), clock
        record.warn("time_zone", f"{START} has an offset from UTC, the series none: {START_TIME}, which agrees, was taken.")
    elif whole.offset is not None and whole.seconds is not None and whole.offset != scan.zone:
        here = local(whole, scan.zone)
        record.warn(
            "time_zone", f"{START} was converted from its own offset to the series' clock: {_clock(here.seconds or 0.0)}."
        )
        return here, local(clock, scan.zone)
    return whole, local(clock, scan.zone)


def _by_the_clock(record: Record, reference: datetime, seconds: float) -> float:
    """Seconds since a time of day within the 24 h before the reference, as no date of the injection is known."""
    record.warn("no_start_datetime", f"{START} is absent: the injection is taken to be within the 24 h before the scan.")
    elapsed = _of_day(reference, seconds)
    if elapsed > 0 and seconds > _seconds(reference):
        record.warn("midnight", "The injection time is later than the scan's: midnight was crossed.")
    return elapsed


def _by_dates(record: Record, reference: datetime, injected: datetime, seconds: float, clock: float | None) -> float:
    """Seconds since the injection by date and time (``injected``), or by the time of day if the date contradicts it.

    ``seconds`` is the time of day of ``injected``, ``clock`` the one that is stated apart, None without one.
    """
    elapsed = (reference - injected).total_seconds()
    stated = {START: seconds, START_TIME: seconds if clock is None else clock}
    of_day = {name: _of_day(reference, at) for name, at in stated.items()}
    apart = abs(_difference(seconds, stated[START_TIME]))
    agree = apart <= APART
    if -BEFORE_INJECTION <= elapsed <= MAX_UPTAKE:
        if agree:
            return elapsed
        if (elapsed > PLAUSIBLE_UPTAKE or seconds == 0) and of_day[START_TIME] <= PLAUSIBLE_UPTAKE:
            record.warn("start_time", f"{START} lies {elapsed / 3600:.1f} h before the scan: {START_TIME} was taken.")
            return of_day[START_TIME]
        record.warn("start_time", f"{START} and {START_TIME} lie {apart / 60:.0f} min apart; {START} was taken.")
        return elapsed
    emptied = seconds == 0 and not agree  # as programs that remove a date leave its time
    name = START_TIME if emptied else START
    confirmed = agree if seconds else clock is not None
    if confirmed and of_day[name] <= PLAUSIBLE_UPTAKE:
        record.warn(
            "dates",
            f"By the date of {tag_of(START)} {START} the injection was {_apart(elapsed)}; the time of day ({name}) fits, "
            f"{of_day[name] / 60:.0f} min before it, and was taken.",
        )
        return of_day[name]
    return elapsed


def _checked(record: Record, name: str, elapsed: float) -> float:
    if not -BEFORE_INJECTION <= elapsed <= MAX_UPTAKE:
        raise SuvError(
            "suv.times",
            f"By {tag_of(name)} {name} the injection was {_apart(elapsed)}.",
            f"between 0 and {MAX_UPTAKE / 3600:.0f} h before the scan.",
            CORRECT,
        )
    if elapsed < 0:
        record.warn(
            "dynamic", f"The reference time lies {-elapsed:.0f} s before the injection, as in a dynamic acquisition; it was kept."
        )
    return elapsed


def _apart(elapsed: float) -> str:
    """How long before the scan, in a unit that a person can judge."""
    size = abs(elapsed)
    words = f"{size / DAY:.0f} days" if size > 2 * DAY else f"{size / 3600:.1f} h" if size >= 3600 else f"{size / 60:.1f} min"
    return f"{words} before the scan" if elapsed >= 0 else f"{words} after the reference time, not before the scan"


def _unreadable(whole: Moment, clock: Moment) -> SuvError:
    findings = [moment.finding for moment in (whole, clock) if moment.finding]
    bad: Finding | None = next((f for f in findings if f.code not in ("missing", "empty")), None)
    if bad:
        return bad.error(SuvError, "suv.bad_value", CORRECT)
    if whole.day is not None:
        return SuvError("suv.missing_tag", f"{tag_of(START)} {START} has a date and no time.", "the time of injection.", CORRECT)
    return missing(START, "the time of injection")


def _of_day(reference: datetime, seconds: float) -> float:
    """Seconds from the last such time of day to the reference; negative if the next one follows within a minute."""
    elapsed = (_seconds(reference) - seconds) % DAY
    return elapsed - DAY if elapsed >= DAY - BEFORE_INJECTION else elapsed


def _seconds(moment: datetime) -> float:
    return (moment - datetime.combine(date(moment.year, moment.month, moment.day), time())).total_seconds()


def _difference(a: float, b: float) -> float:
    """Seconds from one time of day to the nearest other."""
    return (a - b + DAY / 2) % DAY - DAY / 2


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
