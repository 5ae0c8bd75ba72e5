"""A contour that another hand drew: volumes and places on a ball, finer and coarser than the step."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.delineation.perturb import perturbed
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry
from dmdp.patients.case import Lesion


def ball(radius, spacing):
    side = int(2 * (radius + 12) / spacing)
    grid = Geometry.from_spacing((side,) * 3, (spacing,) * 3, (-(side - 1) * spacing / 2,) * 3)
    points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
    return Lesion(Mask(np.linalg.norm(points, axis=-1) <= radius, grid), "manual", "PET", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("spacing", [1.0, 4.0])
def test_a_ball_grows_and_shrinks_by_its_shell(spacing):
    lesion = ball(15, spacing)
    found = perturbed(lesion)
    assert len(found) == 8
    own = lesion.volume_ml
    assert found["grown"].volume_ml / own == pytest.approx((16 / 15) ** 3, rel=0.05)
    assert found["shrunk"].volume_ml / own == pytest.approx((14 / 15) ** 3, rel=0.05)
    assert not (lesion.mask.array & ~found["grown"].mask.array).any()
    assert not (found["shrunk"].mask.array & ~lesion.mask.array).any()


@pytest.mark.parametrize("spacing", [1.0, 4.0])
def test_shifts_keep_the_volume_and_move_the_centre(spacing):
    lesion = ball(18, spacing)
    found = perturbed(lesion)
    for axis, name in enumerate("zyx"):
        for sign, word in ((1, "+"), (-1, "-")):
            moved = found[f"{word}{name}"]
            assert moved.voxels == lesion.voxels
            step = np.argwhere(moved.mask.array).mean(axis=0) - np.argwhere(lesion.mask.array).mean(axis=0)
            assert sign * step[axis] * spacing == pytest.approx(1.0, abs=0.45)
            assert np.abs(np.delete(step, axis)).max() * spacing < 0.45


def test_a_lesion_at_the_border_and_one_of_two_voxels_survive():
    lesion = ball(15, 4.0)
    edge = np.zeros_like(lesion.mask.array)
    edge[:3, :3, :3] = True
    assert all(other.mask.array.any() for other in perturbed(Lesion(Mask(edge, lesion.geometry), "manual")).values())
    tiny = np.zeros_like(lesion.mask.array)
    tiny[5, 5, 5:7] = True
    assert perturbed(Lesion(Mask(tiny, lesion.geometry), "manual"))["+x"].voxels == 2
