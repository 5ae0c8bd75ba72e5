"""``dmdp train network --cohort``: from a CSV to a bundle that predicts, through kills, gaps and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from dmdp.bundle import read_bundle
from dmdp.case import Geometry, Volume
from dmdp.errors import Cancelled, InputError, OutputError, UsageError
from dmdp.files import write_mask, write_volume
from dmdp.models import load_model
from dmdp_training.commands.train import COMMAND
from dmdp_training.commands.train_network import plan_of
from dmdp_training.learning.curves import draw_curves, read_logs
from dmdp_training.learning.live import live

PATIENTS = 20
GRID = Geometry.from_spacing((12, 16, 16), (4.0, 4.0, 4.0), (-30.0, -30.0, -22.0))
ARGUMENTS = {
    "what": "network",
    "tasks": "EGFR,subtype",
    "values": "suv_max,age,marker",
    "size": "quick",
    "folds": 2,
    "members": 1,
}
ARGUMENTS |= {"epochs": 2, "batch": 6, "accumulate": 1, "learning_rate": 3e-3, "patience": 5, "queue": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """A CSV of patients of whom one has no PET, one no CT, and some have no label."""
    folder, rng = tmp_path_factory.mktemp("cohort"), np.random.default_rng(0)
    z, y, x = np.indices(GRID.shape)
    mask = (z - 6) ** 2 + (y - 8) ** 2 + (x - 8) ** 2 < 12
    write_mask(folder / "mask.nii.gz", mask, GRID)
    rows = ["patient,ct,pet,pet_mask,ct_mask,pet_is_suv,age,sex,smoking,site,marker,EGFR,subtype"]
    for number in range(PATIENTS):
        egfr, scc = number % 2, (number // 2) % 2
        ct = np.where(mask, 20.0 + 60 * scc, -800.0) + rng.normal(0, 20, GRID.shape)
        pet = np.where(mask, 4.0 + 6 * egfr, 0.5) + rng.random(GRID.shape)
        write_volume(folder / f"ct{number}.nii.gz", Volume(ct.astype(np.float32), GRID, "HU"))
        write_volume(folder / f"pet{number}.nii.gz", Volume(pet.astype(np.float32), GRID, "1"))
        has_ct, has_pet = number != 3, number != 4
        rows.append(
            f"P{number},{f'ct{number}.nii.gz' if has_ct else ''},{f'pet{number}.nii.gz' if has_pet else ''},"
            f"{'mask.nii.gz' if has_pet else ''},{'' if has_pet else 'mask.nii.gz'},yes,{50 + number},"
            f"{'FM'[number % 2]},unknown,north,{rng.random():.3f},{egfr},{'' if number == 7 else scc}"
        )
    (folder / "cohort.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "cohort.csv"


@pytest.fixture(scope="module")
def trained(cohort, tmp_path_factory):
    out, heard = tmp_path_factory.mktemp("runs") / "run", []
    said = COMMAND.run({**ARGUMENTS, "cohort": str(cohort), "out": str(out)}, lambda *event: heard.append(event))
    return out, heard, said


def test_it_leaves_a_bundle_that_loads_and_says_how_it_did(trained):
    out, _, said = trained
    model = load_model(read_bundle(out / "bundle"))
    manifest = model.bundle.manifest
    assert manifest["demonstration"] is False
    assert manifest["cohorts"][0]["n"] == PATIENTS
    assert manifest["cohorts"][0]["events"] == {"EGFR": 10, "subtype": 9}
    assert {m["task"]: m["n"] for m in manifest["metrics"]} == {"EGFR": PATIENTS, "subtype": PATIENTS - 1}
    assert "not validated elsewhere" in model.label
    assert model.network.config.tabular == ("suv_max", "age", "marker")
    card = (out / "bundle" / "model_card.md").read_text(encoding="utf-8")
    assert "Research use only" in card
    assert "cross-validation" in card
    assert "AUC" in said
    assert not any(f"P{number}" in json.dumps(manifest) for number in range(10, PATIENTS))  # nobody is in it


def test_every_patient_is_predicted_by_a_network_that_did_not_see_them(trained):
    out, _, _ = trained
    lines = (out / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "row,EGFR_label,EGFR_probability,subtype_label,subtype_probability"
    assert len(lines) == PATIENTS + 1
    assert lines[8].split(",")[3] == ""  # the unknown label stays unknown
    assert all(0 < float(line.split(",")[2]) < 1 for line in lines[1:])


def test_progress_names_fold_epoch_parts_of_the_loss_auc_and_time(trained):
    out, heard, _ = trained
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    words = [w for _, w in heard if "fold 2 of 2" in w and "epoch 2 of 2" in w][-1]
    for part in ("loss task", "image_table", "AUC EGFR", "min left in all"):
        assert part in words
    assert len(read_logs(out)) == 3
    assert draw_curves(out) == ["curves.png", "curves.svg"]


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was_and_ends_the_same(cohort, trained, tmp_path):
    def cut(share, words):
        if "fold 2 of 2" in words and "epoch 2 of 2" in words:
            raise Cancelled

    given = {**ARGUMENTS, "cohort": str(cohort), "out": str(tmp_path / "run")}
    with pytest.raises(Cancelled):
        COMMAND.run(given, cut)
    heard = []
    COMMAND.run(given, lambda *event: heard.append(event))
    assert not any("fold 1 of 2" in words for _, words in heard)  # what was done is not done again
    assert (tmp_path / "run" / "predictions.csv").read_bytes() == (trained[0] / "predictions.csv").read_bytes()
    with pytest.raises(OutputError, match="other settings"):
        COMMAND.run({**given, "epochs": 3}, lambda *event: None)


def test_mistakes_are_named_before_any_work(cohort, tmp_path):
    def run(**changes):
        COMMAND.run({**ARGUMENTS, "cohort": str(cohort), "out": str(tmp_path / "x"), **changes}, lambda *event: None)

    with pytest.raises(InputError, match="does not exist"):
        run(cohort=str(tmp_path / "nothing.csv"))
    with pytest.raises(InputError, match="lacks KRAS"):
        run(tasks="EGFR,KRAS")
    with pytest.raises(InputError, match="lacks weight"):
        run(values="weight")
    with pytest.raises(UsageError, match="folds is 1"):
        run(folds=1)
    with pytest.raises(UsageError, match="one of them"):
        run(no_table=True)
    text = cohort.read_text(encoding="utf-8")
    one_class = cohort.with_name("one.csv")
    lines = text.splitlines()
    one_class.write_text("\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[11] == "1")]), encoding="utf-8")
    with pytest.raises(InputError, match="0 patients of class 0"):
        run(cohort=str(one_class))
    missing = cohort.with_name("missing.csv")
    missing.write_text(text.replace("ct5.nii.gz", "elsewhere.nii.gz"), encoding="utf-8")
    with pytest.raises(InputError, match=r"Row 7, column 'ct': 'elsewhere.nii.gz'"):
        run(cohort=str(missing))
    assert not (tmp_path / "x").exists()


def test_options_become_the_plan():
    plan = plan_of({"modalities": "ct", "no_table": True, "norm": "group", "size": "full", "no_augmentation": True}, cuda=True)
    config = plan.network((), ())
    assert (config.modalities, config.norm, config.widths[0], config.tabular) == (("ct",), "group", 16, ())
    assert plan.settings.device == "cuda"
    assert plan.settings.amp
    assert plan.settings.augmentation.flip == 0
    assert plan_of({"device": "cpu"}, cuda=True).settings.device == "cpu"
    assert plan_of({"head": "joint"}, cuda=False).network(*[(0.0,) * 7] * 2).head == "joint"
    with pytest.raises(InputError, match="CUDA"):
        plan_of({"device": "cuda"}, cuda=False)


def test_the_gpu_s_memory_running_out_is_said(cohort, tmp_path, monkeypatch):
    from dmdp.errors import OutOfMemory

    def full(*given, **named):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("dmdp_training.learning.cohort_run.read_examples", full)
    with pytest.raises(OutOfMemory, match="Halve --batch"):
        COMMAND.run({**ARGUMENTS, "cohort": str(cohort), "out": str(tmp_path / "run")}, lambda *event: None)


def test_the_time_left_counts_only_what_is_done_now(tmp_path):
    now, said = [0.0], []
    report = live(lambda share, words: said.append(words), tmp_path, clock=lambda: now[0])
    report(0.5, "resumed")
    now[0] = 60.0
    report(0.6, "going")
    assert "about 4 min left" in said[1]
    assert said[0] == "resumed"
