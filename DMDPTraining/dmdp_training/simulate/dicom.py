"""A simulated patient as real DICOM: one CT and one PET series of one study, with all SUV tags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

from .patient import SimulatedPatient
from .truth import write_truth

DATE, INJECTION, SCAN = "20200101", "090000", "100000"
DOSE_BQ, HALF_LIFE_S, UPTAKE_S = 350e6, 6586.2, 3600.0


def write_patient(patient: SimulatedPatient, folder: str | Path) -> Path:
    """Write ``ct/`` and ``pet/`` (DICOM), the true masks (NIfTI) and ``truth.json`` into ``folder``."""
    folder = Path(folder)
    (folder / "ct").mkdir(parents=True)
    (folder / "pet").mkdir()
    for index in range(patient.ct.geometry.shape[0]):
        _ct_slice(patient, index).save_as(folder / "ct" / f"{index:04d}.dcm", enforce_file_format=True)
    for index in range(patient.pet.geometry.shape[0]):
        _pet_slice(patient, index).save_as(folder / "pet" / f"{index:04d}.dcm", enforce_file_format=True)
    write_truth(patient, folder)
    return folder


def bq_per_suv(patient: SimulatedPatient) -> float:
    """Activity concentration (Bq/ml) of SUVbw 1 at scan time."""
    return DOSE_BQ * 2.0 ** (-UPTAKE_S / HALF_LIFE_S) / (patient.weight_kg * 1000.0)


def _ct_slice(patient: SimulatedPatient, index: int) -> FileDataset:
    ds = _slice(patient, patient.ct.geometry, index, "CT", CTImageStorage)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.KVP = 120
    ds.RescaleType = "HU"
    _pixels(ds, patient.ct.array[index], slope=1.0, intercept=-1024.0)
    return ds


def _pet_slice(patient: SimulatedPatient, index: int) -> FileDataset:
    ds = _slice(patient, patient.pet.geometry, index, "PT", PositronEmissionTomographyImageStorage)
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.SeriesType = ["WHOLE BODY", "IMAGE"]
    ds.Units = "BQML"
    ds.CountsSource = "EMISSION"
    ds.CorrectedImage = ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"]
    ds.DecayCorrection = "START"
    ds.NumberOfSlices = patient.pet.geometry.shape[0]
    ds.ImageIndex = index + 1
    ds.ActualFrameDuration = 120000
    ds.FrameReferenceTime = 0.0
    drug = Dataset()
    drug.Radiopharmaceutical = "Fluorodeoxyglucose F^18^"
    drug.RadiopharmaceuticalStartTime = INJECTION
    drug.RadiopharmaceuticalStartDateTime = DATE + INJECTION
    drug.RadionuclideTotalDose = DOSE_BQ
    drug.RadionuclideHalfLife = HALF_LIFE_S
    drug.RadionuclidePositronFraction = 0.967
    drug.RadionuclideCodeSequence = [_code("C-111A1", "SRT", "^18^Fluorine")]
    drug.RadiopharmaceuticalCodeSequence = [_code("C-B1031", "SRT", "Fluorodeoxyglucose F^18^")]
    ds.RadiopharmaceuticalInformationSequence = [drug]
    activity = patient.pet.array[index] * bq_per_suv(patient)
    _pixels(ds, activity, slope=max(float(activity.max()), 1.0) / 32767.0, intercept=0.0)
    return ds


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _slice(patient: SimulatedPatient, geometry, index: int, modality: str, sop_class: str) -> FileDataset:
    """What all slices share: patient, study, series, frame of reference, plane."""

    def uid(*words: object) -> str:
        return generate_uid(entropy_srcs=["DMDP simulated patient", str(patient.seed), *map(str, words)])

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid(modality, index)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    ds.PatientName, ds.PatientID = "SIMULATED^PATIENT", f"SIM{patient.seed:06d}"
    ds.PatientBirthDate = ""
    ds.PatientSex = patient.clinical.sex or ""
    ds.PatientAge = "" if patient.clinical.age is None else f"{int(patient.clinical.age):03d}Y"
    ds.PatientWeight, ds.PatientSize = patient.weight_kg, patient.height_m
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid("study"), uid(modality)
    ds.FrameOfReferenceUID = uid("frame")
    ds.PositionReferenceIndicator = ""
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "1", "", ""
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = DATE
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = SCAN
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = modality, {"CT": 2, "PT": 3}[modality], index + 1
    ds.Manufacturer, ds.SeriesDescription = "DMDP simulator", f"Simulated {modality}, research use only"
    ds.PatientPosition = "HFS"
    dz, dy, dx = geometry.spacing
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [round(float(v), 4) for v in geometry.to_lps((index, 0, 0))]
    ds.SliceLocation = ds.ImagePositionPatient[2]
    ds.PixelSpacing, ds.SliceThickness = [dy, dx], dz
    return ds


def _pixels(ds: FileDataset, values: np.ndarray, slope: float, intercept: float) -> None:
    slope = float(f"{slope:.10g}")  # as many digits as a DICOM decimal string holds
    ds.Rows, ds.Columns = values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
    ds.PixelData = np.clip(np.round((values - intercept) / slope), 0, 65535).astype("<u2").tobytes()
