"""Coverage of the conformal answers on simulated patients, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp_training.statistics.coverage import coverage
from scipy.stats import beta


def patients(n, separation, seed):
    rng = np.random.default_rng(seed)
    y = (rng.uniform(size=n) < 0.3).astype(int)
    return 1 / (1 + np.exp(-(rng.normal(size=n) + separation * y - separation / 2))), y


@pytest.mark.parametrize("separation", [0.0, 1.0, 3.0])
def test_each_class_is_kept_as_often_as_promised(separation):
    """More than 1,000 of each class: within 0.03 of nominal, however well the model tells them apart."""
    (negative, positive), _ = coverage(*patients(6000, separation, 1), alpha=0.1)
    assert min(negative.n, positive.n) > 1000
    assert negative.value == pytest.approx(0.9, abs=0.03)
    assert positive.value == pytest.approx(0.9, abs=0.03)


def test_a_model_that_knows_more_leaves_fewer_uncertain():
    shares = [coverage(*patients(3000, separation, 2))[1] for separation in (0.0, 1.0, 2.5)]
    assert shares[0] > shares[1] > shares[2]
    assert shares[0] > 0.7


def test_the_interval_is_the_exact_binomial_one():
    (negative, _), _ = coverage(*patients(300, 1.0, 3))
    low = beta.ppf(0.025, negative.kept, negative.n - negative.kept + 1)
    high = beta.ppf(0.975, negative.kept + 1, negative.n - negative.kept)
    assert negative.interval == pytest.approx((low, high), abs=1e-9)


def test_a_flat_score_rules_nothing_out_unduly():
    """Labels that have nothing to do with the score: both classes are kept as promised."""
    rng = np.random.default_rng(4)
    (negative, positive), _ = coverage(rng.uniform(size=4000), (rng.uniform(size=4000) < 0.5).astype(int), alpha=0.2)
    assert negative.value == pytest.approx(0.8, abs=0.03)
    assert positive.value == pytest.approx(0.8, abs=0.03)
