"""Measures of a prediction against scikit-learn, statsmodels and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp_training.statistics.associations import cohort_from_features, cohort_label, fisher_missingness
from dmdp_training.statistics.bootstrap import interval_of, ranked_areas, weights
from dmdp_training.statistics.calibration import brier, calibration, curve
from dmdp_training.statistics.classification import measures, youden
from dmdp_training.statistics.decision import THRESHOLDS, net_benefit, treat_all
from scipy.special import expit
from sklearn import metrics


@pytest.fixture(scope="module")
def predicted():
    """Probabilities with ties, and labels that follow them."""
    rng = np.random.default_rng(1)
    p = np.round(rng.beta(2, 4, 150), 2).clip(0.01, 0.99)
    return p, rng.binomial(1, p)


def test_weighted_areas_are_those_of_scikit_learn(predicted):
    p, y = predicted
    w = np.vstack([np.ones(len(y)), weights(y, 5, seed=0)])
    auc, precision = ranked_areas(p, y, w)
    assert auc == pytest.approx([metrics.roc_auc_score(y, p, sample_weight=row) for row in w])
    assert precision == pytest.approx([metrics.average_precision_score(y, p, sample_weight=row) for row in w])


def test_resamples_keep_the_classes(predicted):
    _, y = predicted
    w = weights(y, 50, seed=3)
    assert (w[:, y == 1].sum(axis=1) == y.sum()).all()
    assert (w.sum(axis=1) == len(y)).all()


def test_calls_are_measured_as_scikit_learn_does(predicted):
    p, y = predicted
    calls = p >= 0.3
    found = {name: value[0] for name, value in measures(calls, y, np.ones((1, len(y)))).items()}
    expected = {
        "accuracy": metrics.accuracy_score(y, calls),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, calls),
        "F1": metrics.f1_score(y, calls),
        "sensitivity": metrics.recall_score(y, calls),
        "specificity": metrics.recall_score(y, calls, pos_label=0),
        "PPV": metrics.precision_score(y, calls),
        "NPV": metrics.precision_score(y, calls, pos_label=0),
        "MCC": metrics.matthews_corrcoef(y, calls),
    }
    assert found == pytest.approx(expected)


def test_what_is_undefined_has_no_interval(predicted):
    p, y = predicted
    nobody = np.zeros(len(p), bool)
    found = interval_of(lambda v: measures(nobody, y, v)["PPV"], weights(y, 20, 0))
    assert np.isnan([found.value, *found.interval]).all()


def test_youden_is_the_best_point_of_the_curve(predicted):
    p, y = predicted
    false, true, _ = metrics.roc_curve(y, p)
    calls = p >= youden(p, y)
    found = metrics.recall_score(y, calls) + metrics.recall_score(y, calls, pos_label=0) - 1
    assert found == pytest.approx((true - false).max())


def test_slope_and_intercept_are_those_of_statsmodels():
    """statsmodels 0.15 GLM, binomial, cov_type HC0, on these numbers: slope 0.90806914 (SE 0.20328380); intercept with the
    log-odds as offset 0 (SE 0.35097068)."""
    x = np.round(np.linspace(-3, 3, 60), 6)
    y = (np.sin(np.arange(60) * 1.7) * 1.5 + x * 0.6 > 0).astype(int)
    found = calibration(expit(x), y)
    errors = [(v.interval[1] - v.interval[0]) / (2 * 1.959964) for v in (found.slope, found.intercept)]
    assert (found.slope.value, errors[0]) == pytest.approx((0.90806914, 0.20328380), abs=1e-5)
    assert (found.intercept.value, errors[1]) == pytest.approx((0, 0.35097068), abs=1e-6)
    repeated = calibration(np.tile(expit(x), (3, 1)), y)
    assert repeated.slope.interval == pytest.approx(found.slope.interval)


def test_known_miscalibration_is_found():
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000)
    y = rng.binomial(1, expit(x))
    assert calibration(expit(x), y).slope.value == pytest.approx(1, abs=0.05)
    assert calibration(expit(2 * x), y).slope.value == pytest.approx(0.5, abs=0.03)
    assert calibration(expit(x + 0.7), y).intercept.value == pytest.approx(-0.7, abs=0.05)
    points = curve(expit(x), y, bins=10)
    assert all(q.interval[0] - 0.02 <= q.predicted <= q.interval[1] + 0.02 for q in points)
    assert sum(q.n for q in points) == len(y)


def test_brier(predicted):
    p, y = predicted
    assert brier(p, y, np.ones((1, len(y))))[0] == pytest.approx(metrics.brier_score_loss(y, p))


def test_net_benefit_by_hand():
    """10 patients, 4 events; at 0.2 six are called, 3 rightly: 3/10 − 3/10 · 0.2/0.8 = 0.225 (Vickers and Elkin 2006)."""
    y = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    p = np.array([0.9, 0.5, 0.3, 0.1, 0.6, 0.4, 0.2, 0.1, 0.1, 0.05])
    assert net_benefit(p, y, np.array([0.2])) == pytest.approx([0.225])
    assert treat_all(y, np.array([0.2])) == pytest.approx([0.4 - 0.6 * 0.25])
    assert net_benefit(np.ones(10), y) == pytest.approx(treat_all(y, THRESHOLDS))


def test_missingness_that_tells_the_label():
    """10 of 17 without PET are mutants, 56 of 211 with PET: p = 0.0097 (our re-analysis of the released matrices)."""
    measured = np.repeat([False, True], [17, 211])
    y = np.concatenate([np.arange(17) < 10, np.arange(211) < 56]).astype(int)
    found = fisher_missingness(measured, y)
    assert (found.missing, found.events_missing, found.known, found.events_known) == (17, 10, 211, 56)
    assert found.p == pytest.approx(0.0097, abs=5e-5)


def test_cohort_tests_see_a_cohort_and_only_that():
    rng = np.random.default_rng(0)
    cohorts = np.repeat(["A", "B", "C"], 60)
    noise = rng.normal(size=(180, 4))
    assert cohort_from_features(noise, cohorts) == pytest.approx(0.5, abs=0.08)
    assert cohort_from_features(noise + (cohorts == "B")[:, None] * 2, cohorts) > 0.75
    y = rng.binomial(1, 0.3, 180)
    assert cohort_label(cohorts, y).p > 0.05
    assert cohort_label(cohorts, (cohorts == "A").astype(int)).p < 0.001
    assert cohort_label(cohorts[:120], y[:120]).counts["A"] == (int(y[:60].sum()), 60)


def test_log_odds_survive_certainty():
    y = np.array([0, 1] * 20)
    found = calibration(np.where(y == 1, 1.0, 0.0) * 0.98 + 0.01, np.roll(y, 1))
    assert np.isfinite([found.slope.value, found.intercept.value]).all()
