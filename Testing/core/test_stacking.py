"""The stack: what it learns, that its probabilities are probabilities, and that no test fold is ever seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dmdp_training.cohorts.table import CohortTable, Column
from dmdp_training.ensembles.learners import learners
from dmdp_training.ensembles.stacking import STACK, StackedEnsemble
from dmdp_training.selection.feature_sets import REGIONS, plain_pipeline
from dmdp_training.statistics.calibration import calibration
from dmdp_training.statistics.platt import FLAT, platt
from dmdp_training.statistics.roc import delong
from dmdp_training.studies.published.plan import Plan
from dmdp_training.studies.published.units import KINDS, Unit, compute
from scipy.special import expit
from sklearn.base import clone

TINY = Plan(repeats=1, folds=3, inner_folds=3, trees=10, tuned=False, splits=1, permutations=1, guard_folds=2, resamples=50,
            reanalysis_repeats=1, reanalysis_trees=10)  # fmt: skip


def simulated(n: int, seed: int, weight: float = 1.2):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    return x, rng.binomial(1, expit(weight * x[:, 0] + weight * x[:, 1] * x[:, 2] - 1))


def cohort_table(n: int = 120, seed: int = 0) -> CohortTable:
    """Invented patients of two cohorts with every block, in which one column of each block carries the label."""
    rng = np.random.default_rng(seed)
    widths = {"clinical": 2, "PET": 4, **dict.fromkeys(REGIONS, 3)}
    columns = tuple(Column(f"{b}_{i}", "1", b, b.startswith("CT")) for b, width in widths.items() for i in range(width))
    y = rng.binomial(1, 0.4, n)
    values = rng.normal(size=(n, len(columns)))
    for block in widths:
        values[:, next(i for i, c in enumerate(columns) if c.block == block)] += 0.8 * y
    values[rng.random(values.shape) < 0.01] = np.nan
    return CohortTable(
        columns, values, {"EGFR": y.astype(np.int8)}, np.array(["A", "B"])[np.arange(n) % 2], np.arange(n).astype(str)
    )


@pytest.fixture(scope="module")
def fitted():
    return StackedEnsemble(plain_pipeline(), learners(trees=40)).fit(*simulated(400, 0))


def test_every_model_learns_and_is_calibrated(fitted):
    x, y = simulated(4000, 1)
    found = fitted.all_probabilities(x)
    areas = {name: delong(found[:, i], y).value for i, name in enumerate(fitted.names)}
    assert min(areas.values()) > 0.65
    assert areas[STACK] > max(areas.values()) - 0.02
    for i in range(len(fitted.names)):
        c = calibration(found[:, i], y)
        assert c.slope.value == pytest.approx(1, abs=0.35)
        assert c.intercept.value == pytest.approx(0, abs=0.25)


def test_the_stack_is_a_scikit_learn_classifier(fitted):
    x, _ = simulated(50, 2)
    p = fitted.predict_proba(x)
    assert p.shape == (50, 2)
    assert p.sum(axis=1) == pytest.approx(1)
    assert set(fitted.predict(x)) <= {0, 1}
    assert not hasattr(clone(fitted), "models_")
    assert fitted.best_["LR"]["C"] in (0.01, 0.1, 1.0)


def test_the_same_seed_gives_the_same_stack(fitted):
    again = clone(fitted).fit(*simulated(400, 0))
    x, _ = simulated(20, 3)
    np.testing.assert_array_equal(again.all_probabilities(x), fitted.all_probabilities(x))


def test_a_score_that_points_the_wrong_way_is_made_flat():
    rng = np.random.default_rng(0)
    y = rng.binomial(1, 0.25, 400)
    found = platt(-3.0 * y + rng.normal(size=400), y)
    assert found.slope == FLAT
    assert expit(found(np.array([-5.0, 5.0]))) == pytest.approx(y.mean(), abs=1e-4)


@pytest.mark.parametrize("kind", ["nested", "selection_inside", "left_out"])
def test_no_step_sees_a_test_fold(kind):
    """Poison: absurd values and turned labels in the test fold leave everything that was fitted as it was."""
    table = cohort_table()
    unit = Unit(kind, "EGFR", "PET_CT_clinical", cohort="B" if kind == "left_out" else "")
    kept = KINDS[kind]
    caught = []

    def poisoned(self, x, y, fit=StackedEnsemble.fit):
        caught.append((x.copy(), y.copy()))
        return fit(self, x, y)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StackedEnsemble, "fit", poisoned)
        first = kept(unit, table, TINY)
        x, _ = caught[0]
        design = table.select(("PET", *REGIONS, "clinical")).design()
        in_training = np.array([any(np.array_equal(row, seen, equal_nan=True) for seen in x) for row in design])
        assert 0 < in_training.sum() < len(table)
        values = table.values.copy()
        values[~in_training] = 1e6
        second = kept(unit, replace(table, values=values), TINY)
    np.testing.assert_array_equal(caught[0][0], caught[1][0])
    np.testing.assert_array_equal(caught[0][1], caught[1][1])
    for key in ("selected", "best", "threshold", "inner_auc"):
        assert first.get(key) == second.get(key)


def test_inner_folds_refit_the_selection():
    """With more columns than patients and labels at random, selection outside the inner folds would look brilliant."""
    from dmdp_training.selection.feature_sets import FEATURE_SETS, feature_pipeline

    rng = np.random.default_rng(0)
    columns = tuple(Column(f"c{i}", "1", "CT_reg1") for i in range(300))
    x, y = rng.normal(size=(80, 300)), np.arange(80) % 2
    linear = learners(tuned=False, trees=5)[:1]
    honest = StackedEnsemble(feature_pipeline(columns, FEATURE_SETS["CT_reg1"]), linear).fit(x, y)
    chosen = feature_pipeline(columns, FEATURE_SETS["CT_reg1"]).fit_transform(x, y)
    leaking = StackedEnsemble(plain_pipeline(), linear).fit(chosen, y)
    assert leaking.inner_auc_["LR"] > 0.7
    assert honest.inner_auc_["LR"] < 0.62


@pytest.mark.slow
def test_permuted_labels_teach_nothing():
    """Twenty times, with every selector in the pipeline: the mean AUC is a half."""
    table, plan = cohort_table(160), replace(TINY, trees=3, inner_folds=2)
    found = []
    for number in range(20):
        units = [Unit("permuted", "EGFR", "PET_CT_clinical", number, fold) for fold in range(2)]
        results = [compute(unit, table, plan) for unit in units]
        y = np.concatenate([r["y"] for r in results])
        found.append(delong(np.concatenate([r["probability"]["LR"] for r in results]), y).value)
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)
