"""Read only what is needed of many DICOM headers, quickly and without the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.tag import Tag

PHILIPS_GROUP, PHILIPS_SUV, PHILIPS_ACTIVITY = 0x7053, 0x00, 0x09  # within the block that the private creator reserved
PHILIPS_SUV_FACTOR = 0x70531000
PHILIPS_ACTIVITY_FACTOR = 0x70531009
TAGS: Sequence[str | int] = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "ImageType", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID",
    "SeriesNumber", "SeriesDate", "SeriesTime", "StudyDate", "AcquisitionDate", "AcquisitionTime", "ImageOrientationPatient",
    "ImagePositionPatient", "PixelSpacing", "Rows", "Columns", "NumberOfFrames", "SliceThickness", "RescaleSlope",
    "RescaleIntercept", "TransferSyntaxUID", "Units", "CorrectedImage", "DecayCorrection", "ActualFrameDuration",
    "PatientWeight", "PatientSize", "PatientSex", "PatientAge", "RadiopharmaceuticalInformationSequence", "Manufacturer",
    PHILIPS_SUV_FACTOR, PHILIPS_ACTIVITY_FACTOR, 0x0009100D,
)  # fmt: skip
SUV_TAGS = tuple(
    Tag(name)
    for name in (
        "SUVType", "AcquisitionDateTime", "FrameReferenceTime", "DecayFactor", "TimezoneOffsetFromUTC", "PatientBirthDate",
        "AttenuationCorrectionMethod", "SeriesDescription",
        *(PHILIPS_GROUP << 16 | block for block in range(0x10, 0x100)),
        *(PHILIPS_GROUP << 16 | block << 8 | low for block in range(0x10, 0x100) for low in (PHILIPS_SUV, PHILIPS_ACTIVITY)),
    )
)  # fmt: skip


def read_header(path: Path) -> Dataset | None:
    """The header of one file, or None where it is not DICOM.

    Raises ``OSError`` or ``ValueError`` where the file is DICOM but damaged within the header.
    """
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=[*TAGS, *SUV_TAGS])
    except InvalidDicomError:
        return None
    except (EOFError, AttributeError, KeyError, TypeError, NotImplementedError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def is_complete(path: Path) -> bool:
    """True unless the file ends before its uncompressed pixel data do, or its encapsulated ones lack their end mark."""
    dataset = pydicom.dcmread(path, defer_size="1 KB")
    if "PixelData" not in dataset:
        return False
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 4096))
            return b"\xfe\xff\xdd\xe0" in stream.read()
    expected = int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) // 8
    return len(dataset.PixelData) >= expected * int(dataset.get("NumberOfFrames", 1) or 1)
