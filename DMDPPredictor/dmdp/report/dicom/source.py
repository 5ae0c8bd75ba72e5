"""The DICOM series that a result was made from, found again and proven by its voxels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from ...case import Geometry
from ...dicom.read import read_series
from ...dicom.series import Series, choose, discover
from ...dicom.suv import pet_header, suv_factors, to_suv
from ...errors import DicomError, GeometryError, InputError
from .identity import UTF8

# attributes of type 2 in PS3.3 C.7.1.1 and C.7.2.1 that de-identified files often lack; empty is the standard's "unknown"
MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime", "AccessionNumber",
    "ReferringPhysicianName",
)  # fmt: skip
SEXES = ("M", "F", "O")
# of the patient group only what tells and describes the patient; free text (history, comments, address) stays where it is
PATIENT_GROUP, TRIAL_GROUP = 0x0010, 0x0012
KEPT_OF_PATIENT = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge", "PatientSize",
    "PatientWeight",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Source:
    """A series with the full ``headers`` of its slices (no pixels), in the order of the slices along z of ``geometry``."""

    series: Series
    headers: tuple[Dataset, ...]

    @property
    def geometry(self) -> Geometry:
        """The grid of the series, LPS mm."""
        return self.series.geometry


def find_source(folder: str | Path, modality: str, grid: Geometry, sha256: str) -> Source:
    """The series of ``modality`` (CT or PT) in ``folder`` whose voxels, as HU or SUVbw, have the hash ``sha256``.

    ``grid`` is that of the contour. Raises :class:`DicomError` for image files and folders without such a series,
    :class:`GeometryError` where none lies on the grid, :class:`InputError` where none has the voxels.
    """
    name = "PET" if modality == "PT" else modality
    found = discover(_folder(folder, name))
    choose(found, modality)
    fitting = [series for series in found.of(modality) if series.geometry.same_grid(grid)]
    if not fitting:
        raise GeometryError(
            "export.other_grid",
            f"No {name} series there has the voxel grid of the result.",
            f"the {name} series from which the result was made.",
            "Choose the study that was given to 'dmdp predict'.",
        )
    for series in fitting:
        if _voxel_hash(series) == sha256:
            return Source(series, _headers(series))
    raise InputError(
        "export.other_images",
        f"The voxels of {fitting[0].label} are not those that the result was computed from.",
        f"the {name} series from which the result was made; a result of NIfTI or NRRD files cannot be exported.",
        "Choose the study that was given to 'dmdp predict', or predict again from DICOM.",
    )


def _folder(path: str | Path, name: str) -> Path:
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError("path.missing", f"'{path}' does not exist.", "a folder with DICOM files.", "Check the path.")
    if not path.is_dir():
        raise DicomError(
            "export.not_dicom",
            f"The {name} is given as the file '{path.name}', which is no DICOM series.",
            "a folder with the DICOM series: NIfTI and NRRD files carry neither the study's identifiers nor its frame of "
            "reference, and DICOM objects without them would belong to no patient.",
            "Give the DICOM study; without one, use report.html, prediction.json and the .nii.gz files of the result.",
        )
    return path


def _voxel_hash(series: Series) -> str:
    """SHA-256 of the voxels as ``dmdp predict`` records it."""
    volume = read_series(series)
    if series.modality == "PT":
        volume = to_suv(volume, suv_factors(pet_header(series.headers)))
    return hashlib.sha256(np.ascontiguousarray(volume.array)).hexdigest()


def _headers(series: Series) -> tuple[Dataset, ...]:
    headers = tuple(_prepared(pydicom.dcmread(path, stop_before_pixels=True)) for path in series.files)
    if not headers[0].get("FrameOfReferenceUID"):
        raise DicomError(
            "export.no_frame",
            f"(0020,0052) FrameOfReferenceUID is missing in {series.label}.",
            "a frame of reference, as segmentations and maps must name the one they lie in.",
            "Export the series again from the archive.",
        )
    return headers


def _prepared(header: Dataset) -> Dataset:
    """What our objects may take over: identifiers, complete or empty as the standard asks, and no free text on the patient."""
    header.decode()
    header.SpecificCharacterSet = UTF8
    for element in list(header.group_dataset(PATIENT_GROUP)):
        if element.keyword not in KEPT_OF_PATIENT:
            del header[element.tag]
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
