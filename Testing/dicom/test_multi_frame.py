"""Enhanced and legacy-converted multi-frame CT and PET give the voxels and the SUV of the single slices."""

from __future__ import annotations

import copy

import numpy as np
import pydicom
import pytest
from dmdp.dicom.series import discover
from dmdp.errors import DicomError, InputError
from dmdp.intake.load import load_ct, load_pair, load_pet
from pydicom.dataset import Dataset

PER_SLICE = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "RescaleSlope",
    "RescaleIntercept",
)
CLASSIC_PET = (
    "Units", "DecayCorrection", "CorrectedImage", "SeriesType", "CountsSource", "NumberOfSlices", "ImageIndex",
    "FrameReferenceTime", "ActualFrameDuration", "AcquisitionDate", "AcquisitionTime", "SeriesDate", "SeriesTime",
)  # fmt: skip


def item(**values) -> list[Dataset]:
    """A sequence of one item."""
    ds = Dataset()
    for name, value in values.items():
        setattr(ds, name, value)
    return [ds]


def multi_frame(damage, which: str, uid: str, change=None, order=None) -> Dataset:
    """The series as one object of class ``uid``; ``change(group, slice)`` adds to a frame's functional groups."""
    found = damage.slices(which)
    found = [found[i] for i in order] if order is not None else found
    whole, groups = copy.deepcopy(found[0]), []
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = uid
    whole.NumberOfFrames, whole.PixelData = len(found), b"".join(ds.PixelData for ds in found)
    for ds in found:
        (group,) = item(
            PlanePositionSequence=item(ImagePositionPatient=ds.ImagePositionPatient),
            PixelValueTransformationSequence=item(
                RescaleSlope=ds.RescaleSlope, RescaleIntercept=ds.RescaleIntercept, RescaleType="BQML" if which == "pet" else "HU"
            ),
        )
        if change:
            change(group, ds)
        groups.append(group)
    whole.PerFrameFunctionalGroupsSequence = groups
    whole.SharedFunctionalGroupsSequence = item(
        PlaneOrientationSequence=item(ImageOrientationPatient=whole.ImageOrientationPatient),
        PixelMeasuresSequence=item(PixelSpacing=whole.PixelSpacing, SliceThickness=whole.SliceThickness),
    )
    for name in PER_SLICE:
        delattr(whole, name)
    return whole


def factor(loaded) -> float:
    return loaded.suv_audit.factors["SUVbw"]


def test_an_enhanced_pet_is_read(damage, simulated_study):
    before = load_pet(damage.study / "pet")
    damage.replace("pet", [multi_frame(damage, "pet", "1.2.840.10008.5.1.4.1.1.130")])
    loaded = load_pair(damage.study, damage.study)
    assert factor(loaded) == pytest.approx(damage.factor, rel=1e-5)
    np.testing.assert_array_equal(loaded.pet.array, before.pet.array)
    assert loaded.pet.geometry.same_grid(simulated_study[0].pet.geometry)


@pytest.mark.parametrize("corrected_to", ["scan", "injection"])
def test_an_enhanced_pet_that_has_only_its_own_tags_is_read(damage, corrected_to):
    """PS3.3 A.56: units by RescaleType, the corrections one by one, and the moment to which decay was corrected."""
    before = load_pet(damage.study / "pet")

    def content(group, ds):
        group.FrameContentSequence = item(
            FrameAcquisitionDateTime="20200101100000", FrameReferenceDateTime="20200101100100", FrameAcquisitionDuration=120000.0
        )

    whole = multi_frame(damage, "pet", "1.2.840.10008.5.1.4.1.1.130", content)
    for name in CLASSIC_PET:
        if name in whole:
            delattr(whole, name)
    whole.AttenuationCorrected = whole.DecayCorrected = "YES"
    whole.DecayCorrectionDateTime = "20200101100000" if corrected_to == "scan" else "20200101090000"
    damage.replace("pet", [whole])
    loaded = load_pet(damage.study / "pet")
    expected = damage.factor if corrected_to == "scan" else 64 * 1000 / 350e6
    assert factor(loaded) == pytest.approx(expected, rel=1e-5)
    assert loaded.pet.array.shape == before.pet.array.shape


def test_an_enhanced_pet_without_attenuation_correction_is_refused(damage):
    whole = multi_frame(damage, "pet", "1.2.840.10008.5.1.4.1.1.130")
    del whole.CorrectedImage
    whole.AttenuationCorrected, whole.DecayCorrected = "NO", "YES"
    damage.replace("pet", [whole])
    with pytest.raises(DicomError, match="not attenuation corrected"):
        load_pet(damage.study / "pet")


def test_a_legacy_converted_pet_keeps_its_times_in_the_unassigned_attributes(damage):
    names = ("AcquisitionDate", "AcquisitionTime", "ActualFrameDuration", "FrameReferenceTime")

    def unassigned(group, ds):
        group.UnassignedPerFrameConvertedAttributesSequence = item(**{name: ds.get(name) for name in names})
        group.ConversionSourceAttributesSequence = item(
            ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID
        )

    whole = multi_frame(damage, "pet", "1.2.840.10008.5.1.4.1.1.128.1", unassigned)
    shared = {name: whole[name].value for name in ("Units", "DecayCorrection", "CorrectedImage", "PatientWeight")}
    whole.SharedFunctionalGroupsSequence[0].UnassignedSharedConvertedAttributesSequence = item(**shared)
    for name in (*names, *shared):
        delattr(whole, name)
    damage.replace("pet", [whole])
    assert factor(load_pet(damage.study / "pet")) == pytest.approx(damage.factor, rel=1e-5)


@pytest.mark.parametrize("uid", ["1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"], ids=["enhanced", "legacy"])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "rle"])
def test_a_multi_frame_ct_is_read_in_the_order_of_its_positions(damage, simulated_study, uid, compressed):
    order = np.random.default_rng(3).permutation(len(damage.slices("ct")))
    whole = multi_frame(damage, "ct", uid, order=order)
    if compressed:
        whole.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    damage.replace("ct", [whole])
    np.testing.assert_array_equal(load_ct(damage.study / "ct").ct.array, simulated_study[0].ct.array)


def test_volumes_in_several_objects_of_one_series_are_one(damage, simulated_study):
    """Concatenations: the frames of a series in two objects."""
    first = multi_frame(damage, "ct", "1.2.840.10008.5.1.4.1.1.2.1", order=range(60))
    second = multi_frame(damage, "ct", "1.2.840.10008.5.1.4.1.1.2.1", order=range(60, 100))
    damage.renew(second)
    damage.replace("ct", [first, second])
    np.testing.assert_array_equal(load_ct(damage.study / "ct").ct.array, simulated_study[0].ct.array)


def test_time_points_in_one_object_are_refused(damage):
    damage.replace("pet", [multi_frame(damage, "pet", "1.2.840.10008.5.1.4.1.1.130", order=[*range(100), 50])])
    with pytest.raises(DicomError, match="same slice position"):
        load_pet(damage.study / "pet")


def test_a_cut_off_multi_frame_object_is_named(damage):
    folder = damage.replace("ct", [multi_frame(damage, "ct", "1.2.840.10008.5.1.4.1.1.2.1")])
    path = folder / "0000.dcm"
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DicomError, match=r"0000\.dcm"):
        load_ct(folder)


def test_frames_without_groups_are_no_volume(damage):
    whole = multi_frame(damage, "ct", "1.2.840.10008.5.1.4.1.1.2.1")
    del whole.PerFrameFunctionalGroupsSequence
    damage.replace("ct", [whole])
    assert "is missing" in discover(damage.study / "ct").rejected[0].reason
    with pytest.raises(InputError):
        load_ct(damage.study / "ct")


@pytest.mark.parametrize(("which", "uid"), [("ct", "1.2.840.10008.5.1.4.1.1.2.1"), ("pet", "1.2.840.10008.5.1.4.1.1.130")])
def test_objects_on_a_multi_frame_image_lie_on_its_frames(damage, which, uid):
    damage.replace(which, [multi_frame(damage, which, uid)])
    read = damage.segmentation(which)
    referenced = read.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert [str(item.ReferencedSOPClassUID) for item in referenced] == [uid]


@pytest.mark.parametrize(("cut", "expected"), [(5, [0, 1]), (60, [0]), (3, [1])])
def test_every_multi_frame_object_that_holds_a_marked_slice_is_referred_to(damage, cut, expected):
    """Slices 4 to 6 are marked; the series is in two objects, cut before slice ``cut``."""
    uid = "1.2.840.10008.5.1.4.1.1.2.1"
    objects = [multi_frame(damage, "ct", uid, order=order) for order in (range(cut), range(cut, 100))]
    damage.renew(objects[1])
    damage.replace("ct", objects)
    referenced = damage.segmentation("ct").ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert [str(item.ReferencedSOPInstanceUID) for item in referenced] == [str(objects[n].SOPInstanceUID) for n in expected]
