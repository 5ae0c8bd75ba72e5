"""Sections, planes and directions are the patient's, however the slices were stored."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from dmdp.delineation.pet import delineate
from dmdp.features.ct import ct_features
from dmdp.images.axes import order, right_angled, sharpest_angle, storage, upright, upright_volume
from dmdp.images.files import to_sitk
from dmdp.images.volume import Geometry, Volume
from dmdp.patients.case import Case
from dmdp.pet_features import pet_features
from dmdp.radiomics.parameters import from_document
from dmdp.radiomics.profile import Profile
from dmdp.regions.ct_regions import ct_regions
from dmdp.regions.thorax import find_thorax

PERMUTED = {"coronal": [0, 2, 1], "sagittal": [1, 2, 0], "rows and columns": [1, 0, 2]}  # SimpleITK's axes: x, y, z
STORED = {
    "coronal": "coronal slices",
    "sagittal": "sagittal slices",
    "rows and columns": "axial slices whose rows and columns are exchanged",
}
IN_PLANE = Profile(
    "in planes", classes=("shape", "firstorder", "glcm"), spacing_mm=(1.0, 1.0, 1.0), force_2d_axis=0, wavelet="coif1"
)
TWO_D = ("Slice", "Column", "Row")


def restored(volume: Volume, axes: list[int], flips: tuple[bool, bool, bool] = (False, False, False)) -> Volume:
    """The same voxels in the same places in another order."""
    image = sitk.Flip(sitk.PermuteAxes(to_sitk(volume.array, volume.geometry), axes), flips, False)
    return Volume(sitk.GetArrayFromImage(image), Geometry.from_sitk(image), volume.unit, volume.provenance)


@pytest.fixture(scope="module")
def case(simulated_study):
    patient, _ = simulated_study
    return case_of(patient.ct, patient.pet, patient.seed_lps)


def case_of(ct: Volume, pet: Volume, seed) -> Case:
    lesion = delineate(pet, tuple(seed))
    return Case({"CT": ct, "PET": pet}, {"PET": lesion, "CT": lesion.onto(ct.geometry, "CT")})


def test_axial_storage_stays_as_it_is():
    array = np.arange(24.0).reshape(2, 3, 4)
    for matrix in (np.diag([1.0, 1, 1]), np.diag([-1.0, -1, 1]), np.diag([1.0, -1, -1])):
        affine = np.eye(4)
        affine[:3, :3] = matrix[:, ::-1] * (3.0, 2.0, 1.0)
        geometry = Geometry(array.shape, tuple(map(tuple, affine)))
        same, grid = upright(array, geometry)
        assert same is array
        assert grid is geometry
        assert storage(geometry) is None


def test_an_oblique_grid_is_called_by_its_nearest_axes():
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    small, _ = np.linalg.qr(np.eye(3) + 0.2 * turn)
    affine = np.eye(4)
    affine[:3, :3] = (np.abs(np.diag(small)) * np.eye(3) + 0.1)[:, ::-1]
    assert order(Geometry((4, 5, 6), tuple(map(tuple, affine)))) == (0, 1, 2)


@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True), (False, True, False)])
@pytest.mark.parametrize("name", PERMUTED)
def test_upright_is_what_was_turned(case, name, flips):
    turned = restored(case.pet, PERMUTED[name], flips)
    assert storage(turned.geometry) == STORED[name]
    back = upright_volume(turned)
    assert back.geometry.same_grid(case.pet.geometry)
    assert np.array_equal(back.array, case.pet.array)


@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True)])
@pytest.mark.parametrize("name", PERMUTED)
def test_pet_features_do_not_depend_on_the_order_of_storage(case, simulated_study, name, flips):
    seed = simulated_study[0].seed_lps
    plain = {n: f.value for n, f in pet_features(case.pet, case.pet_lesion).items()}
    pet = restored(case.pet, PERMUTED[name], flips)
    found = {n: f.value for n, f in pet_features(pet, delineate(pet, tuple(seed))).items()}
    assert found == pytest.approx(plain, rel=1e-6, nan_ok=True)


def test_the_numbers_of_the_simulated_patient(case):
    found = pet_features(case.pet, case.pet_lesion)
    assert found["suv_area"].value == pytest.approx(9.60, abs=0.01)
    assert found["suv_mean_sd_xy"].value == pytest.approx(8.05, abs=0.05)
    assert found["suv_mean_sd_xz"].value == pytest.approx(8.03, abs=0.05)


@pytest.mark.parametrize("name", PERMUTED)
def test_our_profiles_measure_along_the_patient(case, simulated_study, name):
    """2-D diameters, textures in axial planes and the letters of wavelet bands."""
    seed = simulated_study[0].seed_lps
    turned = case_of(restored(case.ct, PERMUTED[name]), restored(case.pet, PERMUTED[name]), seed)
    plain, other = (
        ct_features(c, ct_regions(c.ct, c.ct_lesion, find_thorax(c.ct)), IN_PLANE, ("tumour", "reg5", "shell_3_6"))
        for c in (case, turned)
    )
    for region, features in plain.regions.items():
        values = {n: f.value for n, f in features.items()}
        assert {n: f.value for n, f in other.regions[region].items()} == pytest.approx(values, rel=1e-4, abs=1e-3, nan_ok=True)
    assert plain.notes == other.notes == ()


def test_a_parameter_file_follows_the_array_and_says_so(case, simulated_study):
    turned = case_of(restored(case.ct, PERMUTED["coronal"]), case.pet, simulated_study[0].seed_lps)
    settings = from_document("file", {"featureClass": {"shape": None}})
    plain, other = (
        ct_features(c, ct_regions(c.ct, c.ct_lesion, find_thorax(c.ct)), settings, ("tumour",)) for c in (case, turned)
    )
    names = [f"original_shape_Maximum2DDiameter{name}" for name in TWO_D]
    a, b = ([found.regions["tumour"][name].value for name in names] for found in (plain, other))
    assert b == pytest.approx([a[1], a[0], a[2]])  # slices and columns of the array have changed places
    assert any("coronal slices" in note for note in other.notes)
    assert not any("stored in" in note for note in plain.notes)


def test_lung_is_found_in_any_order_of_storage(case):
    plain = find_thorax(case.ct)
    turned = find_thorax(restored(case.ct, PERMUTED["sagittal"], (True, False, False)))
    assert turned.lung.volume_ml == pytest.approx(plain.lung.volume_ml)
    assert turned.lung.geometry.same_grid(plain.lung.geometry)


def test_how_far_axes_are_from_right_angles():
    axes = np.diag([1.0, 2.0, 3.0])
    assert right_angled(axes, (10, 10, 10))[1] == pytest.approx(0, abs=1e-12)
    assert sharpest_angle(axes) == pytest.approx(90)
    leaning = axes + np.array([[0, 0, 0], [0, 0, 0.3], [0, 0, 0]])
    nearest, away = right_angled(leaning, (10, 10, 101))
    assert np.allclose(nearest.T @ nearest, np.diag(np.diag(nearest.T @ nearest)))
    assert 5 < away < 11
    assert sharpest_angle(leaning) == pytest.approx(np.degrees(np.arctan(10)))
    with pytest.raises(ValueError, match="no volume"):
        right_angled(np.ones((3, 3)), (2, 2, 2))


def test_a_lesion_of_another_grid_is_still_refused(case):
    with pytest.raises(Exception, match="another voxel grid"):
        pet_features(case.pet, case.ct_lesion)
