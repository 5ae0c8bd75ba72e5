"""PET features against numpy, scipy and analytic phantoms."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.errors import GeometryError, LesionError
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.patients.case import Lesion
from dmdp.pet_features import pet_features
from dmdp.pet_features.planes import rises, zone_means
from scipy import stats

PUBLISHED = {
    "suv_max", "suv_mean", "suv_median", "suv_min", "suv_var", "suv_sd", "suv_skew", "suv_kurtosis", "suv_area", "suv_peak",
    "MTV_3", "TLG_3", "TLG_4", "het0", "suv_mean_sd_xy", "suv_mean_sd_xz", "suv_mean_sd_yz", "type_xy", "type_xz", "type_yz",
}  # fmt: skip


def blob(spacing=(3.0, 4.0, 4.0), size=40, turn=None, scale=1.0, hollow=False, second=False):
    """A Gaussian uptake with an ellipsoidal VOI; ``turn`` rotates the lesion, not the grid."""
    grid = Geometry.from_spacing((size,) * 3, spacing, tuple(-(size - 1) / 2 * s for s in spacing[::-1]))
    points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
    local = points if turn is None else points @ turn
    radius = np.sqrt(((local / np.array([22.0, 16.0, 28.0])) ** 2).sum(axis=-1))
    values = 1 + 11 * np.exp(-2 * radius**2)
    if hollow:
        values = 1 + 11 * np.exp(-8 * (radius - 0.7) ** 2)
    if second:
        values = values + 9 * np.exp(-(np.linalg.norm(local - [0, 0, 22], axis=-1) ** 2) / 40)
    return Volume(values * scale, grid, "SUVbw g/ml"), Lesion(Mask(radius <= 1, grid), "manual")


def value(features, name):
    return features[name].value


def test_names_and_units():
    features = pet_features(*blob())
    assert set(features) >= PUBLISHED
    assert all(f.unit and f.definition and f.source for f in features.values())
    assert features["MTV_3"].unit == "ml"


def test_first_order_against_numpy_and_scipy():
    pet, lesion = blob(second=True)
    y = pet.array[lesion.mask.array].astype(float)
    f = {name: feature.value for name, feature in pet_features(pet, lesion).items()}
    assert f["suv_max"] == y.max()
    assert f["suv_mean"] == pytest.approx(y.mean())
    assert f["suv_median"] == pytest.approx(np.median(y))
    assert f["suv_var"] == pytest.approx(y.var(ddof=1))
    assert f["suv_sd"] ** 2 == pytest.approx(f["suv_var"])
    assert f["suv_skew"] == pytest.approx(stats.skew(y))
    assert f["suv_kurtosis"] == pytest.approx(stats.kurtosis(y))
    assert f["TLG_3"] == pytest.approx(f["MTV_3"] * f["suv_mean"])
    assert f["TLG40"] > f["TLG_4"]  # the mean of the hot part exceeds that of the whole


def test_counts_are_whole_voxels_and_pixels():
    pet, lesion = blob(second=True)
    f = pet_features(pet, lesion)
    n = value(f, "MTV_3") / lesion.geometry.voxel_ml
    assert n == pytest.approx(lesion.voxels)
    pixels = value(f, "suv_area") / (4 * 4 / 100)
    assert pixels == pytest.approx(round(pixels))
    assert pixels <= n
    hot = value(f, "TLG_4") / value(f, "TLG_3") * n
    assert hot == pytest.approx(round(hot))


def test_tlg4_equals_tlg3_only_without_voxels_below_forty_percent():
    pet, lesion = blob()
    assert value(pet_features(pet, lesion), "TLG_4") < value(pet_features(pet, lesion), "TLG_3")
    hot = Lesion(Mask(lesion.mask.array & (pet.array >= 0.4 * pet.array.max()), lesion.geometry), "manual")
    f = pet_features(pet, hot)
    assert value(f, "TLG_4") == pytest.approx(value(f, "TLG_3"))


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 2.0), (3.27, 4.69, 4.69), (5.0, 5.47, 5.47)])
def test_peak_is_the_integral_over_one_cubic_centimetre(spacing):
    """Compared with the mean of the voxels that a hundred thousand random points of the ball fall into."""
    rng = np.random.default_rng(0)
    size = 21
    grid = Geometry.from_spacing((size,) * 3, spacing, tuple(-(size // 2) * s for s in spacing[::-1]))
    pet = Volume(rng.uniform(1, 5, grid.shape), grid, "SUVbw g/ml")
    mask = np.zeros(grid.shape, bool)
    mask[9:12, 9:12, 9:12] = True
    f = pet_features(pet, Lesion(Mask(mask, grid), "manual"))
    hottest = np.unravel_index(np.argmax(np.where(mask, pet.array, 0)), grid.shape)
    directions = rng.normal(size=(100_000, 3))
    points = directions / np.linalg.norm(directions, axis=1)[:, None] * 6.2035 * rng.random((100_000, 1)) ** (1 / 3)
    index = np.round(grid.to_index(grid.to_lps(hottest) + points)).astype(int)
    assert value(f, "suv_peak") == pytest.approx(pet.array[tuple(index.T)].mean(), abs=0.02)
    assert value(f, "suv_peak_global") >= value(f, "suv_peak") - 1e-9


def test_het0_is_small_for_an_ellipsoid_and_large_for_two_peaks_or_a_hollow():
    round_, two, hollow = (value(pet_features(*blob(**k)), "het1") for k in ({}, {"second": True}, {"hollow": True}))
    assert round_ < 0.2
    assert two > 5
    assert hollow > 20


def test_het0_does_not_change_with_scale_or_rotation():
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    plain = pet_features(*blob(second=True, spacing=(3.0, 3.0, 3.0)))
    scaled = pet_features(*blob(second=True, spacing=(3.0, 3.0, 3.0), scale=3.0))
    turned = pet_features(*blob(second=True, spacing=(3.0, 3.0, 3.0), turn=turn))
    assert value(scaled, "het0") == pytest.approx(value(plain, "het0"), rel=0.05)
    assert value(turned, "het0") == pytest.approx(value(plain, "het0"), rel=0.25)


def test_het0_stays_below_its_bound():
    rng = np.random.default_rng(0)
    for _ in range(5):
        pet, lesion = blob(size=20)
        noisy = Volume(rng.gamma(2, 2, pet.array.shape), pet.geometry, pet.unit)
        y = noisy.array[lesion.mask.array].astype(float)
        f = pet_features(noisy, lesion)
        assert 0 <= value(f, "het0") <= 100 * y.var() / (y.var() + y.mean() ** 2)
        assert value(f, "suv_peak") <= value(f, "suv_peak_global") + 1e-9


def test_planes_tell_a_hollow_from_a_solid():
    solid, hollow = pet_features(*blob()), pet_features(*blob(hollow=True))
    for plane in ("xy", "xz", "yz"):
        assert value(solid, f"type_{plane}") == 0
        assert value(solid, f"suv_mean_sd_{plane}") > 0
    # the planes go through the hottest voxel, which lies in the wall: not every one of them meets the hollow
    assert max(value(hollow, f"type_{plane}") for plane in ("xy", "xz", "yz")) == 1


def test_zones_of_a_known_profile():
    y, x = np.indices((21, 21))
    distance = np.maximum(abs(y - 10), abs(x - 10))
    mask = distance <= 4
    means = zone_means(10.0 - distance, mask, (10, 10), (1.0, 1.0))
    # layers of a square by distance to its outside: 1 (the rim) … 5 (the centre, one pixel, joins layer 4)
    assert means[-1] == pytest.approx(10 - 4)
    assert (np.diff(means) < 0).all()
    assert not rises(means, 10.0)
    assert rises(means[::-1], 10.0)


def test_tiny_and_flat_lesions_give_nan_not_noise():
    grid = Geometry.from_spacing((9, 9, 9), (4, 4, 4))
    mask = np.zeros(grid.shape, bool)
    mask[4, 4, 4:6] = True
    flat = Volume(np.full(grid.shape, 3.0), grid, "SUVbw g/ml")
    f = pet_features(flat, Lesion(Mask(mask, grid), "manual"))
    assert np.isnan(value(f, "het0"))
    assert np.isnan(value(f, "suv_skew"))
    assert value(f, "suv_var") == 0
    assert value(f, "suv_mean_sd_xy") == 0
    mask[2:7, 2:7, 4] = True
    varied = Volume(np.random.default_rng(0).uniform(1, 5, grid.shape), grid, "SUVbw g/ml")
    assert np.isfinite(value(pet_features(varied, Lesion(Mask(mask, grid), "manual")), "suv_skew"))


def test_a_lesion_of_another_grid_or_without_voxels_is_refused():
    pet, lesion = blob(size=20)
    moved = Geometry.from_spacing(lesion.geometry.shape, lesion.geometry.spacing, (1.0, 2.0, 3.0))
    with pytest.raises(GeometryError, match="another voxel grid"):
        pet_features(pet, Lesion(Mask(lesion.mask.array, moved), "manual"))
    with pytest.raises(LesionError, match="no voxel"):
        pet_features(pet, Lesion(Mask(np.zeros_like(lesion.mask.array), lesion.geometry), "manual"))
