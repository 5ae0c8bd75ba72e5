"""Values are what the scanner stored: display, compression, bits, and rescale factors that are there or not."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dmdp.delineation.pet import delineate
from dmdp.dicom.read import read_series
from dmdp.dicom.series import choose, discover
from dmdp.errors import DicomError
from dmdp.images.files import write_volume
from dmdp.intake.load import load_ct, load_pair, load_pet
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

MISSING_OR_WRONG = [
    (None, "is missing"),
    (b"", "is empty"),
    (b"abc ", "is 'abc'"),
    (b"NaN ", "no finite number"),
    (b"0 ", "is '0'"),
    (b"1\\2 ", "2 value"),
]


def inverted(_, ds):
    ds.PhotometricInterpretation = "MONOCHROME1"


@pytest.mark.parametrize("compression", [None, RLELossless, JPEGLSLossless], ids=["plain", "rle", "jpeg-ls"])
def test_monochrome1_concerns_display_only(damage, simulated_study, compression):
    patient, _ = simulated_study

    def change(number, ds):
        inverted(number, ds)
        if compression:
            ds.compress(compression, generate_instance_uid=False)

    damage.change("pet", change)
    damage.change("ct", change)
    loaded = load_pair(damage.study, damage.study)
    lesion = delineate(loaded.pet, damage.seed)
    assert lesion.volume_ml == pytest.approx(23.8, abs=0.05)
    assert loaded.pet.array[lesion.mask.array].max() == pytest.approx(14.13, abs=0.01)
    np.testing.assert_array_equal(loaded.ct.array, patient.ct.array)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, "big endian", "implicit"])
def test_transfer_syntaxes_give_the_same_voxels(damage, simulated_study, syntax):
    patient, _ = simulated_study
    if syntax in (RLELossless, JPEGLSLossless):
        damage.change("ct", lambda _, ds: ds.compress(syntax, generate_instance_uid=False))
    else:
        for path in sorted((damage.study / "ct").glob("*.dcm")):
            ds = pydicom.dcmread(path)
            big = syntax == "big endian"
            if big:
                ds.PixelData = ds.pixel_array.astype(">u2").tobytes()
            ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian if big else pydicom.uid.ImplicitVRLittleEndian
            pydicom.dcmwrite(path, ds, implicit_vr=not big, little_endian=not big, enforce_file_format=True)
    np.testing.assert_array_equal(load_ct(damage.study / "ct").ct.array, patient.ct.array)


def test_jpeg_2000_from_another_writer_is_read(damage, simulated_study, tmp_path):
    """GDCM writes JPEG 2000 itself, through SimpleITK."""
    patient, _ = simulated_study
    for path in sorted((damage.study / "ct").glob("*.dcm")):
        ds, other = pydicom.dcmread(path), tmp_path / "other.dcm"
        image = sitk.GetImageFromArray(ds.pixel_array[None])
        writer = sitk.ImageFileWriter()
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG2000")
        writer.SetFileName(str(other))
        writer.Execute(image)
        made = pydicom.dcmread(other)
        assert made.file_meta.TransferSyntaxUID == JPEG2000Lossless
        ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
        ds.PixelData = made.PixelData
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
        ds.save_as(path)
    np.testing.assert_array_equal(load_ct(damage.study / "ct").ct.array, patient.ct.array)


def test_bits_beyond_those_stored_are_no_pixels(damage, simulated_study):
    patient, _ = simulated_study

    def overlay(_, ds):
        ds.BitsStored, ds.HighBit = 12, 11
        ds.PixelData = (np.clip(ds.pixel_array, 0, 4095) | 0x8000).astype("<u2").tobytes()

    damage.change("ct", overlay)
    np.testing.assert_array_equal(load_ct(damage.study / "ct").ct.array, np.clip(patient.ct.array, -1024, 3071))


def test_negative_stored_values_are_read(damage, simulated_study):
    patient, _ = simulated_study

    def signed(_, ds):
        ds.PixelData = (ds.pixel_array.astype(int) - 1024).astype("<i2").tobytes()
        ds.PixelRepresentation, ds.RescaleIntercept = 1, 0

    damage.change("ct", signed)
    np.testing.assert_array_equal(load_ct(damage.study / "ct").ct.array, patient.ct.array)


UNUSABLE = [
    (keyword, value, said)
    for keyword in ("RescaleSlope", "RescaleIntercept")
    for value, said in MISSING_OR_WRONG
    if (keyword, value) != ("RescaleIntercept", b"0 ")  # which is the rule
]


@pytest.mark.parametrize(("keyword", "value", "said"), UNUSABLE, ids=[f"{k}={v}" for k, v, _ in UNUSABLE])
def test_a_pet_without_usable_rescale_factors_is_refused(damage, keyword, value, said):
    if value is None:
        damage.change("pet", lambda _, ds: delattr(ds, keyword))
    else:
        damage.raw("pet", keyword, "DS", value)
    with pytest.raises(DicomError, match=rf"{keyword} .*{said}"):
        load_pet(damage.study / "pet")


def test_one_slice_without_its_slope_is_enough(damage):
    damage.change("pet", lambda number, ds: number == 50 and delattr(ds, "RescaleSlope"))
    with pytest.raises(DicomError, match="RescaleSlope is missing"):
        load_pet(damage.study / "pet")


@pytest.mark.parametrize(("value", "said"), MISSING_OR_WRONG[:4], ids=[str(v) for v, _ in MISSING_OR_WRONG[:4]])
def test_a_ct_without_intercept_is_read_by_its_own_evidence_and_said(damage, simulated_study, value, said):
    """Stored as HU + 1024, which its air and soft tissue show."""
    patient, _ = simulated_study
    if value is None:
        damage.change("ct", lambda _, ds: delattr(ds, "RescaleIntercept"))
    else:
        damage.raw("ct", "RescaleIntercept", "DS", value)
    loaded = load_pair(damage.study, damage.study)
    np.testing.assert_array_equal(loaded.ct.array, patient.ct.array)
    assert any("RescaleIntercept" in note and said in note for note in loaded.notes)
    assert any("1024 was subtracted" in note for note in loaded.notes)


def test_a_ct_stored_in_hu_without_factors_is_taken_as_stored_and_said(damage, simulated_study):
    patient, _ = simulated_study

    def bare(_, ds):
        ds.PixelData = (ds.pixel_array.astype(int) - 1024).astype("<i2").tobytes()
        ds.PixelRepresentation = 1
        del ds.RescaleIntercept, ds.RescaleSlope

    damage.change("ct", bare)
    loaded = load_ct(damage.study / "ct")
    ct, notes = loaded.ct, loaded.notes
    np.testing.assert_array_equal(ct.array, patient.ct.array)
    assert any("RescaleSlope is missing" in note and "taken as stored" in note for note in notes)


@pytest.mark.parametrize("which", ["RescaleSlope", "RescaleIntercept"])
def test_a_ct_in_which_some_slices_lack_their_factors_is_refused(damage, which):
    damage.change("ct", lambda number, ds: number in (40, 41) and delattr(ds, which))
    with pytest.raises(DicomError, match=rf"in 2 of its slices .*{which} is missing"):
        load_ct(damage.study / "ct")


def test_a_ct_whose_values_show_nothing_is_refused(damage):
    def odd(_, ds):
        ds.PixelData = (ds.pixel_array // 3).astype("<u2").tobytes()
        del ds.RescaleSlope

    damage.change("ct", odd)
    with pytest.raises(DicomError, match=r"RescaleSlope is missing, and its values do not lie as HU do"):
        load_ct(damage.study / "ct")


def test_decimal_commas_are_read_as_points(damage, simulated_study):
    damage.raw("pet", "PixelSpacing", "DS", b"4,0\\4,0 ")
    series, _ = choose(discover(damage.study / "pet"), "PT")
    assert series.geometry.same_grid(simulated_study[0].pet.geometry)
    assert any("'4,0\\4,0'" in note for note in series.notes)

    def comma(_, ds):
        from pydicom.dataelem import RawDataElement
        from pydicom.tag import Tag

        value = f"{float(ds.RescaleSlope):.6f}".replace(".", ",").encode()
        value += b" " * (len(value) % 2)
        ds._dict[Tag("RescaleSlope")] = RawDataElement(Tag("RescaleSlope"), "DS", len(value), value, 0, False, True)

    damage.change("pet", comma)
    loaded = load_pet(damage.study / "pet")
    lesion = delineate(loaded.pet, damage.seed)
    assert loaded.pet.array[lesion.mask.array].max() == pytest.approx(14.13, abs=0.01)


def test_a_ct_file_with_1024_added_is_corrected_and_said(simulated_study, tmp_path):
    from dmdp.images.volume import Volume

    patient, _ = simulated_study
    shifted = Volume(patient.ct.array + 1024, patient.ct.geometry, "HU")
    loaded = load_ct(write_volume(tmp_path / "ct.nii.gz", shifted))
    ct, notes = loaded.ct, loaded.notes
    np.testing.assert_array_equal(ct.array, patient.ct.array)
    assert "1024 was subtracted" in notes[0]


@pytest.mark.parametrize("crop", [(30, 30, 30), (60, 60, 60), (45, 10, 60)])
def test_a_ct_in_hu_is_left_alone(simulated_study, tmp_path, crop):
    from dmdp.images.volume import Volume

    patient, _ = simulated_study
    size = (20, 40, 40)
    box = tuple(slice(a, a + n) for a, n in zip(crop, size, strict=True))
    part = Volume(patient.ct.array[box], patient.ct.geometry.crop(crop, size), "HU")
    loaded = load_ct(write_volume(tmp_path / "ct.nii.gz", part))
    ct, notes = loaded.ct, loaded.notes
    np.testing.assert_array_equal(ct.array, part.array)
    assert notes == ()


@pytest.mark.data
@pytest.mark.parametrize("name", ["acrin_nsclc_042/ct", "r01_001_ct", "ibsi1/ct_phantom/dicom"])
def test_public_ct_is_read_as_sitk_reads_it_without_a_note(data, name):
    """JPEG-LS, slices 0.02 mm off: no note, the same digits."""
    series, _ = choose(discover(data(name)), "CT")
    volume = read_series(series)
    assert list(volume.provenance["notes"]) == []
    assert "unlike_viewer" not in volume.provenance
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in series.files])
    reader.SetOutputPixelType(sitk.sitkFloat32)
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(reader.Execute()))
