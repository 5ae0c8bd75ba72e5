"""Series that are usable are used, and what was left out or taken for something is said."""

from __future__ import annotations

import copy
import shutil
import zipfile

import numpy as np
import pydicom
import pytest
from dmdp.dicom.read import read_series
from dmdp.dicom.series import choose, discover
from dmdp.errors import DicomError, InputError
from dmdp.images.files import write_volume
from dmdp.images.volume import EVEN_MM, Volume
from dmdp.intake.load import load_ct, load_mask, load_pair, load_pet


def factor(folder) -> float:
    return load_pet(folder).suv_audit.factors["SUVbw"]


def test_the_same_object_twice_is_one_object(damage):
    pet = damage.study / "pet"
    shutil.copy(pet / "0050.dcm", pet / "0050 (1).dcm")
    loaded = load_pet(pet)
    assert loaded.suv_audit.factors["SUVbw"] == pytest.approx(damage.factor, rel=1e-5)
    assert loaded.pet.array.shape[0] == 100
    assert any("1 of its files are copies" in note for note in loaded.notes)


def test_a_whole_second_copy_of_a_study_changes_nothing(damage, simulated_study):
    shutil.copytree(damage.study / "ct", damage.study / "ct copy")
    np.testing.assert_array_equal(load_pair(damage.study, damage.study).ct.array, simulated_study[0].ct.array)


def test_a_copy_in_another_transfer_syntax_is_still_the_same_object(damage):
    pet = damage.study / "pet"
    ds = pydicom.dcmread(pet / "0050.dcm")
    ds.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    ds.save_as(pet / "again.dcm")
    assert load_pet(pet).pet.array.shape[0] == 100


def test_one_identifier_with_other_pixels_is_refused(damage):
    pet = damage.study / "pet"
    ds = pydicom.dcmread(pet / "0050.dcm")
    ds.PixelData = np.zeros_like(ds.pixel_array).tobytes()
    ds.save_as(pet / "again.dcm")
    with pytest.raises(DicomError, match="SOPInstanceUID but differ"):
        load_pet(pet)


@pytest.mark.parametrize("kind", ["named", "unnamed", "two", "other class"])
def test_a_scout_inside_is_left_out_and_said(damage, simulated_study, kind):
    found = damage.slices("ct")
    strays = []
    for turn in range(2 if kind == "two" else 1):
        scout = copy.deepcopy(found[0])
        scout.ImageOrientationPatient = [[1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1]][turn]
        if kind == "named":
            scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        if kind == "other class":
            scout.SOPClassUID = scout.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
            del scout.ImageOrientationPatient, scout.ImagePositionPatient, scout.PixelSpacing
        damage.renew(scout)
        strays.append(scout)
    damage.replace("ct", [*strays, *found])
    loaded = load_pair(damage.study, damage.study)
    np.testing.assert_array_equal(loaded.ct.array, simulated_study[0].ct.array)
    assert any("of its files left out" in note for note in loaded.notes)


def test_files_without_preamble_and_meta_group_are_read(damage):
    for path in (damage.study / "pet").glob("*.dcm"):
        content = path.read_bytes()
        path.write_bytes(content[144 + int.from_bytes(content[140:144], "little") :])
    assert factor(damage.study / "pet") == pytest.approx(damage.factor, rel=1e-5)


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "explicit"])
def test_files_without_preamble_in_either_syntax(damage, simulated_study, implicit):
    for path in sorted((damage.study / "ct").glob("*.dcm")):
        ds = pydicom.dcmread(path)
        bare = pydicom.Dataset({element.tag: element for element in ds})
        bare.save_as(path, implicit_vr=implicit, little_endian=True)
    np.testing.assert_array_equal(load_ct(damage.study / "ct").ct.array, simulated_study[0].ct.array)


def test_files_that_merely_begin_like_dicom_are_none(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x08\x00\x05\x00" + b"\xff" * 300)
    (tmp_path / "b.bin").write_bytes(b"\x08\x00\x00\x00\x04\x00\x00\x00" + bytes(300))
    with pytest.raises(DicomError, match="No readable DICOM file"):
        discover(tmp_path)


@pytest.mark.parametrize("which", ["ct", "pet"])
def test_a_derived_secondary_series_is_used_where_it_is_the_only_one(damage, simulated_study, which):
    damage.change(which, lambda _, ds: setattr(ds, "ImageType", ["DERIVED", "SECONDARY"]))
    loaded = load_pair(damage.study, damage.study)
    np.testing.assert_array_equal(loaded.ct.array, simulated_study[0].ct.array)
    said = [note for note in loaded.notes if "secondary" in note]
    assert len(said) == 1
    assert "used, as there is no other" in said[0]


def test_an_original_series_goes_before_a_secondary_one(damage, simulated_study):
    def derive(_, ds):
        ds.ImageType = ["DERIVED", "SECONDARY"]
        ds.SeriesInstanceUID = "1.2.3"
        ds.PixelData = bytes(len(ds.PixelData))
        damage.renew(ds)

    shutil.copytree(damage.study / "ct", damage.study / "original")
    damage.change("ct", derive)
    np.testing.assert_array_equal(load_pair(damage.study, damage.study).ct.array, simulated_study[0].ct.array)


def test_pixel_spacing_that_is_rounded_in_some_slices_is_one_spacing(damage, simulated_study):
    def rounded(number, ds):
        ds.PixelSpacing = [4.0, 4.0] if number % 2 else [4.0001, 3.9999]

    damage.change("pet", rounded)
    series, _ = choose(discover(damage.study / "pet"), "PT")
    assert series.geometry.same_grid(simulated_study[0].pet.geometry, EVEN_MM)
    damage.change("pet", lambda number, ds: setattr(ds, "PixelSpacing", [4.0, 4.0] if number % 2 else [4.1, 4.1]))
    with pytest.raises(DicomError, match="PixelSpacing"):
        load_pet(damage.study / "pet")


def test_swapped_folders_are_said_and_put_right(damage, simulated_study):
    loaded = load_pair(damage.study / "pet", damage.study / "ct")
    np.testing.assert_array_equal(loaded.ct.array, simulated_study[0].ct.array)
    assert "in each other's place" in loaded.notes[0]


def test_swapped_files_are_said_and_put_right(simulated_study, tmp_path):
    patient, _ = simulated_study
    ct, pet = write_volume(tmp_path / "ct.nii.gz", patient.ct), write_volume(tmp_path / "pet.nii.gz", patient.pet)
    loaded = load_pair(pet, ct, pet_is_suv=True)
    np.testing.assert_array_equal(loaded.ct.array, patient.ct.array)
    np.testing.assert_array_equal(loaded.pet.array, patient.pet.array)
    assert loaded.pet.unit == "SUVbw g/ml"
    assert any("in each other's place" in note for note in loaded.notes)
    assert not any("other's place" in note for note in load_pair(ct, pet, pet_is_suv=True).notes)


def test_a_ct_in_the_place_of_the_pet_alone_is_named(damage):
    with pytest.raises(DicomError, match="It holds CT only"):
        load_pet(damage.study / "ct")


def test_archives_and_directories_are_named_for_what_they_are(damage, tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    with zipfile.ZipFile(folder / "study.zip", "w") as archive:
        archive.write(damage.study / "ct" / "0000.dcm", "0000.dcm")
    with pytest.raises(DicomError, match=r"'study\.zip' is a zip archive\..*Unpack it"):
        load_ct(folder)
    with pytest.raises(InputError, match=r"'study\.zip' is a zip archive\..*Unpack it"):
        load_ct(folder / "study.zip")
    with pytest.raises(DicomError, match="single DICOM file"):
        load_ct(damage.study / "ct" / "0000.dcm")
    index = tmp_path / "medium" / "DICOMDIR"
    index.parent.mkdir()
    ds = pydicom.dcmread(damage.study / "ct" / "0000.dcm", stop_before_pixels=True)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = pydicom.uid.MediaStorageDirectoryStorage
    ds.save_as(index)
    for given in (index, index.parent):
        with pytest.raises(DicomError, match="DICOMDIR"):
            load_ct(given)


@pytest.mark.parametrize("uid", ["1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.3"], ids=["seg", "rtstruct"])
def test_a_contour_in_dicom_is_refused_with_the_way_to_convert_it(damage, simulated_study, tmp_path, uid):
    ds = pydicom.dcmread(damage.study / "ct" / "0000.dcm", stop_before_pixels=True)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = uid
    ds.save_as(tmp_path / "mask.dcm")
    with pytest.raises(InputError, match=r"is a DICOM (Segmentation|structure set).*export the segment as a label map"):
        load_mask(tmp_path / "mask.dcm", simulated_study[0].ct.geometry)


def test_a_ct_file_given_as_both_stays_refused(simulated_study, tmp_path):
    patient, _ = simulated_study
    odd = write_volume(tmp_path / "odd.nii.gz", Volume(np.abs(patient.pet.array), patient.pet.geometry, "1"))
    loaded = load_pair(odd, odd, pet_is_suv=True)
    assert not any("other's place" in note for note in loaded.notes)


def test_no_text_of_a_library_reaches_a_person(damage, capfd):
    ct = damage.study / "ct"

    def broken(_, ds):
        ds.compress(pydicom.uid.JPEGLSLossless, generate_instance_uid=False)
        ds.PixelData = pydicom.encaps.encapsulate([b"\x00" * 400])

    damage.change("ct", broken)
    with pytest.raises(DicomError) as caught:
        read_series(choose(discover(ct), "CT")[0])
    out, err = capfd.readouterr()
    assert "itk" not in (str(caught.value) + out + err).lower()
    assert "0000.dcm" in str(caught.value)
