"""What a sub-model computes, against scikit-learn, brute force, Bayes' rule and simulated truth."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from dmdp.endpoints.conformal import thresholds, verdict
from dmdp.endpoints.prevalence import at_prevalence
from dmdp.ensemble.contributions import shapley
from dmdp.ensemble.forest import Forest
from dmdp.ensemble.learners import FORESTS, from_tensors
from scipy.stats import norm
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier


@pytest.fixture(scope="module")
def cohort():
    """300 patients with 6 inputs, an interaction and a minority class."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 6)) * [1, 2, 5, 1, 1, 1] + [0, 1, 60, 0, 0, 0]
    y = (x[:, 0] + x[:, 3] * x[:, 4] + rng.normal(size=300) > 1.2).astype(int)
    return x, y


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_a_forest_says_what_scikit_learn_says(cohort, kind):
    from dmdp_training.ensembles.fitting import forest_from

    x, y = cohort
    model = kind(30, min_samples_leaf=3, class_weight="balanced", random_state=0).fit(x, y)
    forest = Forest.from_tensors(forest_from(model).tensors("f"), "f", x.shape[1])
    rows = np.vstack([x, np.random.default_rng(0).normal(size=(500, 6)) * 20])
    np.testing.assert_allclose(forest.probability(rows), model.predict_proba(rows)[:, 1], atol=1e-7)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("left", lambda a: a * 0),  # every child is the first node: it would never end
        ("right", lambda a: a + 10_000),
        ("right", lambda a: a - 10_000),
        ("feature", lambda a: a + 6),
        ("threshold", lambda a: a * np.nan),
        ("value", lambda a: a + 2),
        ("value", lambda a: a[:-1]),
        ("left", lambda a: a.astype(np.float32)),
        ("roots", lambda a: a + 10_000),
        ("roots", lambda a: a[:0]),
    ],
)
def test_a_forest_that_lies_about_its_nodes_is_refused(cohort, name, change):
    from dmdp_training.ensembles.fitting import forest_from

    x, y = cohort
    tensors = forest_from(RandomForestClassifier(5, random_state=0).fit(x, y)).tensors("f")
    tensors[f"f.{name}"] = change(tensors[f"f.{name}"])
    with pytest.raises(ValueError, match="no forest"):
        Forest.from_tensors(tensors, "f", x.shape[1])


def test_a_shipped_stack_says_what_the_trained_one_says(cohort):
    from dmdp_training.ensembles.fitting import Effort, fit, stack
    from dmdp_training.ensembles.published import tensors_of

    x, y = cohort
    fitted = fit("stack", x, y, 0, Effort(repeats=1, trees=10))
    shipped = from_tensors("stack", tensors_of("s", fitted.learner), "s", x.shape[1])
    trained = stack(0, 10).fit(x, y)
    expected = fitted.calibration(trained.decision_function(x))
    np.testing.assert_allclose(shipped.log_odds(x), expected, atol=1e-6)
    resampled = shipped.resampled(x[:5])
    assert resampled.shape == (200, 5)
    low, high = np.quantile(resampled, [0.01, 0.99], axis=0)
    assert np.all((low < expected[:5]) & (expected[:5] < high))
    assert len(shipped.forests) == len(FORESTS)


def test_contributions_are_shapley_values(cohort):
    """Against the definition: the mean over all orders of the gain of an input when it joins those before it."""
    rng = np.random.default_rng(1)
    row, typical = rng.normal(size=4), rng.normal(size=4)

    def model(rows):
        return rows[:, 0] * rows[:, 1] + np.sin(rows[:, 2]) + np.where(rows[:, 3] > 0, 2.0, rows[:, 0])

    expected = np.zeros(4)
    orders = list(permutations(range(4)))
    for order in orders:
        now = typical.copy()
        for j in order:
            before = model(now[None])[0]
            now[j] = row[j]
            expected[j] += (model(now[None])[0] - before) / len(orders)
    found = shapley(model, row, typical)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.sum() == pytest.approx(model(row[None])[0] - model(typical[None])[0])
    weights = rng.normal(size=4)
    np.testing.assert_allclose(shapley(lambda rows: rows @ weights, row, typical), weights * (row - typical))


def test_conformal_sets_cover_each_class():
    """Simulated truth: of each class, 1 − alpha of fresh patients keep their class in the set, also of the rare one."""
    rng = np.random.default_rng(5)

    def draw(n):
        y = (rng.uniform(size=n) < 0.2).astype(int)
        return 1 / (1 + np.exp(-(rng.normal(size=n) + 1.5 * y - 1.5))), y

    def both(probability, y):
        return np.column_stack([1 - probability, probability]), y

    kept = {0: [], 1: []}
    for _ in range(200):
        stored = thresholds(*both(*draw(300)))
        probability, y = draw(300)
        negative, positive = stored["0.1"]
        kept[0].append(np.mean(1 - probability[y == 0] >= negative))
        kept[1].append(np.mean(probability[y == 1] >= positive))
    for label in (0, 1):
        assert 0.88 <= np.mean(kept[label]) <= 0.92


def test_conformal_answers():
    stored = {"0.1": [0.3, 0.4]}
    assert verdict(0.9, stored) == "likely"
    assert verdict(0.1, stored) == "unlikely"
    assert verdict(0.5, stored) == "uncertain", "both remain"
    assert verdict(0.5, {"0.1": [0.6, 0.6]}) == "uncertain", "none remains"
    few = thresholds(np.column_stack([np.linspace(0.9, 0.1, 14), np.linspace(0.1, 0.9, 14)]), np.array([0] * 10 + [1] * 4))
    assert few["0.05"] == [0.0, 0.0], "too few to leave one out: nothing is ruled out"


def test_prevalence_follows_bayes():
    """Two Gaussian classes: the posterior is known at any prevalence."""

    def posterior(x, prevalence):
        return prevalence * norm.pdf(x, 1) / (prevalence * norm.pdf(x, 1) + (1 - prevalence) * norm.pdf(x, 0))

    for x in (-1.0, 0.3, 2.0):
        assert at_prevalence(posterior(x, 0.2), 0.2, 0.6) == pytest.approx(posterior(x, 0.6))
    assert at_prevalence(0.37, 0.2, 0.2) == pytest.approx(0.37)
