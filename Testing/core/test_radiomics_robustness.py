"""Contours drawn a little differently, and what the features make of them."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.case import Geometry, Volume
from dmdp.radiomics.agreement import agreement, intraclass_correlation
from dmdp.radiomics.engine import extract
from dmdp.radiomics.profile import Profile
from dmdp.radiomics.robustness import AS_DRAWN, features_of_contours, perturbed
from scipy import ndimage

JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def test_the_example_of_shrout_and_fleiss():
    """Their table 2: six targets, four judges; .17 and .71 with the intervals that follow from their formulas."""
    found = intraclass_correlation(JUDGES)
    assert (found.lesions, found.contours) == (6, 4)
    assert found.icc1 == pytest.approx(0.1657, abs=5e-5)
    assert found.icc3 == pytest.approx(0.7148, abs=5e-5)
    assert found.icc1_interval == pytest.approx((-0.1329, 0.7226), abs=5e-4)
    assert found.icc3_interval == pytest.approx((0.3425, 0.9459), abs=5e-4)


def test_what_an_offset_between_contours_does():
    """By hand: three lesions 1, 2, 3, and the second contour always 10 more."""
    found = intraclass_correlation([[1, 11], [2, 12], [3, 13]])
    assert found.icc3 == 1.0
    assert found.icc1 == pytest.approx((2 - 50) / (2 + 50))  # between 2, within 150/3 = 50
    assert intraclass_correlation(np.full((5, 3), 7.0) + np.arange(5)[:, None]).icc1 == 1.0


@pytest.mark.parametrize("values", [np.full((5, 3), 2.0), [[1, 2], [3, 4]], np.arange(5.0)[:, None], [[1, np.nan]] * 4])
def test_nothing_to_correlate_is_nan(values):
    assert np.isnan(intraclass_correlation(values).icc1)


def test_correlation_does_not_depend_on_unit_or_zero():
    shifted = intraclass_correlation(JUDGES * 1e-6 + 1000.0)
    assert shifted.icc1 == pytest.approx(intraclass_correlation(JUDGES).icc1, rel=1e-4)


def test_contours_by_hand():
    mask = np.zeros((9, 9, 9), bool)
    mask[3:6, 3:6, 3:6] = True
    found = perturbed(mask, (1.0, 1.0, 1.0))
    assert list(found)[:3] == [AS_DRAWN, "1 mm larger", "1 mm smaller"]
    assert len(found) == 9
    assert [int(found[name].sum()) for name in found] == [27, 27 + 6 * 9, 1, *[27] * 6]
    assert np.argwhere(found["+1 mm along z"]).min(axis=0).tolist() == [4, 3, 3]
    assert np.argwhere(found["−1 mm along x"]).min(axis=0).tolist() == [3, 3, 2]
    coarse = perturbed(mask, (3.0, 1.0, 1.0))
    assert coarse["1 mm larger"].sum() == 27 + 3 * 12  # nothing across the slices
    assert np.argwhere(coarse["+1 mm along z"]).min(axis=0).tolist() == [4, 3, 3]  # but at least a slice


def test_contours_at_the_end_of_the_image():
    mask = np.zeros((5, 5, 5), bool)
    mask[:3, :3, :3] = True
    found = perturbed(mask, (1.0, 1.0, 1.0))
    assert found["1 mm smaller"].sum() == 1  # beyond the image is outside
    assert found["−1 mm along z"].sum() == 18
    assert not perturbed(np.zeros((5, 5, 5), bool), (1.0, 1.0, 1.0))["1 mm larger"].any()


def test_features_of_contours_are_those_of_each_contour():
    rng = np.random.default_rng(0)
    grid = Geometry.from_spacing((20, 22, 24), (1.0, 1.0, 1.0))
    image = Volume(ndimage.gaussian_filter(rng.normal(size=grid.shape), 1.0) * 300, grid, "HU")
    centre = np.array(grid.shape)[:, None, None, None] / 2
    masks = perturbed(((np.indices(grid.shape) - centre) ** 2).sum(axis=0) <= 36, grid.spacing)
    profile = Profile("p", wavelet="coif1", minimum_voxels=8)
    found = features_of_contours(image, masks, profile)
    assert list(found) == list(masks)
    for name in ("1 mm smaller", "+1 mm along y"):
        assert found[name] == pytest.approx(extract(image, {"r": masks[name]}, profile)["r"], rel=1e-6, abs=1e-9)


def test_a_stable_feature_agrees_and_an_unstable_one_does_not():
    rng = np.random.default_rng(0)
    lesions = []
    for size in range(12):
        contours = {f"c{n}": {"stable": size + rng.normal() * 0.1, "noise": rng.normal()} for n in range(5)}
        lesions.append(contours)
    lesions.append({"c0": {"stable": 0.0, "noise": 0.0}})  # a lesion too small for the other contours
    found = agreement(lesions)
    assert found["stable"].icc1 > 0.99 > 0.75 > found["noise"].icc1
    assert found["stable"].lesions == 12
    low, high = found["noise"].icc3_interval
    assert low < found["noise"].icc3 < high
