"""What follows from a cohort before and after its networks: splits, notes, scores by patient, calibration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dmdp.errors import InputError, UsageError
from dmdp.intake.row import PatientRow
from dmdp.intake.table import read_table
from dmdp_training.endpoints.scans import by_patient
from dmdp_training.learning.examples import Example
from dmdp_training.learning.notes import column_notes, missing_notes, seen_by
from dmdp_training.learning.plan import NetworkPlan
from dmdp_training.learning.settings import TrainingSettings
from dmdp_training.learning.splits import Roster, check_splits, inner_rows, outer_folds
from dmdp_training.statistics.platt import FLAT, platt, smoothed_platt
from scipy.special import expit

TASKS = ("EGFR", "KRAS")
PLAN = NetworkPlan(TASKS, ("age", "marker"), ("marker",), size="quick", folds=3, members=2)
NOTHING = np.zeros((2, 1, 1, 1), np.float16)


def people(egfr, kras=(), site="north"):
    """Rows with labels; None where unknown."""
    kras = [*kras, *[None] * (len(egfr) - len(kras))]
    return [
        PatientRow(f"p{i}", site=site, labels={t: v for t, v in zip(TASKS, pair, strict=True) if v is not None}, line=i + 2)
        for i, pair in enumerate(zip(egfr, kras, strict=True))
    ]


def test_the_usual_split_is_the_first_one():
    """What was trained before is trained the same."""
    from dmdp_training.learning.folds import inner_split

    roster = Roster.of(people([0, 1] * 20, [1, 1, 0, 0] * 10), TASKS)
    for found, expected in zip(inner_rows(roster, 3), inner_split(roster.names, roster.strata, 3), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", range(5))
def test_a_small_cohort_is_split_until_both_sides_have_both_classes(seed):
    roster = Roster.of(people([1, 1, 1, 0, 0, 0, 0, 0], [0, 1] * 4), TASKS)
    learn, stop = inner_rows(roster, seed)
    assert set(roster.take(learn).with_all()) == set(roster.take(stop).with_all()) == set(TASKS)
    assert not {*roster.names[learn]} & {*roster.names[stop]}


def test_a_rare_class_is_learned_from_where_it_cannot_be_stopped_by():
    roster = Roster.of(people([0, 1] * 5, [1, *[0] * 9]), TASKS)
    learn, stop = inner_rows(roster, 0)
    assert roster.take(learn).with_all() == list(TASKS)
    assert roster.take(stop).with_all() == ["EGFR"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_patients_are_said_to_be_too_few(count):
    with pytest.raises(InputError, match=rf"{count} patients are too few to learn from and stop by \(EGFR: ") as caught:
        inner_rows(Roster.of(people([1, 0, 0][:count]), ("EGFR",)), 0)
    assert "fold" not in str(caught.value)


def test_every_training_of_a_plan_is_looked_at():
    check_splits(people([0, 1] * 9, [1, 1, 0] * 6), PLAN)
    with pytest.raises(InputError, match="For KRAS there are 2 patients of class 1"):
        check_splits(people([0, 1] * 9, [1, 1, *[0] * 16]), PLAN)
    alone = replace(PLAN, tasks=("EGFR",), folds=2)
    with pytest.raises(InputError, match=r"Without fold \d of 2: 3 patients are too few .*\(EGFR: \d negative, \d positive\)"):
        check_splits(people([1, 1, 1, 0, 0, 0]), alone)
    check_splits(people([1, 1, 1, 0, 0, 0]), replace(alone, folds=3))
    twins = [replace(p, patient=f"p{i // 2}") for i, p in enumerate(people([1] * 4 + [0] * 8))]
    with pytest.raises(InputError, match="2 patients of class 1"):
        check_splits(twins, alone)


def test_folds_are_the_same_with_and_without_images():
    rows = people([0, 1] * 9)
    read = [Example(e.patient, NOTHING, {}, e.labels, site=e.site) for e in rows]
    for repeat in range(2):
        one, other = (outer_folds(Roster.of(r, TASKS), PLAN, repeat) for r in (rows, read))
        np.testing.assert_array_equal(one, other)


def test_patients_without_the_only_image_are_left_out(tmp_path):
    rows = [PatientRow("a", ct=tmp_path), PatientRow("b", pet=tmp_path), PatientRow("c", ct=tmp_path, pet=tmp_path)]
    only = replace(PLAN, changes={"modalities": ("pet",), "align_modalities": False})
    seen, notes = seen_by(only, rows)
    assert [e.patient for e in seen] == ["b", "c"]
    assert notes == ("1 row(s) without PET are left out: the network looks at nothing else.",)
    assert seen_by(PLAN, rows) == (tuple(rows), ())


def test_what_is_missing_with_the_label_is_noted_once():
    def example(number, egfr, there):
        values = {"age": 60.0, "marker": 1.0} if there else {"age": 60.0}
        return Example(f"p{number}", NOTHING, values, {"EGFR": egfr, "KRAS": number % 2}, (True, there))

    telling = [example(n, int(n < 12), n >= 10) for n in range(24)]
    (note,) = missing_notes(PLAN, telling)
    assert note.startswith("EGFR is positive in 10 of 10 patients without PET, marker and in 2 of 14 with it (Fisher p = ")
    assert missing_notes(PLAN, [example(n, n // 2 % 2, n < 12) for n in range(24)]) == ()
    second_scan = [replace(e, present=(True, True), values={"marker": 1.0}) for e in telling]
    assert missing_notes(PLAN, [*telling, *second_scan]) == ()  # every patient has it in one scan
    assert "marker" in column_notes(PLAN)[0]
    assert column_notes(replace(PLAN, columns=())) == ()


def test_a_patient_counts_once_however_many_scans():
    logits = np.array([[[1.0, 3.0, -1.0, 5.0, 7.0]], [[2.0, 4.0, -2.0, 5.0, 7.0]]])[:, 0]
    scores, y = by_patient(["a", "a", "b", "c", "b"], logits, np.array([1, 1, 0, 0, np.nan]))
    np.testing.assert_array_equal(scores, [[2, -1, 5], [3, -2, 5]])
    np.testing.assert_array_equal(y, [1, 0, 0])


def test_separable_scores_keep_a_finite_slope():
    y = np.repeat([0, 1], 6)
    for scale in (0.01, 1.0, 30.0):
        found = smoothed_platt(scale * np.where(y, 1.0, -1.0)[None], y)
        assert expit(found(np.array([scale, -scale]))) == pytest.approx([7 / 8, 1 / 8], abs=2e-3)  # Platt's targets


def test_calibration_is_that_of_one_ensemble_and_not_of_the_mean_of_several():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=4000)
    logits = np.where(y, 0.5, -0.5) + rng.normal(0, 1, (5, len(y)))
    one = platt(logits[0], y)
    found = smoothed_platt(logits, y)
    assert found.slope == pytest.approx(one.slope, rel=0.1)
    assert found.slope < 0.5 * platt(logits.mean(axis=0), y).slope
    wrong = smoothed_platt(-logits, y)
    assert wrong.slope == FLAT
    assert expit(wrong(np.array([0.0]))) == pytest.approx(y.mean(), abs=1e-4)


@pytest.mark.parametrize("name", ["seed", "queue", "alignment"])
def test_settings_below_zero_are_refused(name):
    for value in (-1, float("nan")):
        with pytest.raises(UsageError, match=f"{name} is {value}"):
            TrainingSettings(**{name: value})


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("patient,T1\n1,a\n,,,\n2,b\n", [(2, "1", {"T1": "a"}), (4, "2", {"T1": "b"})]),
        ("patient,T_1,T1\n1,a,b\n", [(2, "1", {"T_1": "a", "T1": "b"})]),
        ("patient,%,,\n1,a,,\n", [(2, "1", {"%": "a"})]),
    ],
    ids=["an empty row", "names alike", "a name of symbols"],
)
def test_rows_are_read_by_their_header(text, rows, tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_text(text, encoding="utf-8")
    needed = [name for name in text.split("\n")[0].split(",") if name]
    assert [(row.line, row.patient, row.further) for row in read_table(path, needed).rows] == rows


def test_a_bundle_s_name_leads_nowhere():
    assert replace(PLAN, name="my-network").name == "my-network"
    with pytest.raises(UsageError, match="name"):
        replace(PLAN, name="../elsewhere")
