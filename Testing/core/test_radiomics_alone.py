"""The radiomics engine where there is no PyRadiomics: what is known without it."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from dmdp.errors import GeometryError, LesionError
from dmdp.images.volume import Geometry, Volume
from dmdp.radiomics.engine import extract, extract_present
from dmdp.radiomics.matrices import Levels, neighbourhood, runs, zones
from dmdp.radiomics.offsets import offsets
from dmdp.radiomics.profile import Profile
from dmdp.radiomics.spline import resample_spline
from scipy import ndimage

EXAMPLE = np.array([[[1, 2, 5, 2, 3], [3, 2, 1, 3, 1], [1, 3, 5, 5, 2], [1, 1, 1, 1, 2], [1, 2, 4, 3, 5]]], np.int32)


def lumpy(shape=(20, 24, 22)) -> tuple[Volume, np.ndarray]:
    rng = np.random.default_rng(0)
    grid = Geometry.from_spacing(shape, (2.0, 1.0, 0.8), (5, -3, 2))
    centre = np.array(shape)[:, None, None, None] / 2
    inside = (((np.indices(shape) - centre) / (centre * 0.7)) ** 2).sum(axis=0) <= 1
    return Volume(ndimage.gaussian_filter(rng.normal(size=shape), 1.2) * 300, grid, "HU"), inside


def test_cooccurrence_of_a_picture_counted_by_hand():
    """The pairs one voxel apart along x of a 5 × 5 picture (the example in PyRadiomics' documentation)."""
    levels = Levels.of(EXAMPLE, 1)
    pairs, _, _ = neighbourhood(levels, np.array([[0, 0, 1]]), 0)
    both = pairs[0] + pairs[0].T
    assert both.tolist() == [[6, 4, 3, 0, 0], [4, 0, 2, 1, 3], [3, 2, 0, 1, 2], [0, 1, 1, 0, 0], [0, 3, 2, 0, 2]]


def test_runs_zones_dependences_and_differences_counted_by_hand():
    """The picture in its three other matrices, as in the papers that defined them."""
    line = Levels.of(np.array([[[1, 1, 1, 2, 2, 0, 2]]], np.int32), 1)
    along = np.array([[0, 0, 1]])
    assert runs(line, along)[0, :, :3].tolist() == [[0, 0, 1], [1, 1, 0]]
    assert sorted(zones(line, along).tolist()) == [[0, 3], [1, 1], [1, 2]]
    _, dependences, tones = neighbourhood(line, along, 0)
    assert dependences.tolist() == [[0, 2, 1], [1, 2, 0]]
    assert tones.tolist() == [[3, 0.5, 0], [3, 0.5, 1]]


def test_directions():
    assert len(offsets((9, 9, 9))) == 13
    assert len(offsets((9, 9, 9), (1, 2))) == 62
    assert len(offsets((9, 9, 9), force_2d_axis=0)) == 4
    assert len(offsets((1, 9, 9))) == 4  # the region is flat
    assert len(offsets((2, 9, 9), (2,))) == 24


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
    image, mask = lumpy()
    tilt = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = tilt * image.geometry.spacing, (100.0, -50.0, 7.0)
    turned = Volume(image.array, Geometry(image.geometry.shape, tuple(map(tuple, affine.tolist()))), "HU")
    profile = Profile("p", spacing_mm=(1.0, 1.0, 1.0), wavelet="coif1")
    ours, same = (extract(picture, {"r": mask}, profile)["r"] for picture in (turned, image))
    assert ours == pytest.approx(same, rel=1e-6, abs=1e-9)


def test_a_region_does_not_depend_on_the_others():
    image, mask = lumpy()
    other = ndimage.binary_erosion(mask)
    profile = Profile("shared", wavelet="coif1", log_sigma_mm=(1.0,), spacing_mm=(1.0, 1.0, 1.0))
    together = extract(image, {"a": mask, "b": other}, profile)
    assert together["b"] == pytest.approx(extract(image, {"b": other}, profile)["b"], rel=1e-6, abs=1e-9)
    assert together["b"]["original_shape_VoxelVolume"] < together["a"]["original_shape_VoxelVolume"]


def test_what_is_too_small_is_refused_and_costs_the_others_nothing():
    image, mask = lumpy()
    empty, tiny, line = (np.zeros_like(mask) for _ in range(3))
    tiny[5, 5, 5:7] = True
    tiny[6, 5, 5] = True
    line[5, 5, 5:9] = True
    profile = Profile("p", minimum_voxels=64)
    found, refused = extract_present(image, {"a": empty, "b": mask, "c": tiny, "d": line}, profile)
    assert list(found) == ["b"]
    assert {name: error.code for name, error in refused.items()} == {
        "a": "region.empty",
        "c": "region.too_small",
        "d": "region.too_thin",
    }
    with pytest.raises(LesionError, match="3 voxels"):
        extract(image, {"c": tiny}, profile)
    with pytest.raises(LesionError, match="has 0 voxels"):
        extract(image, {"r": mask}, Profile("p", resegment=(5000.0, 6000.0)))
    with pytest.raises(LesionError, match="directions"):
        extract(image, {"r": line}, Profile("p", minimum_dimensions=1, force_2d_axis=2))


def test_resegmentation_may_leave_too_few_voxels():
    image, mask = lumpy()
    low, high = np.sort(image.array[mask])[[-10, -1]]
    for minimum, refused in ((10, []), (11, ["r"])):
        profile = Profile("p", resegment=(float(low), float(high)), minimum_voxels=minimum, classes=("firstorder",))
        assert list(extract_present(image, {"r": mask}, profile)[1]) == refused


def test_a_region_that_vanishes_in_resampling_is_refused():
    image, mask = lumpy()
    tiny = np.zeros_like(mask)
    tiny[5, 5, 5:7] = tiny[6, 5, 5] = True
    with pytest.raises(LesionError):
        extract(image, {"r": tiny}, Profile("p", spacing_mm=(12.0, 12.0, 12.0)))


def test_two_slices_are_too_few_for_a_spline():
    image, mask = lumpy((2, 20, 20))
    profile = Profile("p", spacing_mm=(1.0, 1.0, 1.0))
    with pytest.raises(GeometryError, match="two"):
        extract(image, {"r": mask}, profile)


def test_the_engine_works_where_pyradiomics_cannot_be_imported(tmp_path):
    """And keeps its compiled kernels in the user's cache, not beside the code."""
    program = """
import sys
sys.modules["radiomics"] = None
import numpy as np
from dmdp.patients.case import Geometry, Volume
from dmdp.radiomics.engine import extract
from dmdp.radiomics.profile import Profile
from dmdp.radiomics.spline import resample_spline
from dmdp.radiomics.reference import extract_by_pyradiomics
from dmdp.errors import MissingPackage
rng = np.random.default_rng(0)
image = Volume(rng.normal(size=(9, 9, 9)) * 100, Geometry.from_spacing((9, 9, 9), (1.0, 1.0, 1.0)), "HU")
mask = np.zeros((9, 9, 9), bool)
mask[2:7, 2:7, 2:7] = True
profile = Profile("p", classes=("firstorder", "glszm"))
print(len(extract(image, {"r": mask}, profile)["r"]))
try:
    extract_by_pyradiomics(image, {"r": mask}, profile)
except MissingPackage as error:
    print(error.code)
"""
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["34", "package.missing"]
    if sys.platform != "darwin":
        assert list((tmp_path / "dmdp" / "numba").rglob("*.nbi"))


@pytest.mark.parametrize("shape", [(9, 14, 11), (1, 20, 13), (40, 3, 50)])
def test_the_spline_by_matrices_is_that_of_itk(shape):
    rng = np.random.default_rng(3)
    array = (rng.normal(size=shape) * 500).astype(np.float32)
    along = [np.arange(0 if n == 1 else -0.9, n + 0.4, 1 if n == 1 else 0.37) for n in shape]
    resampler = sitk.ResampleImageFilter()
    resampler.SetInterpolator(sitk.sitkBSpline)
    resampler.SetOutputOrigin([float(at[0]) for at in along[::-1]])
    resampler.SetOutputSpacing([1.0 if n == 1 else 0.37 for n in shape[::-1]])
    resampler.SetSize([len(at) for at in along[::-1]])
    expected = sitk.GetArrayFromImage(resampler.Execute(sitk.GetImageFromArray(array)))
    np.testing.assert_allclose(resample_spline(array, tuple(along)), expected, rtol=3e-7, atol=1e-9)


def test_kernels_compile_where_nothing_can_be_kept(monkeypatch):
    from dmdp.radiomics import compiled

    def refuse(*_, **__):
        raise OSError("read-only")

    monkeypatch.setattr("os.makedirs", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert compiled.kernel(lambda x: x + 1)(2) == 3
