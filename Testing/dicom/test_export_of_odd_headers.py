"""Objects are written wherever the standard allows, and where it does not the tag is named and nobody."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.errors import InputError


@pytest.fixture
def small(damage):
    """A study of twelve slices each, quick to damage and to export."""
    for which in ("ct", "pet"):
        damage.replace(which, damage.slices(which)[60:72])
    return damage


ABSENT = [
    "SliceThickness", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName", "PositionReferenceIndicator", "Manufacturer", "InstanceNumber", "SeriesNumber",
    "PatientAge", "PatientPosition", "SliceLocation", "ContentDate", "ImageType",
]  # fmt: skip


@pytest.mark.parametrize("keyword", ABSENT)
def test_what_the_standard_lets_be_unknown_may_be_absent(small, keyword):
    small.change("ct", lambda _, ds: keyword in ds and delattr(ds, keyword))
    read = small.segmentation("ct")
    measures = read.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert float(measures.SliceThickness) == pytest.approx(3.0)


WRONG = [
    ("SliceThickness", "DS", b""), ("SliceThickness", "DS", b"abc "), ("SliceThickness", "DS", b"3,0 "),
    ("SliceThickness", "DS", b"0 "), ("SpacingBetweenSlices", "DS", b"x "), ("PixelSpacing", "DS", b"2,0\\2,0 "),
    ("StudyDate", "DA", b"01.01.2020"), ("StudyTime", "TM", b"ten "), ("PatientBirthDate", "DA", b"1958-01-01"),
    ("PatientSex", "CS", b"female"), ("PatientAge", "AS", b"62"), ("PatientWeight", "DS", b"64,0"),
    ("PatientSize", "DS", b"tall"), ("SeriesNumber", "IS", b"two "), ("InstanceNumber", "IS", b"1.5 "),
    ("AcquisitionDate", "DA", b"unknown "), ("PatientName", "PN", b"M\xfcller^\xff "),
]  # fmt: skip


@pytest.mark.parametrize(("keyword", "vr", "value"), WRONG, ids=[f"{k}={v!r}" for k, _, v in WRONG])
def test_values_that_their_tag_does_not_allow_do_not_keep_an_object_from_being_written(small, keyword, vr, value):
    small.raw("ct", keyword, vr, value)
    read = small.segmentation("ct")
    assert float(read.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing[0]) > 0


def test_a_pet_without_slice_thickness_is_written(small):
    small.change("pet", lambda _, ds: delattr(ds, "SliceThickness"))
    small.segmentation("pet")


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID"])
def test_a_missing_identifier_is_named(small, keyword):
    small.change("ct", lambda _, ds: delattr(ds, keyword))
    with pytest.raises(InputError, match=rf"\(\w{{4}},\w{{4}}\) {keyword} is missing") as caught:
        small.segmentation("ct")
    assert "SIMULATED" not in str(caught.value)


def test_objects_on_a_tilted_ct_lie_on_the_upright_grid(damage):
    damage.sheared(15)
    damage.segmentation("ct")


def test_objects_on_unequal_slices_lie_on_the_even_grid(damage):
    damage.resliced("ct", [*np.arange(-150, 0, 2.8), *np.arange(2.4, 145, 4.0)])
    damage.segmentation("ct")
