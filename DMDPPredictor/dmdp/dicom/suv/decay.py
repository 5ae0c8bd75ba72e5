"""The dose at the time to which an image is corrected, and the uptake time."""

from __future__ import annotations

import math
from datetime import timedelta

from ...errors import SuvError
from ...tracers import USUAL_UPTAKE
from ..numbers import quoted
from .dose import half_life_s
from .record import Record, missing
from .scan import FRAME_MS
from .times import check_decay_factor, times_of


def decayed_dose(record: Record, dose: float) -> float:
    """The activity (Bq) that is left of the ``dose`` at the time to which the image is corrected.

    Raises :class:`SuvError` that names the tag which is missing, or cannot be used.
    """
    half_life = half_life_s(record)
    correction = record.text("DecayCorrection").upper()
    if not correction:
        raise missing("DecayCorrection", "START or ADMIN")
    if correction == "ADMIN":
        record.rule("DecayCorrection ADMIN: the image is corrected to the injection, the dose is taken as given.")
        return dose
    if correction != "START":
        raise SuvError(
            "suv.decay_correction",
            f"(0054,1102) DecayCorrection is {quoted(correction, 'DecayCorrection')}.",
            "START or ADMIN.",
            "Reconstruct the series with decay correction to the start of the scan.",
        )
    record.rule("DecayCorrection START: the dose is decayed from the injection to the reference time.")
    times = times_of(record, half_life)
    record.times["decay"] = times.decay
    _warn_frame_average(record, half_life)
    return dose * 2.0 ** (-times.decay / half_life)


def uptake_minutes(record: Record) -> float | None:
    """Minutes from the injection to the earliest acquisition, with a warning outside the usual; None if unknown."""
    try:
        half_life = half_life_s(Record(record.header))
    except SuvError:
        half_life = None
    try:
        times = times_of(record, half_life)
    except SuvError as error:
        record.warn("uptake_unknown", f"The uptake time cannot be told from the header: {error.found}")
        return None
    to_injection = record.text("DecayCorrection").upper() == "ADMIN"
    corrected_to = times.reference - timedelta(seconds=times.decay if to_injection else 0.0)
    check_decay_factor(record, times.scan, corrected_to, half_life)
    if times.uptake is None:
        record.warn("uptake_unknown", "The uptake time is not known: by the header the acquisition began before the injection.")
        return None
    minutes = times.uptake / 60.0
    early, late = USUAL_UPTAKE
    if not early <= minutes <= late:
        word, article = ("late", "A") if minutes > late else ("early", "An")
        record.warn(
            f"{word}_scan",
            f"{article} {word} scan: {minutes:.0f} min after injection; {early:.0f} to {late:.0f} min are usual.",
        )
    return minutes


def _warn_frame_average(record: Record, half_life: float) -> None:
    """Warn by how much the activity at the start of a frame exceeds its average; by convention it is not corrected."""
    duration = record.optional("ActualFrameDuration", FRAME_MS)
    if duration is None:
        return
    decay = math.log(2) / half_life * duration / 1000.0
    factor = decay / -math.expm1(-decay)
    if factor > 1.005:
        record.warn(
            "frame_average",
            f"Frames of {duration / 1000:.0f} s: activity at their start is {factor:.3f} × their average; not applied.",
        )
