"""Feature selection on tables whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp_training.cohorts.table import Column
from dmdp_training.selection.feature_sets import FEATURE_SETS, REGIONS, feature_pipeline, selected_names
from dmdp_training.selection.lasso import LassoSelector
from dmdp_training.selection.mrmr import Mrmr
from scipy.special import expit
from sklearn.feature_selection import f_classif
from sklearn.preprocessing import StandardScaler

N, CANDIDATES = 400, 130  # the paper screens 130 candidates per region
TRUE = (3, 40, 77, 101)


@pytest.fixture(scope="module")
def wide():
    """130 candidates: four carry the label, ten are near copies of the first of them, one never varies, the rest is noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, CANDIDATES))
    y = rng.binomial(1, expit(x[:, TRUE] @ np.array([1.6, -1.3, 1.1, 1.0])))
    x[:, 110:120] = x[:, [TRUE[0]]] + 0.1 * rng.normal(size=(N, 10))
    x[:, 5] = 7.0
    return x, y


def test_mrmr_finds_the_truth_where_relevance_finds_copies(wide):
    x, y = wide
    family = {TRUE[0], *range(110, 120)}
    kept = set(Mrmr(8).fit(x, y).get_support(indices=True))
    assert len(kept) == 8
    assert set(TRUE[1:]) <= kept
    assert 1 <= len(kept & family) <= 5
    relevance = f_classif(np.where(x == 7.0, np.arange(N)[:, None] % 2, x), y)[0]
    assert set(np.argsort(-relevance)[:8]) <= family


def test_mrmr_keeps_twenty_and_no_constant(wide):
    kept = Mrmr(20).fit(*wide).get_support(indices=True)
    assert len(kept) == 20
    assert 5 not in kept


def test_mrmr_of_a_small_table_keeps_all(wide):
    x, y = wide
    assert Mrmr(20).fit(x[:, :12], y).get_support().all()


def test_lasso_keeps_the_truth_and_little_else(wide):
    x, y = wide
    x = StandardScaler().fit_transform(x[:, :105])
    kept = set(LassoSelector().fit(x, y).get_support(indices=True))
    assert set(TRUE) <= kept
    assert len(kept) <= 20


def test_lasso_never_keeps_nothing():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(60, 8)), np.arange(60) % 2
    assert 1 <= LassoSelector().fit(x, y).get_support().sum() < 8
    assert LassoSelector().fit(np.zeros((60, 3)) + 1e-3 * x[:, :3], y).get_support().any()


def test_a_penalty_path_starts_where_the_first_feature_enters(wide):
    """scikit-learn's own bound: below it every coefficient is zero."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import l1_min_c

    x, y = wide
    x = StandardScaler().fit_transform(x[:, :30])
    low = l1_min_c(x, y, loss="log", fit_intercept=True)
    size = LogisticRegression(C=low * 0.99, l1_ratio=1.0, solver="liblinear").fit(x, y).coef_
    assert not size.any()


def columns_of(widths):
    return [Column(f"{block}_{i}", "1", block) for block, width in widths.items() for i in range(width)]


@pytest.mark.parametrize("name", list(FEATURE_SETS))
def test_every_set_reads_its_own_blocks_only(name):
    rng = np.random.default_rng(0)
    columns = columns_of({"clinical": 3, "PET": 6, **dict.fromkeys(REGIONS, 25)})
    x = rng.normal(size=(160, len(columns)))
    x[rng.random(x.shape) < 0.02] = np.nan
    y = rng.binomial(1, 0.4, 160)
    feature_set = FEATURE_SETS[name]
    fitted = feature_pipeline(columns, feature_set).fit(x, y)
    names = selected_names(fitted, columns)
    assert {c.block for c in columns if c.name in names} <= set(feature_set.blocks)
    assert np.isfinite(fitted.transform(x)).all()
    assert fitted.transform(x).shape[1] == len(names) >= 1
    if "clinical" in feature_set.blocks:
        assert {"clinical_0", "clinical_1", "clinical_2"} <= set(names)
    assert feature_set.upstream == name.startswith(("CT", "PET_CT"))


def test_recursive_elimination_finds_the_informative_pet_columns():
    rng = np.random.default_rng(0)
    columns = columns_of({"PET": 20})
    x = rng.normal(size=(400, 20))
    y = rng.binomial(1, expit(1.5 * x[:, 4] - 1.5 * x[:, 11]))
    names = selected_names(feature_pipeline(columns, FEATURE_SETS["PET"]).fit(x, y), columns)
    assert {"PET_4", "PET_11"} <= set(names)
    assert len(names) < 12
