"""Series whose values are not what a scanner measured of one patient, or not all of it: refused, or said."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from dmdp.errors import DicomError
from dmdp.intake.load import load_ct, load_pet


@pytest.mark.parametrize(
    "kind",
    [
        ["DERIVED", "SECONDARY", "MPR", "MIP"],
        ["DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 MIP"],
        ["DERIVED", "SECONDARY", "MINIP"],
        ["DERIVED", "PRIMARY", "VOLUME", "MAX_IP"],
        ["DERIVED", "SECONDARY", "PROJECTION IMAGE"],
    ],
    ids=lambda words: words[-1],
)
def test_a_projection_is_no_ct(damage, kind):
    damage.change("ct", lambda _, ds: setattr(ds, "ImageType", kind))
    with pytest.raises(DicomError, match="it is a projection"):
        load_ct(damage.study / "ct")


def test_a_projection_with_more_slices_does_not_go_before_the_original(damage):
    original, uid = damage.slices("ct")[2:], pydicom.uid.generate_uid()
    projected = damage.slices("ct")
    for ds in projected:
        damage.renew(ds)
        ds.SeriesInstanceUID, ds.ImageType, ds.RescaleIntercept = uid, ["DERIVED", "PRIMARY", "AXIAL", "MIP"], "-500"
    damage.replace("ct", [*original, *projected])
    volume = load_ct(damage.study / "ct").ct
    assert (volume.array.shape[0], volume.array.min()) == (98, -1024)


@pytest.mark.parametrize(("kind", "usable"), [("HU", True), ("HU_MOD", True), ("US", True), ("MGML", False), ("Z_EFF", False)])
def test_a_ct_of_another_quantity_is_named(damage, simulated_study, kind, usable):
    damage.change("ct", lambda _, ds: setattr(ds, "RescaleType", kind))
    if usable:
        np.testing.assert_array_equal(load_ct(damage.study / "ct").ct.array, simulated_study[0].ct.array)
        return
    with pytest.raises(DicomError, match=rf"no HU: \(0028,1054\) RescaleType is '{kind}'"):
        load_ct(damage.study / "ct")


def test_two_reconstructions_under_one_identifier_are_not_mixed(damage):
    soft, sharp = damage.slices("ct"), damage.slices("ct")
    for ds in sharp:
        damage.renew(ds)
        ds.ConvolutionKernel = "B80"
        ds.ImagePositionPatient = [*ds.ImagePositionPatient[:2], float(ds.ImagePositionPatient[2]) + 1.5]
    damage.replace("ct", [*soft, *sharp])
    with pytest.raises(DicomError, match="different kernels"):
        load_ct(damage.study / "ct")


def test_two_patients_under_one_identifier_are_not_mixed(damage):
    damage.change("ct", lambda number, ds: setattr(ds, "PatientID", "SECRET-A" if number < 50 else "SECRET-B"))
    with pytest.raises(DicomError, match="different patients") as told:
        load_ct(damage.study / "ct")
    assert "SECRET" not in str(told.value)


@pytest.mark.parametrize("kept", [99, 60])
def test_a_pet_that_ends_early_is_said_to(damage, kept):
    damage.replace("pet", damage.slices("pet")[:kept])
    assert any(
        f"{kept} slices are here, while (0054,0081) NumberOfSlices says 100" in n for n in load_pet(damage.study / "pet").notes
    )


def test_what_was_read_otherwise_in_many_slices_is_one_note(damage):
    def commas(_, ds):
        ds._dict[pydicom.tag.Tag("RescaleSlope")] = pydicom.dataelem.RawDataElement(
            pydicom.tag.Tag("RescaleSlope"), "DS", 0, str(ds.RescaleSlope).replace(".", ",").encode(), 0, False, True
        )

    notes = load_pet(damage.change("pet", commas)).notes
    assert [note for note in notes if "RescaleSlope" in note] == [
        next(n for n in notes if n.endswith("likewise in other slices."))
    ]


def test_an_intercept_of_a_pet_is_applied_and_said(damage):
    loaded = load_pet(damage.change("pet", lambda _, ds: setattr(ds, "RescaleIntercept", "-1024")))
    assert loaded.pet.array.min() == pytest.approx(-1024 * damage.factor, rel=1e-5)
    assert sum("RescaleIntercept is -1024, while that of a PET is 0" in note for note in loaded.notes) == 1


@pytest.mark.parametrize(("units", "scale"), [("GML", 1.0), ("BQML", 1e-3)])
def test_an_suv_that_no_tissue_has_is_said(damage, units, scale):
    def change(_, ds):
        ds.Units, ds.RescaleSlope = units, f"{float(ds.RescaleSlope) * scale:.8g}"

    assert any("its values may be no SUVbw" in note for note in load_pet(damage.change("pet", change)).notes)
