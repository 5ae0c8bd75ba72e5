"""Sub-regions on a phantom whose parts are known."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.case import Geometry, Lesion, Volume
from dmdp.regions import MIN_CONTRAST_HU, ct_regions

GRID = Geometry.from_spacing((40, 90, 90), (2.0, 1.0, 1.0), (-44.5, -44.5, -39.0))
RADIUS = np.linalg.norm(GRID.to_lps(np.moveaxis(np.indices(GRID.shape), 0, -1)), axis=-1)
LESION = Lesion(RADIUS <= 20, GRID, "manual", "CT")


def regions(hu):
    return ct_regions(Volume(hu, GRID, "HU"), LESION)


def volumes(found):
    return {r["name"]: r["volume_ml"] for r in found.to_json()["regions"]}


def ball_ml(radius):
    return 4 / 3 * np.pi * radius**3 / 1000


def test_a_necrotic_core_and_an_aerated_margin_are_found():
    hu = np.where(RADIUS <= 20, np.where(RADIUS <= 10, -20.0, 60.0), -850.0)
    found = regions(hu + np.random.default_rng(0).normal(0, 5, hu.shape))
    ml = volumes(found)
    # the tumour's blurred edge is "less dense" too by definition: the core is looked for inside it
    points = found.geometry.to_lps(np.argwhere(found.labels == 2))
    assert (np.linalg.norm(points, axis=1) < 16).sum() / 1000 == pytest.approx(ball_ml(10), rel=0.2)
    assert ml["reg1"] + ml["reg2"] + ml["reg3"] == pytest.approx(ball_ml(20), rel=0.05)
    assert ml["reg4"] + ml["reg5"] + ml["reg6"] == pytest.approx(ball_ml(26) - ball_ml(20), rel=0.05)
    assert ml["reg4"] > 0.5 * (ball_ml(26) - ball_ml(20))
    assert found.contrast_hu == pytest.approx(80, abs=20)
    assert -10 < found.threshold_hu < 60


def test_a_uniform_tumour_has_no_distinct_habitat():
    hu = np.where(RADIUS <= 24, 45.0, -850.0)
    found = regions(hu + np.random.default_rng(0).normal(0, 8, hu.shape))
    assert not found.contrast_hu >= MIN_CONTRAST_HU
    assert any("No distinct density habitat" in note for note in found.to_json()["notes"])


def test_absent_regions_are_said_to_be_absent():
    found = regions(np.full(GRID.shape, 40.0))
    present = {r["name"]: r["present"] for r in found.to_json()["regions"]}
    assert present["reg1"] or present["reg2"]
    assert present["reg6"]
    assert not present["reg3"]
    assert not present["reg4"]
    assert found.unassigned < 0.2


def test_bone_is_no_margin():
    hu = np.where(RADIUS <= 20, 40.0, 600.0)
    assert sum(volumes(regions(hu))[f"reg{n}"] for n in (4, 5, 6)) < 0.3 * (ball_ml(26) - ball_ml(20))


def test_labels_lie_where_the_lesion_is():
    found = regions(np.where(RADIUS <= 20, 40.0, -850.0))
    inside = np.argwhere((found.labels > 0) & (found.labels < 4))
    assert np.linalg.norm(found.geometry.to_lps(inside), axis=1).max() < 22
    assert found.geometry.to_lps(inside).mean(axis=0) == pytest.approx((0, 0, 0), abs=0.6)
