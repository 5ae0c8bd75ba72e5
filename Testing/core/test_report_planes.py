"""Views: pixels that lie where they say, letters of the radiological convention, planes that show the lesion and the body."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.patients.case import Lesion
from dmdp.report.framing import close_planes, slice_point, wide_planes
from dmdp.report.planes import AXES, Plane
from scipy.spatial.transform import Rotation

OBLIQUE = Rotation.from_euler("xyz", (25, -15, 40), degrees=True).as_matrix()


def oblique_grid(shape=(40, 50, 60), spacing=(4.0, 2.0, 1.5), origin=(12.0, -30.0, 55.0)) -> Geometry:
    affine = np.eye(4)
    affine[:3, :3] = OBLIQUE[:, ::-1] * np.array(spacing)
    affine[:3, 3] = origin
    return Geometry(shape, tuple(map(tuple, affine)))


@pytest.mark.parametrize("view", AXES)
def test_a_pixel_shows_the_voxel_at_its_lps_position(view):
    geometry = oblique_grid()
    voxel = (21, 17, 33)
    array = np.zeros(geometry.shape, np.float32)
    array[voxel] = 1.0
    target = geometry.to_lps(voxel)
    away = np.zeros(3)  # the view is not centred on the voxel, but goes through it
    away[[axis for axis in range(3) if axis != Plane(view, (0, 0, 0), 1, 1).normal]] = (7.0, -11.0)
    plane = Plane(view, tuple(target + away), 60.0, 240)
    values = plane.sample(array, geometry)
    assert np.nanmax(values) > 0.8
    brightest = np.unravel_index(np.nanargmax(values), values.shape)
    assert np.linalg.norm(plane.points()[brightest] - target) < 0.5


@pytest.mark.parametrize("order", [0, 1])
def test_border_voxels_are_shown_whole(order):
    geometry = Geometry.from_spacing((4, 4, 4), (10.0, 10.0, 10.0))
    plane = Plane("axial", (15.0, 15.0, 10.0), 80.0, 80)
    values = plane.sample(np.ones(geometry.shape, np.float32), geometry, order=order)
    points = plane.points()[..., :2]
    inside = np.all((points > -5.0) & (points < 35.0), axis=-1)
    assert np.array_equal(np.isfinite(values), inside)
    assert np.all(values[inside] == 1.0)


@pytest.mark.parametrize(
    ("view", "letters"),
    [
        ("axial", {"left": "R", "right": "L", "top": "A", "bottom": "P"}),
        ("coronal", {"left": "R", "right": "L", "top": "S", "bottom": "I"}),
        ("sagittal", {"left": "A", "right": "P", "top": "S", "bottom": "I"}),
    ],
)
def test_letters_are_radiological_and_true_to_the_pixels(view, letters):
    plane = Plane(view, (0.0, 0.0, 0.0), 100.0, 11)
    assert plane.letters() == letters
    towards = {"R": (0, -1), "L": (0, 1), "A": (1, -1), "P": (1, 1), "I": (2, -1), "S": (2, 1)}
    points = plane.points()
    ends = {"left": points[5, 0], "right": points[5, -1], "top": points[0, 5], "bottom": points[-1, 5]}
    for side, letter in letters.items():
        axis, sign = towards[letter]
        assert ends[side][axis] * sign > 40


def test_slice_positions_name_the_side_of_the_origin():
    centre = (-42.71, 14.6, -121.92)
    assert [Plane(view, centre, 100.0, 10).position for view in AXES] == [
        "Axial, I 121.9 mm",
        "Coronal, P 14.6 mm",
        "Sagittal, R 42.7 mm",
    ]


def test_slices_go_through_the_centroid_of_a_compact_lesion():
    mask = np.zeros((40, 50, 60), bool)
    mask[10:21, 20:31, 30:35] = True
    geometry = oblique_grid()
    assert slice_point(Lesion(Mask(mask, geometry), "manual")) == pytest.approx(tuple(geometry.to_lps((15, 25, 32))))


def test_slices_of_two_islands_go_through_one():
    geometry = Geometry.from_spacing((40, 40, 40), (3.0, 2.0, 2.0))
    mask = np.zeros(geometry.shape, bool)
    mask[5:9, 5:9, 5:9] = mask[30:33, 30:33, 30:33] = True
    point = slice_point(Lesion(Mask(mask, geometry), "pet41"))
    assert mask[geometry.nearest_voxel(point)]
    for plane in close_planes(point, 120):
        assert plane.sample(mask.view(np.uint8), geometry, order=0, outside=0.0).any()


BODY_CENTRE, BODY_HALF = np.array([45.0, -20.0]), np.array([170.0, 110.0])


@pytest.fixture(scope="module")
def thorax() -> Volume:
    """An elliptic trunk off the scan's centre, as long as the scan (600 mm), on a thin couch."""
    geometry = Geometry.from_spacing((120, 130, 130), (5.0, 4.0, 4.0), (-258.0, -258.0, -300.0))
    z, y, x = np.indices(geometry.shape)
    lps = geometry.to_lps(np.stack([z, y, x], axis=-1))
    hu = np.full(geometry.shape, -1000.0, np.float32)
    hu[(((lps[..., :2] - BODY_CENTRE) / BODY_HALF) ** 2).sum(axis=-1) <= 1] = 40.0
    hu[np.abs(lps[..., 1] - 130.0) < 4.0] = 100.0
    return Volume(hu, geometry, "HU")


def test_wide_views_are_centred_on_the_body(thorax):
    lesion = (-60.0, -10.0, 30.0)
    axial, coronal, sagittal = wide_planes(thorax, lesion, 100)
    assert axial.centre[:2] == pytest.approx(tuple(BODY_CENTRE), abs=8.0)
    assert axial.width_mm == pytest.approx(2 * BODY_HALF[0] + 24, abs=16.0)
    assert coronal.centre[0] == pytest.approx(BODY_CENTRE[0], abs=8.0)
    assert sagittal.centre[1] == pytest.approx(BODY_CENTRE[1], abs=8.0)
    assert [plane.centre[plane.normal] for plane in (axial, coronal, sagittal)] == [30.0, -10.0, -60.0]
    assert coronal.centre[2] == sagittal.centre[2] == 30.0  # the trunk is longer than the view: the lesion leads


@pytest.mark.parametrize("lesion", [(-100.0, -10.0, 270.0), (200.0, 0.0, -290.0), (0.0, -120.0, 0.0)])
def test_the_lesion_never_leaves_a_wide_view(thorax, lesion):
    for plane in wide_planes(thorax, lesion, 100):
        offset = np.delete(np.subtract(lesion, plane.centre), plane.normal)
        assert np.all(np.abs(offset) <= plane.width_mm / 2 - 11.9)


def test_without_a_body_the_view_is_centred_on_the_lesion():
    air = Volume(np.full((20, 20, 20), -1000.0), Geometry.from_spacing((20, 20, 20), (5.0, 5.0, 5.0)), "HU")
    for plane in wide_planes(air, (50.0, 40.0, 30.0), 50):
        assert plane.centre == (50.0, 40.0, 30.0)
        assert plane.width_mm == 300.0
