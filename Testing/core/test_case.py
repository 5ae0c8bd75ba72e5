"""Geometry is where errors hide: an oblique grid must take points there and back."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from dmdp.errors import GeometryError, InputError
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.patients.case import Clinical, Lesion


def oblique_image() -> sitk.Image:
    image = sitk.Image([9, 7, 5], sitk.sitkFloat32)
    image.SetSpacing((0.8, 1.1, 3.3))
    image.SetOrigin((-12.0, 34.0, 5.5))
    turn = sitk.Euler3DTransform((0, 0, 0), 0.3, -0.2, 0.5)
    image.SetDirection(turn.GetMatrix())
    return image


def test_geometry_agrees_with_simpleitk_on_an_oblique_grid():
    image = oblique_image()
    geometry = Geometry.from_sitk(image)
    assert geometry.shape == (5, 7, 9)
    assert geometry.spacing == pytest.approx((3.3, 1.1, 0.8))
    assert geometry.voxel_ml == pytest.approx(0.8 * 1.1 * 3.3 / 1000)
    for index in ((0, 0, 0), (4, 6, 8), (1, 2, 3)):
        expected = image.TransformIndexToPhysicalPoint(index[::-1])
        assert geometry.to_lps(index) == pytest.approx(expected)
        assert geometry.nearest_voxel(expected) == index
    crop = geometry.crop((1, 2, 3), (2, 2, 2))
    assert crop.to_lps((0, 0, 0)) == pytest.approx(geometry.to_lps((1, 2, 3)))


def test_nearest_voxel_is_none_outside():
    geometry = Geometry.from_spacing((4, 4, 4), (2, 2, 2))
    assert geometry.nearest_voxel((-1.1, 0, 0)) is None
    assert geometry.nearest_voxel((6.9, 6.9, 6.9)) == (3, 3, 3)


def test_same_grid_sees_a_shift_of_a_tenth_of_a_millimetre():
    a = Geometry.from_spacing((4, 4, 4), (2, 2, 2))
    assert a.same_grid(Geometry.from_spacing((4, 4, 4), (2, 2, 2), (0.001, 0, 0)))
    assert not a.same_grid(Geometry.from_spacing((4, 4, 4), (2, 2, 2), (0.1, 0, 0)))
    assert not a.same_grid(Geometry.from_spacing((4, 4, 5), (2, 2, 2)))


def test_values_are_immutable_and_checked():
    geometry = Geometry.from_spacing((2, 2, 2), (1, 1, 1))
    source = np.zeros((2, 2, 2), np.float32)
    volume = Volume(source, geometry, "HU", {"modality": "CT"})
    with pytest.raises(ValueError, match="read-only"):
        volume.array[0] = 1
    source[0] = 5  # the caller's own array stays writable
    with pytest.raises(TypeError):
        volume.provenance["x"] = 1
    with pytest.raises(GeometryError):
        Volume(np.zeros((2, 2, 3)), geometry, "HU")
    lesion = Lesion(Mask(np.ones((2, 2, 2), bool), geometry), "manual")
    assert lesion.volume_ml == pytest.approx(0.008)
    assert lesion.centroid == pytest.approx((0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("values", "code"),
    [({"age": -3}, "clinical.age"), ({"sex": "W"}, "clinical.sex"), ({"smoking": "yes"}, "clinical.smoking")],
)
def test_clinical_values_are_checked(values, code):
    with pytest.raises(InputError) as caught:
        Clinical(**values)
    assert caught.value.code == code


def test_samples_reach_every_slice_and_both_edges():
    grid = Geometry.from_spacing((3, 5, 9), (2.0, 10.0, 5.0), (1.0, 2.0, 3.0))
    points = grid.samples(20.0)
    assert points.shape == (3 * 3 * 3, 3)
    assert points.min(axis=0) == pytest.approx((1, 2, 3))
    assert points.max(axis=0) == pytest.approx((41, 42, 7))
    assert Geometry.from_spacing((2, 1, 1), (1, 1, 1)).samples(20.0).shape == (2, 3)
