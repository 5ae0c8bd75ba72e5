"""Endpoints: labels, heads, answers and statistics of two classes and of several that are ordered."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from dmdp.bundles.manifest import Manifest, SelfTest
from dmdp.documents.codec import json_text, parse, read
from dmdp.endpoints.answers import NoAnswer
from dmdp.endpoints.base import LabelError, figure, numbers, target_widths, targets_of, widths
from dmdp.endpoints.ordinal import Ordinal, class_probabilities
from dmdp.endpoints.registry import ENDPOINTS, TypedAnswer, check_described, described, endpoint_of
from dmdp.ensemble.learners import ProportionalOdds
from dmdp.errors import ModelError
from dmdp.network.config import NetworkConfig
from dmdp.network.dmdp import Dmdp
from dmdp.network.losses import endpoint_loss
from dmdp.network.members import Members
from dmdp_training.endpoints.registry import STUDIES, registered, study_of
from dmdp_training.ensembles.fitting import Effort, fit
from dmdp_training.statistics import ordinal, proportional_odds
from dmdp_training.statistics.metrics import auc
from dmdp_training.statistics.platt import smoothed_platt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

PDL1 = ENDPOINTS["PDL1"]
NAN = float("nan")


def classes(count=400, seed=0):
    """Scores, and classes that follow them by proportional odds with slope 2 and cuts −1 and 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=count)
    y = (2 * x[:, None] - np.array([-1.0, 1.0]) + rng.logistic(size=(count, 1)) > 0).sum(axis=1)
    return x, y


@pytest.mark.parametrize("text", ["1", "1.0", "1–49 %", "1-49%", " 1 – 49 % "])
def test_a_class_may_be_written_in_many_ways(text):
    assert PDL1.read({"PDL1": text}) == 1


def test_a_label_may_be_unknown_and_a_wrong_one_says_what_would_be_right():
    assert PDL1.read({"PDL1": "not collected"}) is None
    assert PDL1.read({"PDL1": ">=50%"}) == 2
    with pytest.raises(LabelError) as caught:
        PDL1.read({"PDL1": "high"})
    assert "0 or '<1 %', 1 or '1–49 %', 2 or '≥50 %', or nothing" in caught.value.expected
    assert ENDPOINTS["PDL1_50"].read({"PDL1_50": "≥50 %"}) == 1


def test_three_different_classes_are_the_least():
    with pytest.raises(ValueError, match="three or more"):
        Ordinal("x", "X", ("low", "high"))
    with pytest.raises(ValueError, match="three or more"):
        Ordinal("x", "X", ("1 %", "1%", "2 %"))


@pytest.mark.parametrize("name", sorted(registered()))
def test_every_endpoint_does_its_work_in_network_and_study(name):
    endpoint, study = endpoint_of(name), study_of(name)
    assert set(STUDIES) >= {endpoint.kind}
    labels = [0, 1, len(endpoint.groups) - 1] * 4
    targets = targets_of([{name: label} for label in labels] + [{}], [endpoint])
    outputs = endpoint.head(8, 0, 0.0)(torch.randn(13, 8)).detach()
    assert outputs.shape == (13, endpoint.width)
    assert np.isnan(targets[-1]).all()
    assert endpoint_loss([endpoint], outputs, torch.from_numpy(targets)) > 0
    assert 0 <= study.score(outputs.numpy(), targets) <= 1
    calibration = json.loads(json.dumps(study.calibrate(outputs.numpy()[None], targets)))
    said = numbers(endpoint.said(outputs[0], calibration))
    assert all(0 <= p <= 1 for p in said)
    assert len(study.cells(outputs.numpy()[0], targets[0], calibration)) == len(study.headers)
    metrics = study.metrics([str(i) for i in range(13)], outputs.numpy()[None], targets)
    assert all(low <= m["value"] <= high for m in metrics for low, high in [m["interval"]])
    assert {m["n"] for m in metrics} == {12}
    assert metrics[0]["metric"] == study.measure


def test_endpoints_stand_side_by_side_in_one_network():
    config = NetworkConfig.quick(tasks=("EGFR", "PDL1", "KRAS"))
    assert widths(config.endpoints) == target_widths(config.endpoints) == [slice(0, 1), slice(1, 3), slice(3, 4)]
    torch.manual_seed(0)
    network = Dmdp(config).eval()
    said = Members((network,)).probabilities(torch.rand(1, 2, *config.shape), None)
    assert list(said) == ["EGFR", "PDL1", "KRAS"]
    assert sum(said["PDL1"].values()) == pytest.approx(1)
    assert min(said["PDL1"].values()) > 0
    assert figure(said["PDL1"]).startswith("<1 % 0.")
    with pytest.raises(ModelError, match="joint head of PDL1"):
        NetworkConfig.quick(tasks=("EGFR", "PDL1"), head="joint")


def test_the_loss_of_mixed_endpoints_is_the_mean_over_what_is_known():
    endpoints = [endpoint_of("EGFR"), PDL1]
    outputs = torch.tensor([[2.0, 1.0, -1.0], [0.0, 3.0, 0.5]])
    targets = torch.from_numpy(targets_of([{"EGFR": 1, "PDL1": 1}, {"PDL1": 2}], endpoints))
    each = torch.nn.functional.softplus(-torch.tensor([2.0, 1.0, 1.0, 3.0, 0.5]))
    assert endpoint_loss(endpoints, outputs, targets) == pytest.approx(float(each.mean()))


def test_proportional_odds_find_what_the_classes_follow():
    x, y = classes(4000)
    weights, cuts = proportional_odds.fit(x[:, None], np.eye(3)[y], 0.0)
    assert weights == pytest.approx([2.0], abs=0.15)
    assert cuts == pytest.approx([-1.0, 1.0], abs=0.15)


def test_with_two_classes_they_are_logistic_regression_and_platt():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 3))
    y = (x @ [1.0, -0.5, 0.0] + rng.logistic(size=200) > 0.3).astype(int)
    weights, cuts = proportional_odds.fit(x, np.eye(2)[y], 1.0)
    expected = LogisticRegression(C=1.0, tol=1e-10).fit(x, y)
    assert weights == pytest.approx(expected.coef_[0], abs=1e-4)
    assert -cuts == pytest.approx(expected.intercept_, abs=1e-4)
    scores = np.stack([x[:, 0], x[:, 0] + 0.1])
    platt, found = smoothed_platt(scores, y), proportional_odds.calibration(scores, y, 2)
    assert found.slope == pytest.approx(platt.slope, rel=1e-3)
    assert -found.cuts[0] == pytest.approx(platt.intercept, abs=1e-3)


def test_a_score_that_points_the_wrong_way_gives_the_frequencies():
    x, y = classes()
    found = proportional_odds.calibration(-x[None], y, 3)
    share = class_probabilities(found.above(x[:1]))[0]
    assert share == pytest.approx(np.bincount(y) / len(y), abs=1e-4)


def test_calibrated_classes_come_as_often_as_they_are_said():
    x, y = classes(2000)
    found = proportional_odds.calibration(5 * x[None] + 3, y, 3)
    assert class_probabilities(found.above(5 * x + 3)).mean(axis=0) == pytest.approx(np.bincount(y) / len(y), abs=0.01)


def test_the_c_index_is_the_auc_of_two_classes_and_kappa_that_of_the_field():
    x, y = classes()
    two = y > 0
    assert ordinal.concordance(x[None], two.astype(int)) == pytest.approx(auc(x[None], two.astype(int)))
    pairs = [(x[i] > x[j]) for i in range(80) for j in range(80) if y[i] > y[j]]
    assert ordinal.concordance(x[None, :80], y[:80])[0] == pytest.approx(np.mean(pairs))
    called = np.clip(np.round(x + 1), 0, 2).astype(int)
    kappa = ordinal.quadratic_kappa(called, y, 3, 0)
    assert kappa.value == pytest.approx(cohen_kappa_score(called, y, weights="quadratic"))
    assert kappa.interval[0] < kappa.value < kappa.interval[1]


def test_a_sub_model_of_ordered_classes_tells_them_with_intervals():
    x, y = classes(300)
    rows = np.column_stack([7 + 3 * x, np.random.default_rng(2).normal(size=300)])
    fitted = fit("proportional_odds", rows, y, 0, Effort(1, 5))
    learner, study = fitted.learner, study_of("PDL1")
    assert isinstance(learner, ProportionalOdds)
    card = {"conformal": {"0.1": [0.2, 0.2, 0.2]}}
    low, high = (PDL1.estimate(learner, rows[[at]], card) for at in (x.argmin(), x.argmax()))
    for found in (low, high):
        assert sum(found.values) == pytest.approx(1)
        assert all(a <= p <= b for p, (a, b) in zip(found.values, found.intervals, strict=True))
    assert low.set == ("<1 %",)
    assert high.set == ("≥50 %",)
    assert study.discrimination(fitted.scores, y, 0)[0] > 0.75
    mean = study.probabilities(fitted.scores.mean(axis=0), fitted.calibration).mean(axis=0)
    assert mean == pytest.approx(np.bincount(y) / len(y), abs=0.03)


def test_a_bundle_of_other_classes_is_refused():
    plain = Manifest(
        name="x",
        version="1",
        kind="network",
        tasks=("EGFR", "invented"),
        intended_use="none",
        cohorts=(),
        self_test=SelfTest({}, {}),
    )
    told = replace(plain, tasks=("PDL1",), endpoints=described(["EGFR", "PDL1"]))
    check_described(read(Manifest, parse(json_text(told))))
    check_described(plain)
    for wrong in ({}, {"PDL1": {"kind": "ordinal", "classes": ["no", "some", "much"]}}):
        with pytest.raises(ModelError) as caught:
            check_described(replace(told, endpoints=wrong))
        assert caught.value.code == "bundle.endpoint"


def test_no_answer_says_why_and_survives_json():
    answer = NoAnswer("PD-L1", "Nobody knows.")
    assert read(TypedAnswer, parse(json_text(answer))) == answer
    assert answer.lines("PDL1") == ["PDL1: no answer. Nobody knows."]
    assert answer.summary() == {}
