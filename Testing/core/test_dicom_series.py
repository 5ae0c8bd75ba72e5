"""Series discovery on real DICOM files of a simulated patient, whole and damaged."""

from __future__ import annotations

import shutil

import numpy as np
import pydicom
import pytest
from dmdp.dicom.read import read_series
from dmdp.dicom.series import choose, discover, pair
from dmdp.errors import DicomError, GeometryError
from dmdp.intake.load import load_pair


def change(folder, **tags):
    """Set tags in every file of a folder; None deletes."""
    for path in folder.glob("*.dcm"):
        ds = pydicom.dcmread(path)
        for name, value in tags.items():
            if value is None:
                delattr(ds, name)
            else:
                setattr(ds, name, value)
        ds.save_as(path)


def test_a_whole_study_gives_the_voxels_that_were_simulated(simulated_study):
    patient, folder = simulated_study
    loaded = load_pair(folder, folder)
    assert loaded.ct.unit == "HU"
    assert loaded.pet.unit == "SUVbw g/ml"
    np.testing.assert_array_equal(loaded.ct.array, patient.ct.array)
    assert loaded.ct.geometry.same_grid(patient.ct.geometry)
    assert loaded.pet.geometry.same_grid(patient.pet.geometry)
    step = patient.pet.array.max(axis=(1, 2), keepdims=True) / 32767  # one grey level of each slice's own slope
    assert (np.abs(loaded.pet.array - patient.pet.array) <= 0.51 * step + 1e-5).all()


def test_file_names_do_not_decide_the_order(simulated_study, tmp_path):
    patient, folder = simulated_study
    rng = np.random.default_rng(0)
    names = rng.permutation(len(list((folder / "ct").iterdir())))
    for path, number in zip(sorted((folder / "ct").iterdir()), names, strict=True):
        shutil.copy(path, tmp_path / f"IM{number:05d}")
    series, _ = choose(discover(tmp_path), "CT")
    np.testing.assert_array_equal(read_series(series).array, patient.ct.array)


def reasons(folder) -> str:
    return " ".join(r.reason for r in discover(folder).rejected)


def test_rejections_say_why(study_copy):
    pet, ct = study_copy / "pet", study_copy / "ct"
    change(pet, CorrectedImage=["DECY", "SCAT"])
    assert "ATTN" in reasons(pet)
    change(pet, CorrectedImage=["ATTN"], Units="PROPCNTS")
    assert "PROPCNTS" in reasons(pet)
    change(ct, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    assert "localiser" in reasons(ct)
    change(ct, ImageType=["DERIVED", "SECONDARY"])
    assert "secondary" in reasons(ct)


def test_missing_slices_are_counted(study_copy):
    for number in (40, 41, 42):
        (study_copy / "ct" / f"{number:04d}.dcm").unlink()
    assert "about 3 slice(s) are missing" in reasons(study_copy / "ct")


def test_mixed_orientations_and_duplicates_are_refused(study_copy):
    path = study_copy / "ct" / "0010.dcm"
    ds = pydicom.dcmread(path)
    ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    ds.save_as(path)
    assert "orientations" in reasons(study_copy / "ct")
    pet = study_copy / "pet"
    ds = pydicom.dcmread(pet / "0010.dcm")
    ds.SOPInstanceUID = pydicom.uid.generate_uid()
    ds.save_as(pet / "again.dcm")
    assert "same slice position" in reasons(pet)


def test_unequal_frames_of_reference_are_refused(study_copy):
    change(study_copy / "ct", FrameOfReferenceUID="1.2.3")
    found = discover(study_copy)
    with pytest.raises(GeometryError, match="FrameOfReferenceUID"):
        pair(found, found)


def test_the_error_lists_what_was_found(study_copy):
    shutil.rmtree(study_copy / "pet")
    found = discover(study_copy)
    with pytest.raises(DicomError, match=r"No usable PET.*CT series 2") as caught:
        pair(found, found)
    assert caught.value.code == "dicom.no_pet"


def test_a_cut_off_file_is_named(study_copy):
    path = study_copy / "ct" / "0050.dcm"
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DicomError, match=r"0050\.dcm"):
        load_pair(study_copy, study_copy)


def test_folders_without_dicom(tmp_path):
    with pytest.raises(DicomError, match="No readable DICOM"):
        discover(tmp_path)
    with pytest.raises(DicomError, match="not a folder"):
        discover(tmp_path / "nowhere")
