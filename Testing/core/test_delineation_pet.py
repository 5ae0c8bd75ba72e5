"""The seeded lesion on phantoms whose truth is known by construction."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from dmdp.delineation.methods import METHODS
from dmdp.delineation.pet import delineate
from dmdp.errors import LesionError, UsageError
from dmdp.images.volume import Geometry, Volume

GRID = Geometry.from_spacing((50, 50, 50), (3.0, 4.0, 4.0), (-98.0, -98.0, -73.5))


def pet(*balls: tuple[tuple[float, float, float], float, float], background: float = 1.0) -> Volume:
    """Balls of (centre LPS, radius mm, SUV) in a background; later ones win."""
    points = GRID.to_lps(np.moveaxis(np.indices(GRID.shape), 0, -1))
    array = np.full(GRID.shape, background, np.float32)
    for centre, radius, suv in balls:
        array[np.linalg.norm(points - np.array(centre), axis=-1) <= radius] = suv
    return Volume(array, GRID, "SUVbw g/ml")


def test_levels_nest_and_hold_the_seed():
    image = pet(((0, 0, 0), 30, 2.7), ((0, 0, 0), 24, 3.2), ((0, 0, 0), 18, 5.0), ((0, 0, 0), 9, 12.0))
    masks = {m: delineate(image, (1, 1, 1), m).mask.array for m in METHODS}
    nested = ["pet50", "suv4", "suv3", "suv2.5"]
    for small, large in itertools.pairwise(nested):
        assert masks[small].sum() < masks[large].sum()
        assert not (masks[small] & ~masks[large]).any()
    np.testing.assert_array_equal(masks["auto"], masks["suv4"])
    np.testing.assert_array_equal(masks["suv4"], image.array >= 4)
    np.testing.assert_array_equal(masks["pet50"], image.array >= 6)


def test_a_faint_lesion_uses_the_lower_level():
    image = pet(((0, 0, 0), 15, 3.1))
    np.testing.assert_array_equal(delineate(image, (0, 0, 0)).mask.array, image.array >= 2.5)
    with pytest.raises(LesionError, match=r"SUV is 3\.10"):
        delineate(image, (0, 0, 0), "suv4")


def test_neighbours_that_do_not_touch_are_left_out():
    image = pet(((-40, 0, 0), 15, 8.0), ((40, 0, 0), 15, 9.0))
    mask = delineate(image, (-40, 0, 0)).mask.array
    assert mask.any()
    assert GRID.to_lps(np.argwhere(mask))[:, 0].max() < 0


def test_the_cap_cuts_and_says_so():
    image = pet(((0, 0, 0), 85, 6.0))
    lesion = delineate(image, (0, 0, 0), radius_mm=40)
    distance = np.linalg.norm(GRID.to_lps(np.argwhere(lesion.mask.array)), axis=1)
    assert distance.max() <= 40
    assert lesion.volume_ml == pytest.approx(4 / 3 * np.pi * 4**3, rel=0.03)
    assert any("beyond 40 mm" in note for note in lesion.notes)


def test_islands_are_kept_and_a_seed_outside_is_said():
    image = pet(((0, 0, 0), 40, 5.0), ((-25, 0, 0), 8, 20.0), ((25, 0, 0), 8, 18.0))
    lesion = delineate(image, (0, 0, 0), "pet41")
    np.testing.assert_array_equal(lesion.mask.array, image.array >= 0.41 * 20)
    assert any("2 islands" in note for note in lesion.notes)
    assert any("seed lies outside" in note for note in lesion.notes)


def test_touching_the_edge_is_said():
    lesion = delineate(pet(((-98, 0, 0), 20, 8.0)), (-95, 0, 0))
    assert any("edge" in note for note in lesion.notes)


def test_a_seed_that_is_not_a_number_is_refused():
    image = pet(((0, 0, 0), 15, 8.0))
    array = np.array(image.array)
    array[image.geometry.nearest_voxel((0, 0, 0))] = np.nan
    for method in METHODS:
        with pytest.raises(LesionError, match="SUV is nan"):
            delineate(Volume(array, GRID, image.unit), (0, 0, 0), method)


def test_a_radius_below_a_voxel_holds_the_seed_alone():
    with pytest.raises(LesionError, match="1 voxel"):
        delineate(pet(((0, 0, 0), 15, 8.0)), (0, 0, 0), radius_mm=0.5)


def test_voxels_that_touch_by_an_edge_are_not_connected():
    """Connection is through faces; ACRIN's two islands at 41 % would be one otherwise."""
    array = np.ones(GRID.shape, np.float32)
    array[20:22, 20:22, 20:22] = 9.0
    array[20:22, 22:24, 22:24] = 9.0
    lesion = delineate(Volume(array, GRID, "SUVbw g/ml"), tuple(GRID.to_lps((20, 20, 20))))
    assert lesion.voxels == 8


def test_refusals_say_what_was_found():
    image = pet(((0, 0, 0), 15, 8.0))
    with pytest.raises(LesionError, match=r"outside the PET.*98\.0"):
        delineate(image, (500, 0, 0))
    with pytest.raises(LesionError, match=r"SUV is 1\.00"):
        delineate(image, (80, 80, 0))
    with pytest.raises(UsageError, match="pet41"):
        delineate(image, (0, 0, 0), "magic")
    with pytest.raises(LesionError, match="1 voxel"):
        delineate(pet(((2, 2, 1.5), 1.0, 9.0)), (2, 2, 1.5))
