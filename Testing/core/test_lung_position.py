"""In or next to lung, on bodies made of ellipsoids."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.applicability.alignment import pet_ct_offset
from dmdp.applicability.lung import lung_position
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.patients.case import Case, Lesion
from dmdp.regions.thorax import find_thorax, lung_mask
from dmdp_training.simulate import simulate_patient

GRID = Geometry.from_spacing((60, 96, 96), (4.0, 4.0, 4.0), (-190.0, -190.0, -120.0))
POINTS = GRID.to_lps(np.moveaxis(np.indices(GRID.shape), 0, -1))


def ellipsoid(centre, radii) -> np.ndarray:
    return (((POINTS - np.array(centre)) / np.array(radii)) ** 2).sum(axis=-1) <= 1


def thorax(noise=20.0, room=-1000.0, lung=-850.0) -> Volume:
    rng = np.random.default_rng(0)
    hu = np.where(ellipsoid((0, 0, 0), (165, 110, 1000)), 40.0, room)
    for side in (-1, 1):
        hu[ellipsoid((75 * side, 0, 20), (55, 80, 90))] = lung
    return Volume(hu + rng.normal(0, noise, hu.shape), GRID, "HU")


def ball(centre, radius) -> Lesion:
    return Lesion(Mask(np.linalg.norm(POINTS - np.array(centre), axis=-1) <= radius, GRID), "manual")


@pytest.mark.parametrize("noise", [5.0, 40.0])
def test_lung_and_nothing_else_is_lung(noise):
    ct = thorax(noise)
    truth = ellipsoid((75, 0, 20), (55, 80, 90)) | ellipsoid((-75, 0, 20), (55, 80, 90))
    found = lung_mask(ct.array, ct.geometry)
    overlap = 2 * (found & truth).sum() / (found.sum() + truth.sum())
    assert overlap > 0.9


@pytest.mark.parametrize("room", [-1000.0, -960.0])
def test_a_table_in_a_noisy_room_is_no_lung(room):
    ct = thorax(40.0, room)
    skin = ball((0, -115, 0), 14)
    assert not lung_position(find_thorax(ct), skin).inside_or_next_to_lung


def test_lung_with_emphysema_is_still_lung():
    hu = thorax(30.0, lung=-915.0).array.copy()
    bullae = np.random.default_rng(1).uniform(size=GRID.shape) < 0.4
    hu[(hu < -700) & ellipsoid((0, 0, 0), (150, 100, 1000)) & bullae] = -1010.0
    tumour = ball((75, 0, 20), 15)
    position = lung_position(find_thorax(Volume(np.where(tumour.mask.array, 40.0, hu), GRID, "HU")), tumour)
    assert position.inside_or_next_to_lung, position.sentence


def test_gas_in_bowel_is_no_lung():
    x, y, z = np.moveaxis(POINTS, -1, 0)
    loop = np.hypot(np.hypot(x, y + 40) - 45, z + 95) <= 11  # a ring of gas and stool, too thin to show free air
    belly = np.where(loop, -900.0, thorax(10.0, lung=40.0).array)
    inside_the_loop = ball((0, -40, -95), 32)
    position = lung_position(find_thorax(Volume(belly, GRID, "HU")), inside_the_loop)
    assert position.lung_ml == 0
    assert not position.inside_or_next_to_lung, position.sentence


@pytest.mark.parametrize(
    ("centre", "radius", "inside"),
    [
        ((75, 0, 20), 15, True),  # in the lung
        ((125, 0, 20), 14, True),  # at the chest wall
        ((30, 0, 20), 12, True),  # at the hilum
        ((0, 60, -20), 14, False),  # behind, in the mediastinum
        ((60, 40, -110), 20, False),  # below the lung
    ],
)
def test_places(centre, radius, inside):
    ct = thorax()
    lesion = ball(centre, radius)
    hu = np.where(lesion.mask.array, 40.0, ct.array)
    position = lung_position(find_thorax(Volume(hu, GRID, "HU")), lesion)
    assert position.inside_or_next_to_lung is inside, position.sentence


def test_no_lung_in_the_image():
    position = lung_position(find_thorax(Volume(np.full(GRID.shape, 40.0), GRID, "HU")), ball((0, 0, 0), 15))
    assert position.distance_mm is None
    assert "No lung" in position.sentence


def test_a_lesion_outside_the_image_is_said_to_be_so():
    far = Geometry.from_spacing((4, 4, 4), (4, 4, 4), (0, 0, 900))
    position = lung_position(find_thorax(thorax()), Lesion(Mask(np.ones(far.shape, bool), far), "manual"))
    assert "outside the CT" in position.sentence
    assert not position.inside_or_next_to_lung


def test_a_lesion_that_fills_the_image_gets_a_number():
    crop = Geometry.from_spacing((20, 20, 20), (3, 3, 3))
    everything = Lesion(Mask(np.ones(crop.shape, bool), crop), "manual")
    assert lung_position(find_thorax(Volume(np.full(crop.shape, -800.0), crop, "HU")), everything).contact == 0.0


def test_a_lesion_below_the_working_grid_is_still_placed():
    fine = Geometry.from_spacing((4, 4, 4), (1, 1, 1), (70, 0, 20))
    tiny = np.zeros(fine.shape, bool)
    tiny[1, 1, 1:3] = True
    assert lung_position(find_thorax(thorax()), Lesion(Mask(tiny, fine), "manual")).inside_or_next_to_lung


def test_simulated_tumours_lie_in_lung():
    for seed in range(6):
        p = simulate_patient(seed)
        assert lung_position(find_thorax(p.ct), Lesion(p.lesion_ct, "manual")).inside_or_next_to_lung


def test_offset_is_measured_only_between_two_drawn_contours():
    pet_lesion, ct_lesion = ball((75, 0, 20), 15), ball((75, 12, 20), 15)
    images = dict.fromkeys(("CT", "PET"), Volume(np.zeros(GRID.shape), GRID, "1"))
    carried = Case(images, {"PET": pet_lesion, "CT": Lesion(ct_lesion.mask, "auto", "PET")})
    drawn = Case(images, {"PET": pet_lesion, "CT": Lesion(ct_lesion.mask, "manual", "CT")})
    assert pet_ct_offset(carried) is None
    assert pet_ct_offset(drawn) == pytest.approx(12, abs=1)
