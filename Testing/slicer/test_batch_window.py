"""A batch from the console: it heeds models and jobs, tells how far it is, shows that in a window, and can be cancelled."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.errors import Cancelled, DmdpError
from dmdp.images.files import write_volume
from dmdp.images.volume import Volume

pytestmark = pytest.mark.slicer
MODEL = ["published-pet-clinical"]


@pytest.fixture(scope="module")
def row(simulated_study, tmp_path_factory):
    """The simulated patient, cut to the surroundings of the tumour, as files."""
    patient, _ = simulated_study
    folder = tmp_path_factory.mktemp("tiny")
    for name, volume in (("ct", patient.ct), ("pet", patient.pet)):
        grid = volume.geometry
        centre = np.round(grid.to_index(patient.seed_lps)).astype(int)
        half = np.round(60.0 / np.array(grid.spacing)).astype(int)
        lower, upper = np.maximum(centre - half, 0), np.minimum(centre + half, grid.shape)
        array = volume.array[tuple(slice(a, b) for a, b in zip(lower, upper, strict=True))]
        write_volume(folder / f"{name}.nrrd", Volume(array, grid.crop(lower, array.shape), volume.unit))
    return {"ct": folder / "ct.nrrd", "pet": folder / "pet.nrrd", "seed": patient.seed_lps, "pet_is_suv": "yes"}


@pytest.fixture
def lost(tmp_path):
    """A row whose files are not there: it fails within a second."""
    return {"ct": tmp_path / "nowhere", "pet": tmp_path / "nowhere", "seed": (0.0, 0.0, 0.0)}


def test_models_and_jobs_reach_the_core_and_progress_is_told(logic, lost, tmp_path):
    heard = []
    rows = [{"id": name, **lost} for name in ("a", "b")]
    result = logic.predictBatch(
        rows, tmp_path / "out", ["no-such-model"], jobs=2, progress=lambda fraction, words: heard.append((fraction, words))
    )
    assert set(result.failed) == {"a", "b"}
    assert (result.processed, result.skipped, result.left) == ((), (), ())
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert heard[-1][1] == "2 of 2 patients, 2 failed"
    with pytest.raises(DmdpError, match="1 or more"):
        logic.predictBatch(rows, tmp_path / "none", jobs=0)


@pytest.mark.slow
def test_two_patients_are_worked_on_at_a_time_with_the_chosen_model(logic, row, tmp_path):
    heard = []
    rows = [{"id": name, **row} for name in ("a", "b")]
    result = logic.predictBatch(rows, tmp_path / "out", MODEL, 2, False, lambda fraction, words: heard.append((fraction, words)))
    assert result.processed == ("a", "b")
    assert any("; a: " in words and "; b: " in words for _, words in heard)
    assert any(0 < fraction < 0.5 for fraction, _ in heard)
    refused = logic.predictBatch(rows[:1], tmp_path / "out", ["no-such-model"])
    assert "no-such-model" in refused.failed["a"]
    assert logic.predictBatch(rows, tmp_path / "out", resume=True).skipped == ("a", "b")


@pytest.mark.slow
def test_with_a_window_it_shows_progress_lives_and_is_cancelled(logic, row, lost, tmp_path, window):
    rows = [{"id": "bad", **lost}, *({"id": name, **row} for name in ("first", "second", "third"))]
    window.cancelAt = "2 of 4"
    result = logic.predictBatch(rows, tmp_path / "out", MODEL)
    assert window.longestStill() < window.STILL_SECONDS
    assert not window.dialogs()
    assert any("first: " in words for words in window.said)
    assert (result.processed, tuple(result.failed), result.left) == (("first",), ("bad",), ("second", "third"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["first", "summary.csv"]
    again = logic.predictBatch(rows, tmp_path / "out", MODEL, resume=True)
    assert window.longestStill() < window.STILL_SECONDS
    assert (again.processed, again.skipped, again.left) == (("second", "third"), ("first",), ())
    assert tuple(again.failed) == ("bad",)


def test_a_batch_cancelled_at_once_does_not_take_a_former_summary_for_its_own(logic, lost, tmp_path, window):
    rows = [{"id": "a", **lost}]
    assert tuple(logic.predictBatch(rows, tmp_path / "out").failed) == ("a",)
    window.cancelAt = "DMDP: 1 patients"
    result = logic.predictBatch(rows, tmp_path / "out")
    assert (result.failed, result.left) == ({}, ("a",))


def test_the_callers_progress_can_cancel_too(logic, row, tmp_path):
    def progress(fraction, words):
        raise Cancelled

    assert logic.predictBatch([{"id": "a", **row}], tmp_path / "out", progress=progress).left == ("a",)
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
