"""Standardised uptake values from PET headers, with an audit of every tag and rule.

Follows the vendor-neutral "happy path" of the Quantitative Imaging Biomarkers Alliance: what a header does not say is
refused with the tag's name, never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from ..case import Volume
from ..errors import SuvError
from .clock import parse
from .headers import PHILIPS_ACTIVITY_FACTOR, PHILIPS_SUV_FACTOR

LATE_MINUTES, EARLY_MINUTES = 90.0, 45.0
MAX_UPTAKE_HOURS = 12
GE_INJECTION = 0x0009100D


@dataclass(frozen=True)
class PetHeader:
    """What SUV needs of a PET series: ``tags`` of the first slice by keyword, and the acquisition times of all slices.

    ``acquisitions`` are (AcquisitionDate, AcquisitionTime) as text. Keywords of ``tags``: Units, DecayCorrection, SeriesDate,
    SeriesTime, StudyDate, PatientWeight (kg), PatientSize (m), PatientSex, PatientAge, ActualFrameDuration (ms),
    RadiopharmaceuticalStartDateTime, RadiopharmaceuticalStartTime, RadionuclideTotalDose (Bq), RadionuclideHalfLife (s),
    Radiopharmaceutical (text), PhilipsSUVScaleFactor, PhilipsActivityConcentrationScaleFactor, GEInjectionDateTime.
    """

    tags: Mapping[str, Any]
    acquisitions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SuvFactors:
    """Multiply a stored value (after its rescale slope) by ``bw`` to get SUVbw in g/ml.

    ``lbm`` (lean body mass, James) and ``ibw`` (ideal body weight) in g/ml, ``bsa`` (body surface area, DuBois) as the
    QIICR calculator and MIRP publish it, labelled cm²/ml though it is m² × 1000, a tenth of that; None where height or sex is
    missing. ``audit`` is plain JSON: tags, rules, times, factors, warnings.
    """

    bw: float
    lbm: float | None
    bsa: float | None
    ibw: float | None
    audit: Mapping[str, Any]


def pet_header(headers: Sequence[Dataset]) -> PetHeader:
    """Gather from the headers of all slices of one series what SUV needs."""
    first = headers[0]
    plain = (
        "Units", "DecayCorrection", "SeriesDate", "SeriesTime", "StudyDate", "PatientWeight", "PatientSize", "PatientSex",
        "PatientAge", "ActualFrameDuration",
    )  # fmt: skip
    tags = {name: first.get(name) for name in plain}
    sequence = first.get("RadiopharmaceuticalInformationSequence")
    drug = sequence[0] if sequence else Dataset()
    for name in (
        "RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime", "RadionuclideTotalDose", "RadionuclideHalfLife",
    ):  # fmt: skip
        tags[name] = drug.get(name)
    codes = drug.get("RadiopharmaceuticalCodeSequence")
    tags["Radiopharmaceutical"] = drug.get("Radiopharmaceutical") or (codes[0].get("CodeMeaning") if codes else None)
    for name, tag in (
        ("PhilipsSUVScaleFactor", PHILIPS_SUV_FACTOR),
        ("PhilipsActivityConcentrationScaleFactor", PHILIPS_ACTIVITY_FACTOR),
        ("GEInjectionDateTime", GE_INJECTION),
    ):
        tags[name] = first[tag].value if tag in first else None
    acquired = tuple(sorted({(str(h.get("AcquisitionDate") or ""), str(h.get("AcquisitionTime") or "")) for h in headers}))
    return PetHeader({k: v for k, v in tags.items() if v not in (None, "")}, acquired)


def suv_factors(header: PetHeader) -> SuvFactors:
    """The factors of a series by the rules of QIBA, as far as its header supports them.

    Units BQML: weight and decay-corrected dose; CNTS: Philips' private factor for SUV (7053,1000), else for activity
    (7053,1009); GML: the stored value is SUVbw. Reference time is the earlier of the series time and the earliest acquisition
    time. DecayCorrection START is corrected to that time, ADMIN needs no correction, NONE is refused.

    Raises :class:`SuvError` that names the tag which is missing, or whose value cannot be used.
    """
    units = str(header.tags.get("Units", "")).upper()
    record = _Record(header)
    if not units:
        raise _missing("Units", "BQML, CNTS or GML")
    record.use("Units")
    if units == "GML":
        record.rules.append("The series is stored as SUVbw (Units GML).")
        return record.factors(1.0, _uptake(record))
    if units == "CNTS" and "PhilipsSUVScaleFactor" in header.tags:
        factor = record.positive("PhilipsSUVScaleFactor")
        record.rules.append("Units CNTS: Philips' own SUV scale factor (7053,1000).")
        return record.factors(factor, _uptake(record))
    scale = 1.0
    if units == "CNTS":
        if "PhilipsActivityConcentrationScaleFactor" not in header.tags:
            raise _missing("PhilipsSUVScaleFactor", "Philips' private factor, as Units are CNTS")
        scale = record.positive("PhilipsActivityConcentrationScaleFactor")
        record.rules.append("Units CNTS: Philips' activity concentration scale factor (7053,1009).")
    elif units != "BQML":
        raise SuvError(
            "suv.units",
            f"(0054,1001) Units is '{units}'.",
            "BQML, CNTS (Philips) or GML.",
            "Choose the attenuation-corrected series in Bq/ml.",
        )
    weight = record.positive("PatientWeight")
    dose = record.positive("RadionuclideTotalDose")
    half_life = record.positive("RadionuclideHalfLife")
    record.decay_seconds = seconds = _decay_seconds(record)
    decayed = dose * 2.0 ** (-seconds / half_life)
    return record.factors(scale * weight * 1000.0 / decayed, _uptake(record))


def to_suv(volume: Volume, factors: SuvFactors) -> Volume:
    """A PET as read (Bq/ml, counts or SUV) as SUVbw in g/ml."""
    return Volume(volume.array * np.float32(factors.bw), volume.geometry, "SUVbw g/ml", volume.provenance)


class _Record:
    """Collects what was used while the factors are computed."""

    def __init__(self, header: PetHeader):
        self.header = header
        self.used: list[str] = []
        self.rules: list[str] = []
        self.warnings: list[dict[str, str]] = []
        self.decay_seconds = 0.0
        if "GEInjectionDateTime" in header.tags:
            self.warn(
                "private_dates",
                "GE's private date tags are ignored: they are never mixed with the public ones.",
            )

    def warn(self, code: str, text: str) -> None:
        self.warnings.append({"code": code, "text": text})

    def use(self, name: str) -> Any:
        if name not in self.used:
            self.used.append(name)
        return self.header.tags[name]

    def positive(self, name: str) -> float:
        """A tag as a positive finite number."""
        if name not in self.header.tags:
            raise _missing(name, "a positive number")
        raw = self.use(name)
        try:
            value = float(raw)
        except (TypeError, ValueError):
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            raise SuvError(
                "suv.bad_value",
                f"{_tag(name)} {name} is '{raw}'.",
                "a positive number.",
                "Correct the tag from the examination's record; without it SUV cannot be computed.",
            )
        return value

    def optional(self, name: str) -> float | None:
        """A tag as a positive number, or None with a warning where it is unusable."""
        if name not in self.header.tags:
            return None
        try:
            return self.positive(name)
        except SuvError:
            self.warn("ignored", f"{name} is '{self.header.tags[name]}' and is ignored.")
            return None

    def factors(self, bw: float, uptake_minutes: float | None) -> SuvFactors:
        weight = self.optional("PatientWeight")
        height = self.optional("PatientSize")
        sex = str(self.header.tags.get("PatientSex", "")).upper()
        lbm = bsa = ibw = None
        if weight is not None and not 20 <= weight <= 300:
            self.warn("weight", f"A weight of {weight:g} kg is implausible; SUV is proportional to it.")
        if weight is not None and height is not None:
            if not 1.0 <= height <= 2.3:
                self.warn("height", f"A height of {height:g} m is implausible; only SUVbw can be trusted.")
            per_weight = bw / weight
            bsa = per_weight * body_surface_m2(weight, height * 100)
            if sex in ("F", "M"):
                self.use("PatientSex")
                lbm = per_weight * lean_body_mass(weight, height * 100, sex)
                ibw = per_weight * ideal_body_weight(height * 100, sex)
        audit = {
            "tags": [{"tag": _tag(n), "keyword": n, "value": str(self.header.tags[n])} for n in self.used],
            "rules": self.rules,
            "uptake_minutes": uptake_minutes,
            "decay_seconds": self.decay_seconds,
            "tracer": self.header.tags.get("Radiopharmaceutical") and str(self.header.tags["Radiopharmaceutical"]),
            "factors": {"SUVbw": bw, "SUVlbm": lbm, "SUVbsa": bsa, "SUVibw": ibw},
            "factor_units": {
                "SUVbw": "g/ml",
                "SUVlbm": "g/ml (James)",
                "SUVbsa": "cm²/ml (DuBois; m² × 1000, as QIICR publishes it)",
                "SUVibw": "g/ml",
            },
            "warnings": self.warnings,
        }
        return SuvFactors(bw, lbm, bsa, ibw, audit)


def lean_body_mass(weight_kg: float, height_cm: float, sex: str) -> float:
    """Lean body mass in kg by James (1976); men 1.10 w − 128 (w/h)², women 1.07 w − 148 (w/h)²."""
    slope, quadratic = (1.10, 128.0) if sex == "M" else (1.07, 148.0)
    return slope * weight_kg - quadratic * (weight_kg / height_cm) ** 2


def ideal_body_weight(height_cm: float, sex: str) -> float:
    """Ideal body weight in kg; men 48.0 + 1.06 (h − 152), women 45.5 + 0.91 (h − 152)."""
    base, slope = (48.0, 1.06) if sex == "M" else (45.5, 0.91)
    return base + slope * (height_cm - 152.0)


def body_surface_m2(weight_kg: float, height_cm: float) -> float:
    """Body surface area in m² by DuBois and DuBois (1916)."""
    return weight_kg**0.425 * height_cm**0.725 * 0.007184


def _decay_seconds(record: _Record) -> float:
    """Seconds over which the dose decays until the time to which the image is corrected."""
    if "DecayCorrection" not in record.header.tags:
        raise _missing("DecayCorrection", "START or ADMIN")
    correction = str(record.use("DecayCorrection")).upper()
    if correction == "ADMIN":
        record.rules.append("DecayCorrection ADMIN: the image is corrected to the injection, the dose is taken as given.")
        return 0.0
    if correction != "START":
        raise SuvError(
            "suv.decay_correction",
            f"(0054,1102) DecayCorrection is '{correction}'.",
            "START or ADMIN.",
            "Reconstruct the series with decay correction to the start of the scan.",
        )
    record.rules.append("DecayCorrection START: the dose is decayed from the injection to the reference time.")
    seconds = _uptake_seconds(record)
    _warn_frame_average(record)
    return seconds


def _uptake_seconds(record: _Record) -> float:
    """Seconds from the injection to the reference time."""
    reference = _reference_time(record)
    tags = record.header.tags
    if "RadiopharmaceuticalStartDateTime" in tags:
        name = "RadiopharmaceuticalStartDateTime"
        start = parse(record.use(name))
    elif "RadiopharmaceuticalStartTime" in tags:
        name = "RadiopharmaceuticalStartTime"
        start = parse(reference.strftime("%Y%m%d"), record.use(name))
        record.warn(
            "no_start_datetime",
            "RadiopharmaceuticalStartDateTime is absent: the injection is taken to be within the 24 h before the scan.",
        )
        if start is not None and start > reference:
            start -= timedelta(days=1)
            record.warn("midnight", "The injection time is later than the scan's: midnight was crossed.")
    else:
        raise _missing("RadiopharmaceuticalStartDateTime", "the time of injection")
    if start is None:
        raise SuvError(
            "suv.bad_value",
            f"{_tag(name)} {name} is '{tags[name]}'.",
            "a DICOM date and time.",
            "Correct the tag from the examination's record.",
        )
    seconds = (reference - start).total_seconds()
    if not 0 <= seconds <= MAX_UPTAKE_HOURS * 3600:
        raise SuvError(
            "suv.times",
            f"By {_tag(name)} {name} the injection was {seconds / 3600:.1f} h before the scan.",
            f"between 0 and {MAX_UPTAKE_HOURS} h.",
            "Correct the injection time from the examination's record.",
        )
    return seconds


def _reference_time(record: _Record) -> datetime:
    """The earlier of the series time and the earliest acquisition time; to it the image is decay corrected."""
    tags = record.header.tags
    series = parse(tags.get("SeriesDate"), tags.get("SeriesTime"))
    acquired = [moment for moment in (parse(*pair) for pair in record.header.acquisitions) if moment is not None]
    moments = ([series] if series else []) + acquired
    if not moments:
        raise _missing("SeriesTime", "SeriesDate and SeriesTime, or AcquisitionDate and AcquisitionTime")
    if series is not None:
        record.use("SeriesTime")
    earliest = min(moments)
    source = "SeriesTime" if earliest == series else "the earliest AcquisitionTime"
    record.rules.append(f"Reference time {earliest:%H:%M:%S}: {source}, the earlier of the two.")
    return earliest


def _uptake(record: _Record) -> float | None:
    """Minutes from injection to scan, with a warning outside the usual; None where the header does not tell."""
    try:
        minutes = _uptake_seconds(_Record(record.header)) / 60.0
    except SuvError:
        record.warn("uptake_unknown", "The uptake time cannot be told from the header.")
        return None
    if not EARLY_MINUTES <= minutes <= LATE_MINUTES:
        word = "late" if minutes > LATE_MINUTES else "early"
        record.warn(
            f"{word}_scan",
            f"A {word} scan: {minutes:.0f} min after injection; {EARLY_MINUTES:.0f} to {LATE_MINUTES:.0f} min are usual.",
        )
    return minutes


def _warn_frame_average(record: _Record) -> None:
    """Say by how much the activity at the start of a frame exceeds its average; by convention it is not corrected."""
    duration = record.optional("ActualFrameDuration")
    if duration is None or "RadionuclideHalfLife" not in record.header.tags:
        return
    decay = math.log(2) / record.positive("RadionuclideHalfLife") * duration / 1000.0
    factor = decay / -math.expm1(-decay)
    if factor > 1.005:
        record.warn(
            "frame_average",
            f"Frames of {duration / 1000:.0f} s: activity at their start is {factor:.3f} × their average; not applied.",
        )


def _tag(name: str) -> str:
    private = {
        "PhilipsSUVScaleFactor": PHILIPS_SUV_FACTOR,
        "PhilipsActivityConcentrationScaleFactor": PHILIPS_ACTIVITY_FACTOR,
    }
    number = private.get(name) or tag_for_keyword(name) or 0
    return f"({number >> 16:04X},{number & 0xFFFF:04X})"


def _missing(name: str, expected: str) -> SuvError:
    return SuvError(
        "suv.missing_tag",
        f"{_tag(name)} {name} is missing.",
        f"{expected}.",
        "Enter it into the series from the examination's record, or give the PET in SUV with --pet-is-suv.",
    )
