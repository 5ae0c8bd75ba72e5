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
    "PatientID", "ConvolutionKernel", "RescaleType", "NumberOfSlices",
    PHILIPS_SUV_FACTOR, PHILIPS_ACTIVITY_FACTOR, 0x0009100D,
)  # fmt: skip
OF_PIXELS: Sequence[str | int] = (  # what places and scales pixels, multi-frame objects included
    "PhotometricInterpretation", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "AttenuationCorrected",
    "DecayCorrected", "DecayCorrectionDateTime", "ScatterCorrected", "ModalityLUTSequence",
)  # fmt: skip
SUV_TAGS = (
    *map(Tag, (
        "SUVType", "AcquisitionDateTime", "FrameReferenceTime", "DecayFactor", "TimezoneOffsetFromUTC", "PatientBirthDate",
        "AttenuationCorrectionMethod", "SeriesDescription",
    )),
    *(Tag(PHILIPS_GROUP << 16 | block) for block in range(0x10, 0x100)),
    *(Tag(PHILIPS_GROUP << 16 | block << 8 | low) for block in range(0x10, 0x100) for low in (PHILIPS_SUV, PHILIPS_ACTIVITY)),
)  # fmt: skip


def read_header(path: Path) -> Dataset | None:
    """The header of one file, or None if it is not DICOM; files without preamble and file meta group are read.

    Raises ``OSError`` or ``ValueError`` if the file is DICOM but damaged within the header.
    """
    bare = lacks_preamble(path)
    try:
        header = pydicom.dcmread(
            path,
            stop_before_pixels=True,
            specific_tags=[*TAGS, *OF_PIXELS, *SUV_TAGS],  # type: ignore[arg-type]  # pydicom takes lists of both kinds
            force=bare,
        )
    except InvalidDicomError:
        return None
    except (EOFError, AttributeError, KeyError, TypeError, NotImplementedError) as error:
        if bare:
            return None
        raise ValueError(type(error).__name__) from error
    return None if bare and "SOPClassUID" not in header else header


def lacks_preamble(path: Path) -> bool:
    """True if a file begins at once with an element of group 2 or 8, as files do that lack the 128 bytes and ``DICM``.

    Raises ``OSError``.
    """
    with path.open("rb") as stream:
        start = stream.read(132)
    if start[128:] == b"DICM" or len(start) < 12:
        return False
    group, little = start[:2], start[:2] in (b"\x02\x00", b"\x08\x00")
    if not little and group != b"\x00\x08":
        return False
    explicit = start[4:6].isalpha() and start[4:6].isupper()
    return explicit or int.from_bytes(start[4:8], "little" if little else "big") <= 1024
