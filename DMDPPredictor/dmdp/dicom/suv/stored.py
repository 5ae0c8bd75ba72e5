"""Series whose stored values are SUV of some kind (GML), or counts with Philips' own factors (CNTS)."""

from __future__ import annotations

from ...errors import SuvError
from ..numbers import POSITIVE, quoted
from .body import body_of, ideal_body_weight, lean_body_mass, lean_body_mass_janmahasatian
from .decay import decayed_dose
from .dose import dose_bq
from .record import ENTER, Record, missing, tag_of

FACTOR, ACTIVITY = "PhilipsSUVScaleFactor", "PhilipsActivityConcentrationScaleFactor"
NAMES = {
    "LBMJAMES128": "lean body mass by James (men 128)",
    "LBMJANMA": "lean body mass by Janmahasatian",
    "IBW": "ideal body weight",
    "LBM": "lean body mass by James",
}
SAME_MASS = 0.01  # relative; the two readings of LBM lie some percent apart


def stored_suv(record: Record) -> float:
    """The factor from a stored value in g/ml to SUVbw, by SUVType.

    Raises :class:`SuvError` for an ambiguous kind, and if height or sex, which a conversion needs, are missing.
    """
    kind = record.text("SUVType").upper()
    if kind in ("", "BW"):
        record.rule("The series is stored as SUVbw (Units GML).")
        return 1.0
    if kind == "BSA":
        raise _refused(
            kind,
            "By body surface SUV is in cm²/ml, while Units are GML: cm² and m² are both in use, and differ 10,000-fold",
            "BW, LBMJAMES128, LBMJANMA or IBW.",
        )
    if kind not in NAMES:
        raise _refused(kind, "It is not among the kinds that can be converted", "BW, LBMJAMES128, LBMJANMA or IBW.")
    body = body_of(record)
    if body.weight is None or body.height is None or body.sex is None:
        name = "PatientWeight" if body.weight is None else "PatientSize" if body.height is None else "PatientSex"
        raise SuvError(
            "suv.type",
            f"(0054,1006) SUVType is '{kind}', and {tag_of(name)} {name}, which that needs, is missing or unusable.",
            "weight, height and sex.",
            ENTER,
        )
    mass = (
        _lean(record, body.weight, body.height * 100, body.sex)
        if kind == "LBM"
        else _mass(kind, body.weight, body.height * 100, body.sex)
    )
    record.rule(f"Units GML, SUVType {kind}: {NAMES[kind]} is {mass:.1f} kg; SUVbw = stored × weight / that.")
    record.warn(
        "suv_type",
        f"The series is stored as SUV by {NAMES[kind]} (SUVType {kind}); it was converted, × {body.weight:g} kg / {mass:.3f} kg.",
    )
    return body.weight / mass


def counts(record: Record) -> tuple[float | None, float | None]:
    """Philips' factors for Units CNTS: that to SUVbw, and that to Bq/ml; one of them may be None.

    Raises :class:`SuvError` if neither can be used.
    """
    factor, activity = record.reading(FACTOR, POSITIVE), record.reading(ACTIVITY, POSITIVE)
    if factor.value is not None:
        record.rule("Units CNTS: Philips' own SUV scale factor (7053,1000).")
        return factor.value, activity.value
    if activity.value is None:
        finding = next((r.finding for r in (factor, activity) if r.finding and r.finding.code not in ("missing", "empty")), None)
        if finding is None:
            raise missing(FACTOR, "Philips' private factor (7053,1000) or (7053,1009), as Units are CNTS")
        raise finding.error(SuvError, "suv.bad_value", ENTER)
    if factor.finding and factor.finding.code not in ("missing", "empty"):
        record.warn(
            "philips_factor",
            f"{factor.finding.found} Philips' factor for activity, (7053,1009), was used instead, with weight and dose.",
        )
    record.rule("Units CNTS: Philips' activity concentration scale factor (7053,1009).")
    return None, activity.value


def _mass(kind: str, weight_kg: float, height_cm: float, sex: str) -> float:
    if kind == "IBW":
        return ideal_body_weight(height_cm, sex)
    by = lean_body_mass_janmahasatian if kind == "LBMJANMA" else lean_body_mass
    return by(weight_kg, height_cm, sex)


def _lean(record: Record, weight_kg: float, height_cm: float, sex: str) -> float:
    """The factor for plain LBM: of the two formulas for men, only the scanner's own factor can tell which was meant."""
    readings = {f"men {men:g}": lean_body_mass(weight_kg, height_cm, sex, men) for men in (128.0, 120.0)}
    if sex == "F":
        return readings["men 128"]
    implied = _implied_mass(record)
    fitting = {name: mass for name, mass in readings.items() if implied and abs(implied / mass - 1) <= SAME_MASS}
    if len(fitting) == 1:
        ((name, mass),) = fitting.items()
        record.warn("suv_type", f"SUVType LBM is that of James with {name.split()[1]} for men, as Philips' factors show.")
        return mass
    raise _refused(
        "LBM",
        "For men the formula of James is in use with 128 and with 120 "
        f"({readings['men 128']:.1f} kg and {readings['men 120']:.1f} kg here)",
        "LBMJAMES128, or another kind with one meaning.",
    )


def _implied_mass(record: Record) -> float | None:
    """The mass (kg) that Philips' factor for SUV contains, which is the factor for activity × mass / decayed dose."""
    factor, activity = (record.optional(name) for name in (FACTOR, ACTIVITY))
    if factor is None or activity is None:
        return None
    try:
        return factor / activity * decayed_dose(record, dose_bq(record)) / 1000.0
    except SuvError:
        return None


def _refused(kind: str, why: str, expected: str) -> SuvError:
    return SuvError(
        "suv.type",
        f"(0054,1006) SUVType is {quoted(kind, 'SUVType')}. {why}.",
        expected,
        "Export the series in Bq/ml or as SUVbw.",
    )
