"""Headers of a series as what our objects may take over: identifiers, complete or empty as the standard asks, no free text."""

from __future__ import annotations

import re

from pydicom import config
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.valuerep import validate_value

from ...dicom.numbers import POSITIVE, read_number
from ...dicom.planes import plane_of
from .identity import UTF8

# attributes of type 2 in PS3.3 C.7.1.1 and C.7.2.1 that de-identified files often lack; empty is the standard's "unknown"
MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime", "AccessionNumber",
    "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip
REQUIRED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
SEXES = ("M", "F", "O")
# of the patient group only what tells and describes the patient; free text (history, comments, address) stays where it is
GENERAL_GROUP, PATIENT_GROUP, TRIAL_GROUP, RELATION_GROUP = 0x0008, 0x0010, 0x0012, 0x0020
KEPT_OF_PATIENT = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge", "PatientSize",
    "PatientWeight",
)  # fmt: skip
CHECKED = ("AS", "DA", "DS", "DT", "IS", "TM", "UI")


def prepared(header: Dataset, thickness_mm: float) -> Dataset:
    """The header with what the objects need of it, changed in place.

    Values that their tag does not allow become empty or go, as the standard has it; a SliceThickness that is absent or
    unusable becomes ``thickness_mm``, the distance of the slices.
    """
    for tag in [tag for tag in header.keys() if tag.group == PATIENT_GROUP]:  # noqa: SIM118 - its iterator gives elements
        if tag not in {tag_for_keyword(keyword) for keyword in KEPT_OF_PATIENT}:
            del header[tag]
    _plainly_written(header, thickness_mm)
    for tag in [tag for tag in header.keys() if tag.group in (GENERAL_GROUP, PATIENT_GROUP, RELATION_GROUP)]:  # noqa: SIM118
        if not _allowed(header, tag):
            del header[tag]
    header.decode()
    header.SpecificCharacterSet = UTF8
    for keyword in MAY_BE_EMPTY:
        if header.get(keyword) is None:
            setattr(header, keyword, "")
    if header.PatientSex not in SEXES:
        header.PatientSex = ""
    subject = header.get("ClinicalTrialSubjectID") or header.get("ClinicalTrialSubjectReadingID")
    if not (header.get("ClinicalTrialSponsorName") and subject):  # PS3.3 C.7.1.3: a module without these is invalid
        for element in list(header.group_dataset(TRIAL_GROUP)):
            if element.keyword.startswith("ClinicalTrial"):
                del header[element.tag]
    return header


def reason_of(error: Exception) -> str:
    """What of a header a library missed, as far as its error names an attribute; never a value."""
    named = re.search(r"attribute '(\w+)'|^'?(\w+)'?$", str(error))
    keyword = next((word for word in (named.groups() if named else ()) if word), "")
    if tag_for_keyword(keyword) is not None:
        return f"{tag_of(keyword)} {keyword} is missing"
    return f"{type(error).__name__}; the text is withheld, as it may name the patient"


def tag_of(keyword: str) -> str:
    """``(gggg,eeee)`` of a keyword."""
    number = tag_for_keyword(keyword) or 0
    return f"({number >> 16:04X},{number & 0xFFFF:04X})"


def _plainly_written(header: Dataset, thickness_mm: float) -> None:
    """Spacing, position and thickness as numbers, of headers of single slices."""
    thickness = read_number(header, "SliceThickness", POSITIVE)
    plane = plane_of(header)
    if isinstance(plane, str):  # a multi-frame object: its frames have planes, itself has none
        return
    if thickness.value is None or thickness.note:
        header.SliceThickness = _decimal(thickness.value or thickness_mm)
    if plane.notes:
        header.PixelSpacing = [_decimal(v) for v in plane.spacing]
        header.ImagePositionPatient = [_decimal(v) for v in plane.position]
        header.ImageOrientationPatient = [_decimal(v) for v in (*plane.right, *plane.down)]
    if "SpacingBetweenSlices" in header and read_number(header, "SpacingBetweenSlices", POSITIVE).value is None:
        del header.SpacingBetweenSlices


def _decimal(value: float) -> float:
    """A number that fits into the 16 characters of a decimal string."""
    return float(f"{value:.10g}")


def _allowed(header: Dataset, tag) -> bool:
    """Whether an element can be read and its value is one that its VR allows."""
    try:
        element = header[tag]
        if element.VR in CHECKED:
            values = element.value if element.VM > 1 else [element.value]
            for value in values:
                if value not in (None, ""):
                    validate_value(element.VR, str(getattr(value, "original_string", value)), config.RAISE)
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError):
        return False
    return True
