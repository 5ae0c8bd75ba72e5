"""Features of the CT regions: interpolation, names, absent regions, and the way into a prediction."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from dmdp.cli import main
from dmdp.ensemble.model import EnsembleModel, SubModel
from dmdp.features.ct import bspline_onto, ct_features
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.patients.case import Case, Lesion
from dmdp.prediction.predict import asked_for
from dmdp.radiomics.backend import find_settings
from dmdp.radiomics.profile import Profile
from dmdp.regions.ct_regions import ct_regions
from dmdp.regions.thorax import find_thorax
from dmdp.report.tables import ct_features_csv

GRID = Geometry.from_spacing((30, 80, 80), (3.0, 1.0, 1.0), (-39.5, -39.5, -43.5))
POINTS = GRID.to_lps(np.moveaxis(np.indices(GRID.shape), 0, -1))
RADIUS = np.linalg.norm(POINTS, axis=-1)
FIRST_ORDER = Profile("first", classes=("firstorder",), spacing_mm=(1.0, 1.0, 1.0), minimum_voxels=64)


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(4)
    hu = np.where(RADIUS <= 18, 40.0 + POINTS[..., 2], -850.0) + rng.normal(0, 8, GRID.shape)
    lesion = Lesion(Mask(RADIUS <= 18, GRID), "manual", "CT", (0.0, 0.0, 0.0))
    images = {"CT": Volume(hu, GRID, "HU"), "PET": Volume(np.where(RADIUS <= 18, 8.0, 1.0), GRID, "SUVbw g/ml")}
    return Case(images, {"CT": lesion, "PET": lesion})


@pytest.fixture(scope="module")
def regions(case):
    return ct_regions(case.ct, case.ct_lesion, find_thorax(case.ct))


def test_a_plane_of_hu_is_interpolated_exactly(case, regions):
    """A cubic B-spline reproduces what is linear; the regions' grid is finer and starts elsewhere."""
    plane = replace(case.ct, array=(2.0 * POINTS[..., 0] - 3.0 * POINTS[..., 2]).astype(np.float32))
    on_grid = bspline_onto(plane, regions.geometry)
    points = regions.geometry.to_lps(np.moveaxis(np.indices(regions.geometry.shape), 0, -1))
    inside = np.abs(points).max(axis=-1) < 25
    assert on_grid.array[inside] == pytest.approx((2.0 * points[..., 0] - 3.0 * points[..., 2])[inside], abs=0.05)


def test_a_region_beyond_the_ct_is_air(case, regions):
    far = replace(regions, geometry=regions.geometry.crop((500, 500, 500), regions.geometry.shape))
    assert np.all(bspline_onto(case.ct, far.geometry).array == -1000)


def test_features_are_those_of_the_interpolated_voxels(case, regions):
    found = ct_features(case, regions, FIRST_ORDER, ("tumour", "reg4"))
    image, masks = bspline_onto(case.ct, regions.geometry).array, regions.masks()
    for region in ("tumour", "reg4"):
        assert found.regions[region]["original_firstorder_Mean"].value == pytest.approx(
            float(image[masks[region].array].mean()), rel=1e-5
        )
        assert found.regions[region]["original_firstorder_Mean"].unit == "HU"
    asked = found.by_name["original_firstorder_Mean_reg4"]
    assert asked.value == found.regions["reg4"]["original_firstorder_Mean"].value
    assert asked.definition.endswith("in reg4")


def test_an_absent_region_keeps_its_names_without_numbers(case, regions):
    found = ct_features(case, regions, FIRST_ORDER)
    assert "reg6" in found.absent
    assert set(found.regions["reg6"]) == set(found.regions["reg4"])
    assert all(np.isnan(feature.value) for feature in found.regions["reg6"].values())
    rows = list(csv.reader(line for line in ct_features_csv(found).splitlines() if not line.startswith("#")))
    assert next(row for row in rows if row[0] == "reg6") == ["reg6", "original_firstorder_Energy", "", "HU²"]
    assert f"SHA-256 {FIRST_ORDER.hash}" in ct_features_csv(found)
    assert "contour from CT" in ct_features_csv(found)


def test_the_command_writes_both_modalities(simulated_study, tmp_path, capsys):
    out = tmp_path / "patient.csv"
    patient, folder = simulated_study
    arguments = ["--ct", folder, "--pet", folder, "--seed", ",".join(map(str, patient.seed_lps))]
    assert main([str(word) for word in ("features", *arguments, "--out", out)]) == 0
    rows = list(csv.DictReader(line for line in out.read_text().splitlines() if not line.startswith("#")))
    found = {(row["region"], row["name"]): row["value"] for row in rows}
    regions = {region for region, _ in found}
    assert {"PET", "reg1", "tumour", "shell_0_3", "ring_0_9"} <= regions
    assert float(found["PET", "suv_max"]) > 1
    profile = find_settings("radiomics_v1")
    assert sum(region == "tumour" for region, _ in found) == 14 + 9 * (18 + 24 + 16 + 16 + 14 + 5)
    assert profile.hash[:12] in capsys.readouterr().out


def test_a_bundle_that_asks_for_a_ct_feature_gets_it(case, regions):
    inputs = ("suv_max", "original_firstorder_Mean_reg4")
    model = EnsembleModel(None, (SubModel("wide", "EGFR", "regression", inputs, "any", None, {}),))
    ct = ct_features(case, regions, FIRST_ORDER)
    assert list(asked_for([model], ct)) == ["original_firstorder_Mean_reg4"]
    assert asked_for([model], None) == {}
