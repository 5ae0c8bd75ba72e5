"""What the header of a series says of the patient: age and sex, never the identity."""

from __future__ import annotations

import re
from datetime import date

from pydicom.dataset import Dataset

from ..patients.case import SEXES, Clinical
from .clock import read_date
from .numbers import first_text

PER_YEAR = {"Y": 1.0, "M": 12.0, "W": 52.1775, "D": 365.2425}
OLDEST = 120
REMOVED = date(1900, 1, 1)  # what programs write in place of a birth date


def patient_of(header: Dataset) -> tuple[Clinical, tuple[str, ...]]:
    """Age (years) and sex as the header has them, None for what it lacks or says otherwise, and notes.

    If PatientAge is absent or unusable, the age is that between the birth date and the day of the series; the birth date itself
    is never returned.
    """
    sex = first_text(header, "PatientSex").upper()
    stated = _stated(first_text(header, "PatientAge"))
    years = _between(header) if stated is None else stated
    notes = (
        (f"PatientAge is not there: the age, {years:g}, is that by the birth date.",)
        if stated is None and years is not None
        else ()
    )
    return Clinical(years, sex if sex in SEXES else None), notes


def _stated(age: str) -> float | None:
    found = re.fullmatch(r"(\d{1,3})([YMWD])", age.upper(), re.ASCII)
    if not found:
        return None
    years = int(found[1]) / PER_YEAR[found[2]]
    return float(int(years)) if 0 < years < OLDEST else None


def _between(header: Dataset) -> float | None:
    born = read_date(header, "PatientBirthDate").day
    days = (read_date(header, name).day for name in ("StudyDate", "SeriesDate", "AcquisitionDate"))
    day = next((day for day in days if day), None)
    if born is None or born == REMOVED or day is None:
        return None
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return float(years) if 0 < years < OLDEST else None
