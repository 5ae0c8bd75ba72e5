"""Agreement of features over contours, and the table that says it."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from dmdp_training.statistics.agreement import agreement, intraclass_correlation

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


@pytest.mark.slow
def test_the_command_says_which_features_are_steady(dmdp_command, tmp_path):
    from dmdp_training.simulate import simulate_patient, write_patient

    cohort = tmp_path / "cohort.csv"
    lines = ["id,ct,pet,seed", f'lost,{tmp_path / "no"},{tmp_path / "no"},"0,0,0"']
    for seed in (1, 2, 3, 5):
        patient = simulate_patient(seed)
        folder = write_patient(patient, tmp_path / str(seed))
        lines.append(f'{seed},{folder},{folder},"{",".join(map(str, patient.seed_lps))}"')
    cohort.write_text("\n".join(lines), encoding="utf-8")
    done = dmdp_command("validate", "contours", "--cohort", cohort, "--out", tmp_path / "icc.csv")
    assert done.returncode == 0, done.stderr
    assert "4 lesions" in done.stdout
    assert "lost: " in done.stdout
    rows = list(csv.DictReader(line for line in (tmp_path / "icc.csv").read_text().splitlines() if line[0] != "#"))
    found = {(row["image"], row["feature"]): row for row in rows}
    assert float(found["PET", "suv_max"]["icc1"]) == pytest.approx(1.0, abs=1e-3)
    assert found["CT", "original_shape_VoxelVolume"]["contours"] == "9"
    assert float(found["CT", "original_shape_VoxelVolume"]["icc1"]) < 1.0
    assert float(found["CT", "original_shape_VoxelVolume"]["icc3"]) <= 1.0
