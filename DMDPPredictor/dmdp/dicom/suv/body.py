"""Weight, height and sex, and the bodily sizes by which SUV is normalised."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import SuvError
from ..numbers import POSITIVE, Limits
from .record import CORRECT, Record, tag_of

WEIGHT_KG = (20.0, 300.0)
HEIGHT_M = (1.0, 2.3)
BMI = (13.0, 50.0)


@dataclass(frozen=True)
class Body:
    """Weight (kg), height (m) and sex (``F``, ``M``), each None if the header does not tell it."""

    weight: float | None
    height: float | None
    sex: str | None


def body_of(record: Record) -> Body:
    """What the header says of the body, without a refusal."""
    try:
        weight = weight_kg(record) if record.text("PatientWeight") else None
    except SuvError as error:
        record.warn("ignored", f"{error.found} It is ignored.")
        weight = None
    height, sex = _height(record), record.text("PatientSex").upper()
    if weight and height and not BMI[0] <= weight / height**2 <= BMI[1]:
        record.warn(
            "weight",
            f"A weight of {weight:g} kg with a height of {height:g} m (BMI {weight / height**2:.0f}) is implausible; "
            "SUV is proportional to the weight.",
        )
    return Body(weight, height, sex if sex in ("F", "M") else None)


def weight_kg(record: Record) -> float:
    """The weight in kg; grams are recognised and converted, with a warning. Raises :class:`SuvError` for what no adult weighs."""
    low, high = WEIGHT_KG
    value = record.number("PatientWeight", Limits(low, high))
    if low <= value <= high:
        return value
    if low <= value / 1000 <= high:
        record.warn("weight", f"{tag_of('PatientWeight')} PatientWeight is {value:g}; it was taken as g: {value / 1000:g} kg.")
        return value / 1000
    raise SuvError(
        "suv.bad_value",
        f"{tag_of('PatientWeight')} PatientWeight is '{value:g}', which no adult weighs in kg.",
        f"{low:g} to {high:g} kg.",
        CORRECT,
    )


def _height(record: Record) -> float | None:
    low, high = HEIGHT_M
    value = record.optional("PatientSize", POSITIVE, Limits(low, high))
    if value is None:
        return None
    for unit, scale in (("m", 1.0), ("cm", 100.0), ("mm", 1000.0)):
        if low <= value / scale <= high:
            if unit != "m":
                said = f"{tag_of('PatientSize')} PatientSize is {value:g}; it was taken as {unit}: {value / scale:g} m."
                record.warn("height", said)
            return value / scale
    record.warn("height", f"A height of {value:g} m is implausible and ignored; only SUVbw can be had.")
    return None


def lean_body_mass(weight_kg: float, height_cm: float, sex: str, men: float = 128.0) -> float:
    """Lean body mass in kg by James (1976); men 1.10 w − 128 (w/h)² (or 120, as some programs have it), women
    1.07 w − 148 (w/h)²."""
    slope, quadratic = (1.10, men) if sex == "M" else (1.07, 148.0)
    return slope * weight_kg - quadratic * (weight_kg / height_cm) ** 2


def lean_body_mass_janmahasatian(weight_kg: float, height_cm: float, sex: str) -> float:
    """Lean body mass in kg by Janmahasatian (2005) from weight and body mass index."""
    bmi = weight_kg / (height_cm / 100) ** 2
    base, slope = (6680.0, 216.0) if sex == "M" else (8780.0, 244.0)
    return 9270.0 * weight_kg / (base + slope * bmi)


def ideal_body_weight(height_cm: float, sex: str) -> float:
    """Ideal body weight in kg; men 48.0 + 1.06 (h − 152), women 45.5 + 0.91 (h − 152)."""
    base, slope = (48.0, 1.06) if sex == "M" else (45.5, 0.91)
    return base + slope * (height_cm - 152.0)


def body_surface_m2(weight_kg: float, height_cm: float) -> float:
    """Body surface area in m² by DuBois and DuBois (1916)."""
    return weight_kg**0.425 * height_cm**0.725 * 0.007184
