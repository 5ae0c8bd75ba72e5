"""Multi-frame objects (enhanced, legacy-converted) as the headers that their frames would have as single slices.

PS3.3 C.7.6.16: what differs between frames stands in functional groups, per frame or shared; C.7.6.16.2.25 keeps what a
conversion could not place. Pixels are not touched.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from .clock import read_datetime
from .numbers import read_number

CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",  # enhanced
    "1.2.840.10008.5.1.4.1.1.2.2": "CT",  # legacy converted
    "1.2.840.10008.5.1.4.1.1.130": "PT",
    "1.2.840.10008.5.1.4.1.1.128.1": "PT",
}
# these point to other objects or give other scales: their elements are not the frame's own
FOREIGN = (
    "ConversionSourceAttributesSequence", "DerivationImageSequence", "FrameAnatomySequence", "ReferencedImageSequence",
    "IrradiationEventIdentificationSequence", "RealWorldValueMappingSequence", "SourceImageSequence",
)  # fmt: skip
UNITS = {"Bq/ml": "BQML", "g/ml{SUVbw}": "GML", "g/ml": "GML", "{counts}": "CNTS", "{propcounts}": "PROPCNTS"}
AT_INJECTION = timedelta(seconds=1)


def unrolled(header: Dataset) -> tuple[Dataset, ...]:
    """One header per frame, in the order of the frames, with the keywords of single-slice objects.

    A header without functional groups, or of another class than :data:`CLASSES`, is returned as it is. Raises ``ValueError``
    if the groups are damaged.
    """
    groups = header.get("PerFrameFunctionalGroupsSequence")
    if not groups or str(header.get("SOPClassUID", "")) not in CLASSES:
        return (header,)
    common = {tag: header.get_item(tag) for tag in header.keys() if tag.group != 0x5200}  # noqa: SIM118 - its iterator gives elements
    shared = header.get("SharedFunctionalGroupsSequence")
    upon = _flat(shared[0]) if shared else Dataset()
    mapped = _mapping(shared[0]) if shared else None
    try:
        return tuple(_frame(common, upon, _flat(group), _mapping(group) or mapped) for group in groups)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"functional groups: {type(error).__name__}") from error


def _frame(common: dict, shared: Dataset, own: Dataset, mapping: Dataset | None) -> Dataset:
    frame = Dataset(dict(common))
    for part in (shared, own):
        frame.update({element.tag: element for element in part})
    if "FrameType" in frame:
        frame.ImageType = frame.FrameType
    if "FrameAcquisitionDateTime" in frame:
        frame.AcquisitionDateTime = frame.FrameAcquisitionDateTime
    if "FrameAcquisitionDuration" in frame and "ActualFrameDuration" not in frame:
        frame.ActualFrameDuration = round(float(frame.FrameAcquisitionDuration))
    if mapping is not None and "RescaleSlope" not in frame and "RealWorldValueSlope" in mapping:
        frame.RescaleSlope, frame.RescaleIntercept = mapping.RealWorldValueSlope, mapping.get("RealWorldValueIntercept", 0)
    if CLASSES.get(str(frame.get("SOPClassUID", ""))) == "PT":
        _as_pet(frame, mapping)
    return frame


def _as_pet(frame: Dataset, mapping: Dataset | None) -> None:
    """Units, CorrectedImage and DecayCorrection from where enhanced PET has them."""
    if not frame.get("Units"):
        codes = mapping.get("MeasurementUnitsCodeSequence") if mapping is not None else None
        named = UNITS.get(str(codes[0].get("CodeValue", ""))) if codes else None
        kind = str(frame.get("RescaleType") or "").upper()
        if named or kind in UNITS.values():
            frame.Units = kind if kind in UNITS.values() else named
    if not frame.get("CorrectedImage"):
        corrections = (("AttenuationCorrected", "ATTN"), ("DecayCorrected", "DECY"), ("ScatterCorrected", "SCAT"))
        done = [word for name, word in corrections if str(frame.get(name, "")).upper() == "YES"]
        if done or str(frame.get("AttenuationCorrected", "")).upper() == "NO":
            frame.CorrectedImage = done or ["NONE"]
    if not frame.get("DecayCorrection"):
        _decay(frame)


def _decay(frame: Dataset) -> None:
    """DecayCorrection and the moment of it, from DecayCorrected and DecayCorrectionDateTime (PS3.3 C.8.22.4)."""
    if str(frame.get("DecayCorrected", "")).upper() == "NO":
        frame.DecayCorrection = "NONE"
        return
    moment = _moment(frame, "DecayCorrectionDateTime")
    if moment is None:
        return
    drug = frame.get("RadiopharmaceuticalInformationSequence")
    injected = _moment(drug[0], "RadiopharmaceuticalStartDateTime") if drug else None
    if injected is not None and abs(moment - injected) <= AT_INJECTION:
        frame.DecayCorrection = "ADMIN"
        return
    frame.DecayCorrection = "START"
    frame.SeriesDate, frame.SeriesTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S.%f}"
    middle, acquired = _moment(frame, "FrameReferenceDateTime"), _moment(frame, "AcquisitionDateTime")
    duration = read_number(frame, "ActualFrameDuration").value
    if middle is None and acquired is not None and duration is not None:
        middle = acquired + timedelta(milliseconds=duration / 2)
    if middle is not None and middle > moment:
        frame.FrameReferenceTime = round((middle - moment).total_seconds() * 1000, 3)


def _moment(header: Dataset, keyword: str) -> datetime | None:
    """A date with its time, by the clock of the element; None if it is not both."""
    read = read_datetime(header, keyword)
    return None if read.day is None or read.seconds is None else read.on(read.day)


def _flat(group: Dataset) -> Dataset:
    """All elements within the macros of one functional group, sequences with several items left out."""
    found = Dataset()
    for element in group:
        if element.VR != "SQ":
            found[element.tag] = element
        elif element.keyword not in FOREIGN and len(element.value) == 1:
            for inner in element.value[0]:
                found[inner.tag] = inner
    return found


def _mapping(group: Dataset) -> Dataset | None:
    mappings = group.get("RealWorldValueMappingSequence")
    return mappings[0] if mappings else None
