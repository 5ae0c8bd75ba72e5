"""Whether a PET is corrected for attenuation, judged by all signs: both series of a study may claim ATTN in their headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slicer.i18n import tr as _

from .Headers import header
from .PetSource import isSuv

UNITS, CORRECTED, DESCRIPTION = "0054,1001", "0028,0051", "0008,103e"
FACTORS = ("7053,1000", "7053,1009")  # with which counts of Philips become SUV or Bq/ml
QUANTITATIVE = ("BQML", "GML")
WORDS = {"BQML": "Bq/ml", "GML": "g/ml", "CNTS": "counts", "PROPCNTS": "proportional counts"}
NOT_CORRECTED = re.compile(
    r"(?<![a-z])(nac|(no|non|without|w[/-]?o)[\s_-]*(ac|att[a-z]*)|(un|non?|not)[\s_-]*corr[a-z]*)(?![a-z])", re.I
)
IS_CORRECTED = re.compile(r"(?<![a-z])(ac|ctac|mrac|att[a-z]*[\s_-]?corr[a-z]*|corr[a-z]*)(?![a-z])", re.I)


@dataclass(frozen=True)
class Correction:
    """What is known of a PET's attenuation correction.

    ``against`` is the evidence against it, as the end of a sentence that starts with the PET's name, or empty. ``support`` is the
    evidence for it, as the end of "is corrected by"; ``rank`` orders PETs by it, the strongest sign first.
    """

    against: str
    support: str
    rank: tuple[bool, ...]


def correction(petNode) -> Correction:
    """The units, the corrections that the header lists, the description and the name of a PET, weighed."""
    units = header(petNode, UNITS).upper()
    corrected = {word.strip() for word in header(petNode, CORRECTED).upper().split("\\")} - {""}
    words = f"{header(petNode, DESCRIPTION)} | {petNode.GetName() or ''}"
    suv = isSuv(petNode)
    quantitative = units in QUANTITATIVE or suv or (units == "CNTS" and any(header(petNode, tag) for tag in FACTORS))
    named = bool(IS_CORRECTED.search(NOT_CORRECTED.sub(" ", words)))
    against, support = "", ""
    if units == "PROPCNTS":
        against = _("holds PROPCNTS")
    elif units == "CNTS" and not quantitative:
        against = _("holds counts (CNTS) without a factor")
    elif corrected and "ATTN" not in corrected:
        against = _("lacks ATTN in its CorrectedImage")
    elif NOT_CORRECTED.search(words):
        against = _("is described as not corrected")
    if quantitative:
        support = _("its units {units}").format(units=units or "SUVbw")
    elif named:
        support = _("its name")
    elif "ATTN" in corrected:
        support = _("its CorrectedImage")
    return Correction(against, support, (quantitative, named, "SCAT" in corrected, suv))


def voxelUnit(petNode) -> str:
    """The unit of a PET's voxels as a person reads it: of its header, else of the node, else that it is not known."""
    units = header(petNode, UNITS).upper()
    node = petNode.GetVoxelValueUnits()
    return WORDS.get(units) or units or (node.GetCodeMeaning() if node is not None else "") or _("unit not known")


def deciding(chosen: Correction, other: Correction) -> tuple[str, str]:
    """The difference between the chosen PET and another one: the evidence for its correction, and how the other one differs."""
    if other.against:
        return chosen.support, other.against
    first = next(i for i, (a, b) in enumerate(zip(chosen.rank, other.rank, strict=True)) if a != b)
    said = (
        (chosen.support, _("has no such units")),
        (_("its name"), _("is not named so")),
        (_("SCAT in its CorrectedImage"), _("lacks SCAT")),
        (_("its unit SUVbw"), _("is not in SUV")),
    )
    return said[first]
