"""Sub-regions on a phantom whose parts are known."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.patients.case import Lesion
from dmdp.regions.ct_regions import MIN_CONTRAST_HU, ct_regions
from dmdp.regions.thorax import Thorax, axial_hull

GRID = Geometry.from_spacing((40, 90, 90), (2.0, 1.0, 1.0), (-44.5, -44.5, -39.0))
RADIUS = np.linalg.norm(GRID.to_lps(np.moveaxis(np.indices(GRID.shape), 0, -1)), axis=-1)
LESION = Lesion(Mask(RADIUS <= 20, GRID), "manual", "CT")
NOTHING = Mask(np.zeros((1, 1, 1), bool), Geometry.from_spacing((1, 1, 1), (3.0, 3.0, 3.0)))
NO_THORAX = Thorax(NOTHING, NOTHING)


def regions(hu):
    return ct_regions(Volume(hu, GRID, "HU"), LESION, NO_THORAX)


def volumes(found):
    return {r.name: r.volume_ml for r in found.report().regions}


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
    assert any("No distinct density habitat" in note for note in found.report().notes)


def test_absent_regions_are_said_to_be_absent():
    found = regions(np.full(GRID.shape, 40.0))
    present = {r.name: r.present for r in found.report().regions}
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


def test_shells_are_three_millimetres_thick_and_rings_add_them_up():
    found = regions(np.where(RADIUS <= 20, 40.0, -850.0))
    ml = {name: mask.volume_ml for name, mask in found.masks().items()}
    for inner, outer in ((0, 3), (3, 6), (6, 9)):
        assert ml[f"shell_{inner}_{outer}"] == pytest.approx(ball_ml(20 + outer) - ball_ml(20 + inner), rel=0.05)
    assert ml["ring_0_9"] == pytest.approx(ml["shell_0_3"] + ml["shell_3_6"] + ml["shell_6_9"])
    assert ml["ring_0_6"] == pytest.approx(ml["reg4"] + ml["reg5"] + ml.get("reg6", 0), rel=0.02)


def test_margin_and_shells_end_at_the_chest_wall():
    """A lung half-space with a tumour on its border to the wall: nothing outside the lungs' hull is margin."""
    points = GRID.to_lps(np.moveaxis(np.indices(GRID.shape), 0, -1))
    wall = points[..., 0] > 15
    hu = np.where(RADIUS <= 20, 40.0, np.where(wall, 50.0, -850.0))
    lung = ~wall & (RADIUS > 20)
    thorax = Thorax(Mask(lung, GRID), Mask(axial_hull(lung, GRID), GRID))
    found = ct_regions(Volume(hu, GRID, "HU"), LESION, thorax)
    margin = found.geometry.to_lps(np.argwhere(found.labels >= 4))
    shell = found.geometry.to_lps(np.argwhere(found.shells > 0))
    assert margin[:, 0].max() < 17
    assert shell[:, 0].max() < 17
    assert (found.geometry.to_lps(np.argwhere((found.labels > 0) & (found.labels < 4)))[:, 0]).max() > 18
    assert not any("not limited to the thorax" in note for note in found.report().notes)
    assert any("not limited to the thorax" in note for note in regions(hu).report().notes)


def test_the_hull_holds_the_mediastinum_in_any_orientation():
    lung = np.zeros((6, 40, 40), bool)
    lung[:, 10:30, 3:12] = lung[:, 10:30, 28:37] = True
    axial = Geometry.from_spacing(lung.shape, (3.0, 3.0, 3.0))
    hull = axial_hull(lung, axial)
    assert hull[:, 12:28, 12:28].all()
    assert not hull[:, :8].any()
    turned = Geometry((40, 6, 40), tuple(tuple(row) for row in axial.matrix[:, [1, 0, 2, 3]].tolist()))
    assert np.array_equal(axial_hull(np.swapaxes(lung, 0, 1), turned), np.swapaxes(hull, 0, 1))
    assert not axial_hull(np.zeros_like(lung), axial).any()


def test_small_far_parts_of_a_contour_are_left_out_and_counted():
    mask = RADIUS <= 15
    mask[2:4, 2:6, 2:6] = True  # 64 ml·10⁻³ beside 14 ml
    found = ct_regions(Volume(np.full(GRID.shape, 40.0), GRID, "HU"), Lesion(Mask(mask, GRID), "manual"), NO_THORAX)
    inside = found.geometry.to_lps(np.argwhere((found.labels > 0) & (found.labels < 4)))
    assert np.linalg.norm(inside, axis=1).max() < 17
    assert found.unassigned == pytest.approx(0.064 / (ball_ml(21) + 0.064), rel=0.5)


def test_an_empty_contour_has_no_regions():
    nothing = Lesion(Mask(np.zeros(GRID.shape, bool), GRID), "manual")
    assert ct_regions(Volume(np.full(GRID.shape, 40.0), GRID, "HU"), nothing, NO_THORAX) is None
