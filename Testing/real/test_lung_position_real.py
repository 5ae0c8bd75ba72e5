"""What is lung, and what lies next to it, in real CTs: contact with margin, gas in the bowel, emphysema."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.applicability.lung import MIN_CONTACT, lung_position
from dmdp.delineation.pet import delineate
from dmdp.dicom.read import read_series
from dmdp.dicom.series import discover
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.intake.load import load_pair
from dmdp.patients.case import Lesion
from dmdp.regions.thorax import find_thorax

SEED = (-41.8, -14.7, -121.3)
FREE_WALL = ((35.2, -58.6, -154.2), (72.7, -86.7, -200.0))  # where the heart comes nearest to lung, of 1947 lesions tried
COLON_GAS = (-71.0, -89.0, -332.0)
NODULE_R01 = (-95.7, -145.0, -66.1)

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def pair(data):
    folder = data("acrin_nsclc_042")
    return load_pair(folder / "ct", folder / "pet_ac")


def ball(geometry: Geometry, centre, radius: float) -> np.ndarray:
    index = np.moveaxis(np.indices(geometry.shape, dtype=np.float32), 0, -1)
    middle = geometry.to_index(np.array(centre))
    return (((index - middle) * geometry.spacing) ** 2).sum(axis=-1) <= radius**2


@pytest.mark.parametrize("radius", [8, 15])
def test_the_nodule_of_r01_001_lies_in_lung(data, radius):
    ct = read_series(discover(data("r01_001_ct")).series[0])
    nodule = Lesion(Mask(ball(ct.geometry, NODULE_R01, radius), ct.geometry), "manual")
    assert lung_position(find_thorax(ct), nodule).contact > 2 * MIN_CONTACT


def test_tumour_and_heart_keep_their_distance_from_the_threshold(pair):
    tumour = lung_position(find_thorax(pair.ct), delineate(pair.pet, SEED))
    assert tumour.contact > 2 * MIN_CONTACT
    for seed in FREE_WALL:
        heart = lung_position(find_thorax(pair.ct), delineate(pair.pet, seed))
        assert heart.contact < MIN_CONTACT / 1.5, seed


def test_the_wall_of_a_colon_full_of_gas_is_not_next_to_lung(pair):
    coarse = Geometry.from_spacing((44, 60, 60), (3, 3, 3), np.array(COLON_GAS) - (90, 90, 66))
    lesion = Lesion(Mask(ball(coarse, np.array(COLON_GAS), 45), coarse), "manual")
    position = lung_position(find_thorax(pair.ct), lesion)
    assert position.distance_mm > 20
    assert position.contact == 0


def test_thinner_lung_as_in_emphysema_is_still_found(pair):
    """80 HU less in every voxel of lung density brings the mean of this lung near −910 HU."""
    hu = pair.ct.array
    thin = np.where((hu < -600) & (hu > -960), np.maximum(hu - 80, -1000), hu)
    position = lung_position(find_thorax(Volume(thin, pair.ct.geometry, "HU")), delineate(pair.pet, SEED))
    assert position.contact == pytest.approx(lung_position(find_thorax(pair.ct), delineate(pair.pet, SEED)).contact, abs=0.05)
