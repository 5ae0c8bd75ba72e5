"""Whether a PET is corrected for attenuation; an absent tag means unknown, not "not corrected"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset

from .numbers import elements, first_text, quoted, text

UNCORRECTED = re.compile(r"\s*(none|no|non|not[\s_-]*corrected|uncorrected|off|nac)\s*", re.IGNORECASE)
DESCRIBED = re.compile(
    r"(?<![a-z])(nac|(no|non|without|w[/-]?o)[\s_-]*(ac|att[a-z]*)|(un|non?|not)[\s_-]*corr[a-z]*)(?![a-z])", re.IGNORECASE
)


def corrections(header: Dataset | Mapping[str, Any]) -> frozenset[str]:
    """The corrections that CorrectedImage lists, also with commas or brackets; empty if the tag is absent or empty."""
    return frozenset(re.findall(r"\w+", " ".join(text(word).upper() for word in elements(header, "CorrectedImage") or ())))


def known_corrected(header: Dataset) -> bool:
    """True if the header itself says that the image is corrected for attenuation."""
    return "ATTN" in corrections(header)


def not_corrected(header: Dataset) -> str | None:
    """Why a PET is known not to be corrected for attenuation, as the end of a sentence; None if nothing says so."""
    listed = corrections(header)
    if listed:
        return None if "ATTN" in listed else "it is not attenuation corrected: (0028,0051) CorrectedImage lacks ATTN"
    method = first_text(header, "AttenuationCorrectionMethod")
    if UNCORRECTED.fullmatch(method):
        said = quoted(method, "AttenuationCorrectionMethod")
        return f"it is not attenuation corrected: (0054,1101) AttenuationCorrectionMethod is {said}"
    if not method and DESCRIBED.search(first_text(header, "SeriesDescription")):
        return "(0028,0051) CorrectedImage is absent, and (0008,103E) SeriesDescription calls it not attenuation corrected"
    return None
