"""The codes in our objects: standard ones if there are any, private ones (99DMDP) for what the standard does not name.

PS3.16 CID 85 (SUV units), 7021 (report titles), 7150 and 7159 (segment categories and types), 7162 (algorithm families), 7180
(what a map shows), 7464 (derivations); IBSI reference manual for the intensity peaks.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.coding import Code

SCHEME, SCHEME_NAME, RESPONSIBLE = "99DMDP", "Private codes of DMDP for 3D Slicer", "DMDP for 3D Slicer"
ONE = Code("1", "UCUM", "no units")
SUV_UNIT = Code("g/ml{SUVbw}", "UCUM", "Standardized Uptake Value body weight")
ML, GRAM = Code("ml", "UCUM", "milliliter"), Code("g", "UCUM", "gram")

SUVBW = Code("126401", "DCM", "SUVbw")
COMMENT = Code("121106", "DCM", "Comment")
TITLE = Code("126000", "DCM", "Imaging Measurement Report")
PROCEDURES = {  # by the images that were read
    ("CT", "PET"): Code("443271005", "SCT", "PET/CT FDG imaging of whole body"),
    ("PET",): Code("82918005", "SCT", "Positron emission tomography"),
    ("CT",): Code("169069000", "SCT", "CT of chest"),
}
NEOPLASM = Code("108369006", "SCT", "Neoplasm")
ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
TISSUE = Code("85756007", "SCT", "Tissue")
VOXEL_SUM = Code("126030", "DCM", "Sum of segmented voxel method for volume")
GRADIENT_ACTIVATION = Code("130403", "DCM", "Gradient-weighted class activation")
NEIGHBOURHOOD = Code("123101", "DCM", "Neighborhood Analysis")
HISTOGRAM = Code("123105", "DCM", "Histogram Analysis")

OCCLUSION = Code("OCCLUSION", SCHEME, "Fall of the log-odds when the place is covered")
APPLICABILITY = Code("APPLICABILITY", SCHEME, "May the model speak about this patient?")
VERDICTS = {
    "ok": Code("APPL-OK", SCHEME, "Applicable"),
    "caution": Code("APPL-CAUTION", SCHEME, "Applicable with caution"),
    "outside": Code("APPL-OUTSIDE", SCHEME, "Outside what the model may speak about"),
}
ANSWER = Code("ANSWER", SCHEME, "Conformal answer")


@dataclass(frozen=True)
class Measure:
    """How a feature of ``prediction.json`` is coded: concept, unit and, if they apply, derivation and method (TID 300)."""

    feature: str
    name: Code
    unit: Code
    derivation: Code | None = None
    method: Code | None = None


MEASURES = (
    Measure("suv_max", SUVBW, SUV_UNIT, Code("56851009", "SCT", "Maximum")),
    Measure("suv_peak", SUVBW, SUV_UNIT, Code("VJGA", "IBSI", "Local intensity peak")),
    Measure("suv_peak_global", SUVBW, SUV_UNIT, Code("126031", "DCM", "Peak Value Within ROI")),
    Measure("suv_mean", SUVBW, SUV_UNIT, Code("373098007", "SCT", "Mean")),
    Measure("suv_median", SUVBW, SUV_UNIT, Code("373099004", "SCT", "Median")),
    Measure("suv_min", SUVBW, SUV_UNIT, Code("255605001", "SCT", "Minimum")),
    Measure("suv_sd", SUVBW, SUV_UNIT, Code("386136009", "SCT", "Standard Deviation")),
    Measure("MTV_3", Code("126032", "DCM", "Metabolic Volume"), ML, method=VOXEL_SUM),
    Measure("TLG_3", Code("126033", "DCM", "Total Lesion Glycolysis"), GRAM),
)


def private(code: str, meaning: str) -> Code:
    """A code of ours; values hold 16 characters (SH), meanings 64 (LO)."""
    return Code(code[:16], SCHEME, meaning[:64])


def region(number: int, meaning: str) -> Code:
    """The private code of a CT region of ``ct_regions_v1``."""
    return private(f"REG{number}", plain(meaning))


def plain(text: str) -> str:
    """Text with the typographic minus sign as a hyphen, for fields that old viewers show."""
    return text.replace("−", "-")
