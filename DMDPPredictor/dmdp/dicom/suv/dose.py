"""The injected activity, the half-life and the tracer: each checked against its possible values, and corrected only if one
reading is left.
"""

from __future__ import annotations

from ...errors import SuvError
from ...tracers import FDG_CODES, HALF_LIVES, NUCLIDE_CODES, is_fdg, names_another, nuclide_of
from .record import CORRECT, Record, tag_of

DOSE_BQ = (4e6, 1e10)  # what may be meant as Bq
USUAL_BQ = (2e7, 3e9)  # what a person is given, in whatever unit it was written
UNITS = {"kBq": 1e3, "MBq": 1e6, "mCi": 3.7e7, "GBq": 1e9}
TOLERANCE = 0.02  # of a half-life; headers round 6586.2 s to 6600 s
TIME_UNITS = {"minutes": 60.0, "hours": 3600.0, "days": 86400.0, "ms": 1e-3}


def dose_bq(record: Record) -> float:
    """The injected activity in Bq; another unit is taken if it is the only one that fits, with a warning.

    Raises :class:`SuvError` if the number fits no unit, or two.
    """
    value = record.number("RadionuclideTotalDose")
    tag = f"{tag_of('RadionuclideTotalDose')} RadionuclideTotalDose"
    if DOSE_BQ[0] <= value <= DOSE_BQ[1]:
        if not USUAL_BQ[0] <= value <= USUAL_BQ[1]:
            record.warn("dose", f"{tag} is {value / 1e6:g} MBq, which is unusual; SUV is inversely proportional to it.")
        return value
    fitting = [unit for unit, scale in UNITS.items() if USUAL_BQ[0] <= value * scale <= USUAL_BQ[1]]
    if len(fitting) == 1:
        bq = value * UNITS[fitting[0]]
        record.warn("dose", f"{tag} is {value:g}, which is no dose in Bq; it was taken as {fitting[0]}: {bq / 1e6:g} MBq.")
        return bq
    readings = " and ".join(f"{value:g} {unit} ({value * UNITS[unit] / 1e6:g} MBq)" for unit in fitting)
    raise SuvError(
        "suv.dose",
        f"{tag} is '{value:g}', which is no dose in Bq" + (f"; it may mean {readings}." if fitting else "."),
        f"the injected activity in Bq, {USUAL_BQ[0]:.0e} to {USUAL_BQ[1]:.0e}.",
        CORRECT,
    )


def half_life_s(record: Record) -> float:
    """The half-life in seconds, checked against the nuclide that the header names, or against all nuclides of PET.

    Raises :class:`SuvError` if it is that of another nuclide, or of none.
    """
    value = record.number("RadionuclideHalfLife")
    named = _nuclide(record)
    known = {named: HALF_LIVES[named]} if named else HALF_LIVES
    if _match(value, known):
        return value
    readings = {unit: _match(value * scale, known) for unit, scale in TIME_UNITS.items()}
    fitting = [unit for unit, nuclide in readings.items() if nuclide]
    tag = f"{tag_of('RadionuclideHalfLife')} RadionuclideHalfLife"
    if len(fitting) == 1:
        seconds = value * TIME_UNITS[fitting[0]]
        said = f"it was taken as {fitting[0]}: {seconds:g} s, the half-life of {readings[fitting[0]]}."
        record.warn("half_life", f"{tag} is {value:g}, which is no half-life in seconds here; {said}")
        return seconds
    other = _match(value, HALF_LIVES)
    whose = f", that of {other}, while the header names {named}" if named and other else ""
    expected = f"{HALF_LIVES[named]:g} s, the half-life of {named}" if named else "the half-life of a nuclide of PET in seconds"
    raise SuvError("suv.half_life", f"{tag} is '{value:g}'{whose}.", f"{expected}.", CORRECT)


def tracer_of(record: Record) -> str | None:
    """What the tracer is called, None if the header does not say. FDG by its code is FDG under whatever name a site wrote,
    unless that is the name of another tracer."""
    name, code = record.text("Radiopharmaceutical"), record.text("RadiopharmaceuticalCode")
    value, _, meaning = code.partition(" ")
    coded_fdg = value.upper() in FDG_CODES or is_fdg(code)
    if not name or is_fdg(name) == coded_fdg or not code:
        return name or ("FDG" if coded_fdg and not is_fdg(meaning) else meaning or value) or None
    if coded_fdg and not names_another(name):
        record.warn("tracer", f"The radiopharmaceutical is called '{name[:64]}'; by its code it is FDG ({code[:64]}).")
        return meaning if is_fdg(meaning) else f"FDG ({value})"
    if names_another(name) or names_another(meaning):
        other = name if names_another(name) else meaning
        record.warn("tracer", f"The radiopharmaceutical is called '{name[:64]}', its code says '{code[:64]}': they disagree.")
        return other
    return name


def one_drug(record: Record) -> None:
    """Raises :class:`SuvError` if the header has several radiopharmaceuticals, as SUV is of one injection."""
    several = record.header.tags.get("several")
    if several:
        raise SuvError(
            "suv.several_tracers",
            f"(0054,0016) RadiopharmaceuticalInformationSequence has {several} different radiopharmaceuticals.",
            "one, with its dose and its time.",
            "Leave the one that was imaged, from the examination's record, or give the PET in SUV with --pet-is-suv.",
        )


def _nuclide(record: Record) -> str:
    """The nuclide that the code, or else the tracer, names. Raises :class:`SuvError` if they name two."""
    code = record.text("RadionuclideCode")
    value, _, meaning = code.partition(" ")
    by_code = nuclide_of(meaning) or NUCLIDE_CODES.get(value.upper(), "")
    tracers = [record.text("RadiopharmaceuticalCode"), record.text("Radiopharmaceutical")]
    by_tracer = next((found for found in map(nuclide_of, tracers) if found), "")
    if not by_tracer and tracers[0].partition(" ")[0].upper() in FDG_CODES:
        by_tracer = "18F"
    if by_code and by_tracer and by_code != by_tracer:
        raise SuvError(
            "suv.half_life",
            f"(0054,0300) RadionuclideCodeSequence names {by_code}, while the tracer carries {by_tracer}.",
            "one nuclide.",
            "Correct the nuclide or the tracer from the examination's record.",
        )
    return by_code or by_tracer


def _match(seconds: float, known: dict[str, float]) -> str:
    return next((nuclide for nuclide, half_life in known.items() if abs(seconds / half_life - 1) <= TOLERANCE), "")
