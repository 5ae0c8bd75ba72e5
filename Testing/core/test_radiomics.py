"""The radiomics engine against PyRadiomics 3.0.1, feature by feature, and against what is known without it."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.case import Geometry, Volume
from dmdp.errors import InputError, LesionError
from dmdp.radiomics.engine import extract
from dmdp.radiomics.profile import Profile, read_profile
from dmdp.radiomics.reference import extract_by_pyradiomics
from scipy import ndimage

TEXTURE = ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
PROFILES = {
    "plain": Profile("plain"),
    "bspline": Profile("bspline", spacing_mm=(1.0, 1.0, 1.0), pad=10),
    "linear in plane": Profile("linear", spacing_mm=(1.0, 1.0, 0.0), interpolator="linear"),
    "bins": Profile("bins", bin_count=16),
    "filters": Profile("filters", wavelet="coif1", log_sigma_mm=(1.0, 3.0), classes=TEXTURE),
    "planes": Profile("planes", force_2d_axis=0),
    "planes across y": Profile("planes across y", force_2d_axis=1, distances=(1, 2)),
    "distances": Profile("distances", distances=(1, 2), symmetric_glcm=False, gldm_alpha=1),
    "range": Profile("range", resegment=(-100.0, 100.0), array_shift=500.0),
    "sigma": Profile("sigma", resegment=(-2.0, 2.0), resegment_mode="sigma"),
}


@pytest.fixture(scope="module")
def oracle():
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: the engine is not compared with it")
    return extract_by_pyradiomics


def assert_equal(ours: dict[str, float], theirs: dict[str, float], but: tuple[str, ...] = ()) -> None:
    assert set(ours) == set(theirs)
    off = {
        name: (ours[name], value)
        for name, value in theirs.items()
        if not name.endswith(but or ("no such feature",))
        and not (np.isnan(ours[name]) and np.isnan(value))
        and not abs(ours[name] - value) <= 1e-6 * max(abs(ours[name]), abs(value)) + 1e-9
    }
    assert off == {}


def lumpy(seed=0) -> tuple[Volume, np.ndarray]:
    """A smooth anisotropic image and a ragged ellipsoid with holes."""
    rng = np.random.default_rng(seed)
    grid = Geometry.from_spacing((24, 30, 28), (2.0, 1.0, 0.8), (5, -3, 2))
    z, y, x = np.indices(grid.shape)
    inside = ((z - 12) / 7) ** 2 + ((y - 15) / 9) ** 2 + ((x - 14) / 8) ** 2 <= 1
    return Volume(ndimage.gaussian_filter(rng.normal(size=grid.shape), 1.2) * 300, grid, "HU"), inside & (
        rng.uniform(size=grid.shape) > 0.03
    )


@pytest.mark.parametrize("name", PROFILES)
def test_every_feature_equals_pyradiomics(oracle, name):
    image, mask = lumpy()
    profile = PROFILES[name]
    ours, theirs = (compute(image, {"r": mask}, profile)["r"] for compute in (extract, oracle))
    assert_equal(ours, theirs)
    assert len(ours) >= 93


@pytest.mark.parametrize("seed", range(90))
def test_small_and_degenerate_regions_equal_pyradiomics(oracle, seed):
    """Flat, scattered, one voxel thin, touching the border, on oblique grids.

    The exception is MCC where a direction holds few pairs: PyRadiomics takes the root of a second eigenvalue that rounding
    has made negative, gets NaN, and leaves the direction out of the mean; here it counts as the zero that it is.
    """
    rng = np.random.default_rng(seed)
    shape, spacing = tuple(int(n) for n in rng.integers(3, 9, 3)), rng.uniform(0.5, 3, 3)
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0] if seed % 3 == 0 else np.eye(3)[:, ::-1]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * spacing, rng.normal(size=3) * 20
    grid = Geometry(shape, tuple(tuple(float(v) for v in row) for row in affine))
    image = rng.normal(size=shape) * [100, 0, 3, 500, 60][seed % 5]
    mask = rng.uniform(size=shape) < rng.uniform(0.15, 1)
    if seed % 4 == 3:
        mask[:, :, 1:] = False
        mask[:2, :2, 0] = True
    profile = (
        Profile("plain"),
        Profile("bins", bin_count=8),
        Profile("fine", bin_width=10.0, spacing_mm=(1.0, 1.0, 1.0)),
        Profile("planes", force_2d_axis=0),
        Profile("distances", distances=(1, 2), symmetric_glcm=False),
        Profile("wavelet", wavelet="coif1", classes=TEXTURE),
    )[seed % 6]
    volume = Volume(image, grid, "HU")
    try:
        theirs = oracle(volume, {"r": mask}, profile)["r"]
    except LesionError:
        pytest.skip("PyRadiomics refuses this region")
    assert_equal(extract(volume, {"r": mask}, profile)["r"], theirs, but=("glcm_MCC",))


def test_the_256_cubes_of_the_surface_equal_pyradiomics():
    """Area and volume of every single cube, at three spacings."""
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: the engine is not compared with it")
    from dmdp.radiomics.mesh import _march, _triangles
    from radiomics import cShape as shape

    for spacing in ((1.0, 1.0, 1.0), (2.0, 1.0, 0.8), (0.7, 3.0, 1.1)):
        for cube in range(1, 256):
            mask = np.array([cube >> corner & 1 for corner in range(8)], np.uint8).reshape(2, 2, 2)
            area, volume, _ = shape.calculate_coefficients(mask.astype(bool), np.array(spacing))
            assert _march(mask, np.array(spacing), *_triangles()) == pytest.approx((area, volume), abs=1e-12), cube


def test_regions_share_one_grid_and_do_not_change_one_another():
    image, mask = lumpy()
    other = ndimage.binary_erosion(mask)
    profile = Profile("shared", wavelet="coif1", classes=TEXTURE)
    together = extract(image, {"a": mask, "b": other}, profile)
    assert_equal(together["b"], extract(image, {"b": other}, profile)["b"])
    resampled = Profile("fine", spacing_mm=(1.0, 1.0, 1.0), interpolator="nearest", pad=0)
    together = extract(image, {"a": mask, "b": other}, resampled)
    assert together["b"]["original_shape_VoxelVolume"] < together["a"]["original_shape_VoxelVolume"]


def test_a_ball_has_the_shape_of_a_ball():
    grid = Geometry.from_spacing((50, 50, 50), (1.0, 1.0, 1.0))
    z, y, x = np.indices(grid.shape) - 24.5
    found = extract(Volume(np.zeros(grid.shape), grid, "HU"), {"r": z**2 + y**2 + x**2 <= 20**2}, Profile("p"))["r"]
    assert found["original_shape_MeshVolume"] == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.02)
    assert found["original_shape_Maximum3DDiameter"] == pytest.approx(40, abs=1.5)
    assert found["original_shape_Elongation"] == pytest.approx(1, abs=1e-9)
    assert found["original_firstorder_Entropy"] == pytest.approx(0, abs=1e-9)
    assert found["original_ngtdm_Coarseness"] == 1e6


def test_features_do_not_depend_on_where_the_patient_lies():
    image, mask = lumpy(3)
    tilt = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = tilt * image.geometry.spacing, (100.0, -50.0, 7.0)
    turned = Volume(image.array, Geometry(image.geometry.shape, tuple(map(tuple, affine.tolist()))), "HU")
    profile = PROFILES["bspline"]
    assert_equal(extract(turned, {"r": mask}, profile)["r"], extract(image, {"r": mask}, profile)["r"])


def test_profiles_are_read_checked_and_hashed(project, tmp_path):
    profile = read_profile(project / "Resources/Profiles/radiomics_v1.json")
    assert profile.name == "radiomics_v1"
    assert profile.hash == Profile.from_json({**vars(profile), "name": "other"}).hash
    assert profile.hash != Profile.from_json({**vars(profile), "bin_width": 10.0}).hash
    for wrong in ({"name": "x", "binWidth": 25}, {"name": "x", "wavelet": "haar"}, {"name": "x", "bin_width": 0}, {}):
        with pytest.raises(InputError):
            Profile.from_json(wrong)
    (tmp_path / "p.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="no radiomics profile"):
        read_profile(tmp_path / "p.json")


def test_empty_and_too_small_regions_are_refused():
    image, mask = lumpy()
    with pytest.raises(LesionError, match="empty"):
        extract(image, {"r": np.zeros_like(mask)}, Profile("p", spacing_mm=(1.0, 1.0, 1.0)))
    tiny = np.zeros_like(mask)
    tiny[5, 5, 5] = True
    with pytest.raises(LesionError, match="1 voxels"):
        extract(image, {"r": tiny}, Profile("p", minimum_voxels=64))
