"""IBSI 1: the engine against the consortium's reference values, and the committed report against the engine."""

from __future__ import annotations

import re

import numpy as np
import pytest
from dmdp.errors import InputError
from dmdp.images.volume import Geometry, Volume
from dmdp.radiomics.engine import extract
from dmdp.radiomics.parameters import as_parameters
from dmdp.radiomics.profile import Profile
from dmdp_training.studies.ibsi import SETTINGS, compare, report

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")


@pytest.fixture(scope="module")
def comparisons(data):
    return compare(data("ibsi1"))


@pytest.mark.data
@pytest.mark.parametrize("dataset", SETTINGS)
def test_every_reference_value_is_met_in_the_ibsi_convention(comparisons, dataset):
    found = [c for c in comparisons if (c.dataset, c.convention) == (dataset, "ibsi")]
    assert len(found) == 102
    assert [c for c in found if not c.matches] == []


@pytest.mark.data
def test_the_default_differs_only_where_pyradiomics_does(comparisons):
    """Without interpolation and resegmentation kurtosis and axes do; the other causes are at the head of the report."""
    digital = [c for c in comparisons if "digital" in c.dataset and c.convention == "pyradiomics"]
    assert {c.feature for c in digital if not c.matches} == {
        "firstorder_Kurtosis",
        "shape_MinorAxisLength",
        "shape_LeastAxisLength",
    }


@pytest.mark.data
def test_the_report_says_what_the_engine_computes(comparisons, project):
    """Word for word, and number by number to the last digit but one."""
    written, made = ((project / "Resources/Reports/ibsi.md").read_text(encoding="utf-8"), report(comparisons))
    assert NUMBER.sub("#", written) == NUMBER.sub("#", made)
    assert [float(n) for n in NUMBER.findall(written)] == pytest.approx([float(n) for n in NUMBER.findall(made)], rel=2e-3)


def test_what_the_ibsi_convention_changes():
    rng = np.random.default_rng(0)
    grid = Geometry.from_spacing((12, 12, 12), (1.0, 1.0, 1.0))
    image, mask = Volume(rng.normal(size=grid.shape) * 100 + 7, grid, "HU"), np.zeros(grid.shape, bool)
    mask[2:9, 2:9, 2:9] = True
    mask[11, 11, 11] = True  # without neighbours
    default, ibsi = (extract(image, {"r": mask}, Profile("p", convention=c))["r"] for c in ("pyradiomics", "ibsi"))
    changed = {name.removeprefix("original_") for name in default if default[name] != pytest.approx(ibsi[name], rel=1e-9)}
    assert ibsi["original_firstorder_Kurtosis"] == pytest.approx(default["original_firstorder_Kurtosis"] - 3)
    assert "ngtdm_Coarseness" in changed
    assert "glcm_JointAverage" in changed  # bins start at the lowest value
    assert {name for name in changed if name.startswith("shape")} == {f"shape_{n}AxisLength" for n in ("Major", "Minor", "Least")}


def test_outliers_go_after_the_range():
    grid = Geometry.from_spacing((6, 6, 6), (1.0, 1.0, 1.0))
    values = np.full(grid.shape, 10.0)
    values[::2] = 12.0
    values[2, 2, 2], values[3, 3, 3] = 5000.0, 60.0
    profile = Profile("p", convention="ibsi", resegment=(0.0, 100.0), outliers_sigma=3.0)
    mask = np.ones(grid.shape, bool)
    found = extract(Volume(values, grid, "HU"), {"r": mask}, profile)["r"]
    assert (found["original_firstorder_Minimum"], found["original_firstorder_Maximum"]) == (10.0, 12.0)
    assert found["original_shape_VoxelVolume"] == 216


@pytest.mark.parametrize("settings", [dict(wavelet="coif1"), dict(log_sigma_mm=(1.0,)), dict(outliers_sigma=-1.0)])
def test_what_the_convention_does_not_cover_is_refused(settings):
    with pytest.raises(InputError):
        Profile("p", convention="ibsi", **settings)
    with pytest.raises(InputError):
        Profile("p", outliers_sigma=3.0)
    with pytest.raises(InputError, match="IBSI"):
        as_parameters(Profile("p", convention="ibsi"))
