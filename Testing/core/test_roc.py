"""Areas under ROC curves against the example of the paper that introduced the method."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp_training.statistics.roc import compare, delong, holm
from sklearn.metrics import roc_auc_score

# DeLong, DeLong and Clarke-Pearson 1988, as analysed in SAS/STAT's documentation, "Comparing Receiver Operating Characteristic
# Curves": albumin, total protein, K-G score, benefit (1) of 43 patients
PATIENTS = """
3.0 5.8 10 0 3.2 6.3 5 1 3.9 6.8 3 1 2.8 4.8 6 0 3.2 5.8 3 1 0.9 4.0 5 0 2.5 5.7 8 0 1.6 5.6 5 1 3.8 5.7 5 1 3.7 6.7 6 1
3.2 5.4 4 1 3.8 6.6 6 1 4.1 6.6 5 1 3.6 5.7 5 1 4.3 7.0 4 1 3.6 6.7 4 0 2.3 4.4 6 1 4.2 7.6 4 0 4.0 6.6 6 0 3.5 5.8 6 1
3.8 6.8 7 1 3.0 4.7 8 0 4.5 7.4 5 1 3.7 7.4 5 1 3.1 6.6 6 1 4.1 8.2 6 1 4.3 7.0 5 1 4.3 6.5 4 1 3.2 5.1 5 1 2.6 4.7 6 1
3.3 6.8 6 0 1.7 4.0 7 0 3.7 6.1 5 1 3.3 6.3 7 1 4.2 7.7 6 1 3.5 6.2 5 1 2.9 5.7 9 0 2.1 4.8 7 1 2.8 6.2 8 0 4.0 7.0 7 1
3.3 5.7 6 1 3.7 6.9 5 1 3.6 6.6 5 1
"""


@pytest.fixture(scope="module")
def example():
    albumin, protein, score, benefit = np.array(PATIENTS.split(), float).reshape(-1, 4).T
    return {"albumin": albumin, "protein": protein, "score": 10 - score}, benefit.astype(int)


@pytest.mark.parametrize(
    ("test", "area", "error", "low", "high"),
    [
        ("albumin", 0.7366, 0.0927, 0.5549, 0.9182),
        ("score", 0.7258, 0.1028, 0.5243, 0.9273),
        ("protein", 0.6478, 0.1000, 0.4518, 0.8439),
    ],
)
def test_areas_of_the_published_example(example, test, area, error, low, high):
    found = delong(example[0][test], example[1])
    assert (found.value, found.error, *found.interval) == pytest.approx((area, error, low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("test", "difference", "low", "high", "p"),
    [("albumin", 0.0108, -0.1761, 0.1976, 0.9102), ("protein", -0.0780, -0.2830, 0.1271, 0.4561)],
)
def test_paired_comparison_of_the_published_example(example, test, difference, low, high, p):
    found = compare(example[0][test], example[0]["score"], example[1])
    assert (found.value, *found.interval, found.p) == pytest.approx((difference, low, high, p), abs=6e-5)


def test_several_repeats_are_averaged(example):
    tests, y = example
    rows = np.array([tests["albumin"], tests["protein"]])
    found = delong(rows, y)
    assert found.value == pytest.approx(np.mean([roc_auc_score(y, row) for row in rows]))
    assert delong(np.tile(rows[0], (5, 1)), y).error == pytest.approx(delong(rows[0], y).error)  # repeats are no new patients
    same = compare(rows, rows, y)
    assert (same.value, same.p) == (0, 1)


def test_the_interval_covers_the_truth():
    """400 simulated studies with a known area of 0.760: 95 % of the intervals hold it."""
    from scipy.stats import norm

    truth = norm.cdf(1 / np.sqrt(2))
    rng = np.random.default_rng(0)
    y = np.repeat([1, 0], [60, 140])
    intervals = [delong(rng.normal(size=200) + y, y).interval for _ in range(400)]
    assert np.mean([low <= truth <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.03)


def test_a_perfect_ranking_of_few_patients_is_not_certain():
    found = delong(np.arange(12.0), np.repeat([0, 1], 6))
    assert (found.value, found.error) == (1.0, 0.0)
    assert found.interval == pytest.approx((0.025 ** (1 / 6), 1.0))
    worst = delong(-np.arange(12.0), np.repeat([0, 1], 6))
    assert worst.interval == pytest.approx((0.0, 1 - 0.025 ** (1 / 6)))
    alone = delong(np.arange(12.0), np.arange(12) == 11)  # one positive patient: nothing is known of how positives vary
    assert alone.interval == pytest.approx((0.025, 1.0))
    flat = delong(np.zeros(20), np.repeat([0, 1], 10))
    assert flat.value == 0.5
    assert flat.interval == pytest.approx((0.187, 0.813), abs=1e-3)  # Clopper and Pearson, 5 of 10


def test_holm():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9])) == pytest.approx([0.9])
