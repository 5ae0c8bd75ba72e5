"""Standardised uptake values from PET headers, with an audit of every tag and rule.

Follows the vendor-neutral "happy path" of the Quantitative Imaging Biomarkers Alliance. What a header does not say is never
guessed: the refusal names the tag. An element that has one reading, though not the plain one, is read so, with a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import SuvError
from ...images.volume import SUVBW, Volume
from ...patients.audit import SuvAudit
from ..attenuation import corrections
from ..numbers import quoted
from .body import body_of, body_surface_m2, ideal_body_weight, lean_body_mass, weight_kg
from .decay import decayed_dose, uptake_minutes
from .dose import dose_bq, one_drug, tracer_of
from .header import PetHeader, pet_header
from .record import Record, missing, tag_of
from .stored import counts, stored_suv

__all__ = ["PetHeader", "SuvFactors", "ideal_body_weight", "lean_body_mass", "pet_header", "suv_factors", "to_suv"]
SAME_FACTOR = 0.05  # relative; between Philips' own factor and the one from weight and dose


@dataclass(frozen=True)
class SuvFactors:
    """Multiply a stored value (after its rescale slope) by ``bw`` to get SUVbw in g/ml.

    ``lbm`` (lean body mass, James) and ``ibw`` (ideal body weight) in g/ml, ``bsa`` (body surface area, DuBois) as the
    QIICR calculator and MIRP publish it, labelled cm²/ml though it is m² × 1000, a tenth of that; None if height or sex is
    missing. ``audit`` says how they came about.
    """

    bw: float
    lbm: float | None
    bsa: float | None
    ibw: float | None
    audit: SuvAudit


def suv_factors(header: PetHeader) -> SuvFactors:
    """The factors of a series by the rules of QIBA, as far as its header supports them.

    Units BQML: weight and decay-corrected dose; CNTS: Philips' private factor for SUV (7053,1000), else for activity
    (7053,1009); GML: SUV of the kind that SUVType says. DecayCorrection START is corrected to the reference time (see
    ``times``), ADMIN needs no correction, NONE is refused.

    Raises :class:`SuvError` that names the tag which is missing, or whose value cannot be used.
    """
    record = Record(header)
    _first_doubts(record)
    units = record.text("Units").upper()
    if not units:
        raise missing("Units", "BQML, CNTS or GML")
    if units not in ("BQML", "CNTS", "GML"):
        raise SuvError(
            "suv.units",
            f"(0054,1001) Units is {quoted(units, 'Units')}.",
            "BQML, CNTS (Philips) or GML.",
            "Choose the attenuation-corrected series in Bq/ml.",
        )
    tracer = tracer_of(record)
    factor, scale = counts(record) if units == "CNTS" else (None, None)
    if units == "GML":
        factor = stored_suv(record)
    if factor is None:
        factor = _from_dose(record, 1.0 if scale is None else scale)
    else:
        _several(record)
        if scale is not None:
            _compare(record, factor, scale)
    return _factors(record, factor, uptake_minutes(record), tracer)


def to_suv(volume: Volume, factors: SuvFactors) -> Volume:
    """A PET as read (Bq/ml, counts or SUV) as SUVbw in g/ml."""
    return Volume(volume.array * np.float32(factors.bw), volume.geometry, SUVBW, volume.provenance)


def _first_doubts(record: Record) -> None:
    """What concerns the series whatever its units are. Raises :class:`SuvError` for what makes its values meaningless."""
    tags = record.header.tags
    if "GEInjectionDateTime" in tags:
        record.warn("private_dates", "GE's private date tags are ignored: they are never mixed with the public ones.")
    if tags.get("differing"):
        name = tags["differing"][0]
        raise SuvError(
            "suv.differs",
            f"{tag_of(name)} {name} differs between the slices of the series.",
            "one value for all slices.",
            "Export the series again from the archive; files of two series may have been mixed.",
        )
    if record.text("DecayCorrection").upper() == "NONE":
        raise SuvError(
            "suv.decay_correction",
            "(0054,1102) DecayCorrection is 'NONE'.",
            "START or ADMIN.",
            "Reconstruct the series with decay correction to the start of the scan.",
        )
    corrected = corrections(tags)
    if not corrected:
        method = record.text("AttenuationCorrectionMethod")
        record.warn(
            "attenuation",
            "(0028,0051) CorrectedImage is absent: whether the image is corrected for attenuation is not known for sure"
            + (f"; (0054,1101) AttenuationCorrectionMethod says {quoted(method, '')}." if method else "."),
        )
    elif "DECY" not in corrected and record.text("DecayCorrection"):
        record.warn("decay_correction", "(0028,0051) CorrectedImage lacks DECY, while DecayCorrection says that there is one.")


def _from_dose(record: Record, scale: float) -> float:
    """The factor from weight and decayed dose, if a stored value × ``scale`` is Bq/ml."""
    one_drug(record)
    weight, dose = weight_kg(record), dose_bq(record)
    return scale * weight * 1000.0 / decayed_dose(record, dose)


def _several(record: Record) -> None:
    """Warn of several radiopharmaceuticals if SUV does not need their doses, and refuse them if it does."""
    if record.header.tags.get("several"):
        record.warn(
            "several_tracers",
            f"The header has {record.header.tags['several']} different radiopharmaceuticals: tracer and uptake time are those of "
            "the first.",
        )


def _compare(record: Record, factor: float, activity: float) -> None:
    """Warn if Philips' factor for SUV contradicts the one from weight and dose, as far as the header has all of it."""
    try:
        ours = _from_dose(Record(record.header), activity)
    except SuvError:
        return
    if abs(factor / ours - 1) > SAME_FACTOR:
        record.warn(
            "philips_factor",
            f"Philips' factor for SUV (7053,1000), {factor:g}, was used; by (7053,1009), weight and dose it would be {ours:g}.",
        )


def _factors(record: Record, bw: float, uptake: float | None, tracer: str | None) -> SuvFactors:
    body = body_of(record)
    lbm = bsa = ibw = None
    if body.weight is not None and body.height is not None:
        per_weight = bw / body.weight
        bsa = per_weight * body_surface_m2(body.weight, body.height * 100)
        if body.sex is not None:
            lbm = per_weight * lean_body_mass(body.weight, body.height * 100, body.sex)
            ibw = per_weight * ideal_body_weight(body.height * 100, body.sex)
    audit = SuvAudit(
        tags=record.listing(),
        rules=tuple(record.rules),
        reference_time=record.times.get("reference"),
        reference_by=record.times.get("reference_by"),
        decay_factor=record.used.get("DecayFactor"),
        uptake_minutes=uptake,
        decay_seconds=record.times.get("decay", 0.0),
        tracer=tracer,
        factors={"SUVbw": bw, "SUVlbm": lbm, "SUVbsa": bsa, "SUVibw": ibw},
        factor_units={
            "SUVbw": "g/ml",
            "SUVlbm": "g/ml (James)",
            "SUVbsa": "cm²/ml (DuBois; m² × 1000, as QIICR publishes it)",
            "SUVibw": "g/ml",
        },
        warnings=tuple(record.warnings),
    )
    return SuvFactors(bw, lbm, bsa, ibw, audit)
