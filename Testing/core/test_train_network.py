"""``dmdp train network --cohort``: from a CSV to a bundle that predicts, through kills, gaps and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from dmdp.bundles.bundle import read_bundle
from dmdp.documents.codec import json_text
from dmdp.errors import Cancelled, InputError, OutputError, UsageError
from dmdp.images.files import write_mask, write_volume
from dmdp.images.volume import Geometry, Volume
from dmdp.jobs.functions import find_function
from dmdp.models import load_model
from dmdp_training.commands.train import COMMAND
from dmdp_training.commands.train_network import plan_of
from dmdp_training.learning.curves import draw_curves, read_logs
from dmdp_training.learning.live import live
from dmdp_training.learning.plan import NetworkPlan
from dmdp_training.learning.tasks import tasks_of

PATIENTS, EGFR = 20, ("EGFR",)
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
    assert manifest.demonstration is False
    assert manifest.cohorts[0].n == PATIENTS
    assert manifest.cohorts[0].events == {"EGFR": 10, "subtype": 9}
    assert {m.task: m.n for m in manifest.metrics} == {"EGFR": PATIENTS, "subtype": PATIENTS - 1}
    assert "not validated elsewhere" in model.label
    assert model.network.config.tabular == ("suv_max", "age", "marker")
    card = (out / "bundle" / "model_card.md").read_text(encoding="utf-8")
    assert "Research use only" in card
    assert "cross-validation" in card
    assert "AUC" in said
    for words in (card, said):
        assert "Read from the cohort file only: marker." in words
    assert not any(f"P{number}" in json_text(manifest) for number in range(10, PATIENTS))  # nobody is in it


def test_every_patient_is_predicted_by_a_network_that_did_not_see_them(trained):
    out, _, _ = trained
    lines = (out / "predictions.csv").read_text(encoding="utf-8").splitlines()
    columns = ("label", "log_odds", "probability_calibration_saw_row")
    assert lines[0].split(",") == ["row", *(f"{task}_{what}" for task in ("EGFR", "subtype") for what in columns)]
    assert [int(line.split(",")[0]) for line in lines[1:]] == list(range(2, PATIENTS + 2))  # the lines of the cohort file
    assert lines[8].split(",")[4] == ""  # the unknown label stays unknown
    assert all(0 < float(line.split(",")[3]) < 1 for line in lines[1:])


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


def test_a_training_is_the_same_piece_in_any_process(cohort, trained):
    """By its description alone it reads plan, cohort and crops, and finds the training that is over."""
    out, _, _ = trained
    configuration = json.loads((out / "configuration.json").read_text(encoding="utf-8"))
    description = {"run": str(out), "cohort": str(cohort), "digest": configuration["cohort"], "plan": configuration["plan"]}
    description |= {"ensemble": "fold-1-2", "repeat": 0, "fold": 1, "member": 0}
    kept = json.loads((out / "pieces" / "fold-1-2-1.json").read_text(encoding="utf-8"))
    assert find_function("dmdp_training.learning.pieces:compute_member")(description, lambda *event: None) == kept
    with pytest.raises(InputError, match="was changed while networks are trained"):
        find_function("dmdp_training.learning.pieces:compute_member")(
            {**description, "digest": "of another"}, lambda *event: None
        )


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


def run_with(cohort, out, **changes):
    return COMMAND.run({**ARGUMENTS, "cohort": str(cohort), "out": str(out), **changes}, lambda *event: None)


def rewritten(cohort, name, change):
    """The cohort with ``change`` made to each row (a list of cells by the header's order); None leaves the row out."""
    lines = cohort.read_text(encoding="utf-8").splitlines()
    rows = [change(number, line.split(",")) for number, line in enumerate(lines[1:])]
    path = cohort.with_name(name)
    path.write_text("\n".join([lines[0], *(",".join(row) for row in rows if row is not None)]) + "\n", encoding="utf-8")
    return path


def test_a_label_or_a_path_is_no_input(cohort, tmp_path):
    for values in ("EGFR,suv_max", "sim_habitat", "suv_max,site", "patient"):
        with pytest.raises(UsageError, match="no label"):
            run_with(cohort, tmp_path / "x", values=values)


def test_a_seed_below_zero_and_options_that_would_be_ignored_are_refused(cohort, tmp_path):
    with pytest.raises(UsageError, match="--seed -1"):
        run_with(cohort, tmp_path / "x", seed=-1)
    with pytest.raises(UsageError, match="--patients and --cohort"):
        run_with(cohort, tmp_path / "x", patients=5)
    alone = {"what": "network", "out": str(tmp_path / "x")}
    with pytest.raises(UsageError, match=r"--learning-rate, --learned-weights without --cohort"):
        COMMAND.run({**alone, "learning_rate": 0.1, "learned_weights": True}, lambda *event: None)
    for changes, says in (({"patients": 0}, "--patients 0"), ({"epochs": -1}, "--epochs -1"), ({"seed": -3}, "--seed -3")):
        with pytest.raises(UsageError, match=says):
            COMMAND.run({**alone, "no_table": False, **changes}, lambda *event: None)
    assert not (tmp_path / "x").exists()


def test_a_fold_that_cannot_be_learned_from_is_named_before_any_image_is_read(cohort, tmp_path, monkeypatch):
    def never(*given, **named):
        raise AssertionError("an image was read")

    monkeypatch.setattr("dmdp_training.learning.cohort_run.read_examples", never)
    twice = rewritten(cohort, "twice.csv", lambda n, c: ["P0" if n < 2 else c[0], *c[1:11], str(int(n < 3)), c[12]])
    with pytest.raises(InputError, match="For EGFR there are 2 patients of class 1"):  # three rows, two of one patient
        run_with(twice, tmp_path / "x", tasks="EGFR")
    lonely = rewritten(cohort, "lonely.csv", lambda n, c: [*c[:11], str(int(n < 3)), ""] if n < 6 else None)
    with pytest.raises(InputError, match=r"Without fold \d of 2: 3 patients are too few to learn from and stop by \(EGFR: "):
        run_with(lonely, tmp_path / "x", tasks="EGFR", values="suv_max")
    assert not (tmp_path / "x").exists()


def test_a_corrected_cohort_file_is_taken_up_as_long_as_nothing_was_trained(cohort, tmp_path, monkeypatch):
    broken = rewritten(cohort, "broken.csv", lambda n, c: [*c[:3], "empty.nii.gz", *c[4:]] if n == 5 else c)
    write_mask(broken.with_name("empty.nii.gz"), np.zeros(GRID.shape, bool), GRID)
    with pytest.raises(InputError, match="Row 7 of the cohort file"):
        run_with(broken, tmp_path / "run")
    assert {p.name for p in (tmp_path / "run").iterdir()} == {"configuration.json", "crops"}
    kept = {p.name for p in (tmp_path / "run" / "crops").iterdir()}
    assert len(kept) == 5

    def stop(*given, **named):
        raise Cancelled

    monkeypatch.setattr("dmdp_training.learning.pieces.train_member", stop)
    with pytest.raises(Cancelled):
        run_with(cohort, tmp_path / "run")
    assert kept < {p.name for p in (tmp_path / "run" / "crops").iterdir()}
    (tmp_path / "run" / "fold-1-1").mkdir()  # a training has begun
    with pytest.raises(OutputError, match="a run with other settings"):
        run_with(broken, tmp_path / "run", folds=3)


def test_the_home_folder_may_be_abbreviated(cohort, tmp_path, monkeypatch):
    def stop(*given, **named):
        raise Cancelled

    monkeypatch.setenv("HOME", str(cohort.parent))
    monkeypatch.setattr("dmdp_training.learning.cohort_run.read_examples", stop)
    with pytest.raises(Cancelled):
        run_with("~/cohort.csv", "~/home-run")
    assert (cohort.parent / "home-run" / "configuration.json").is_file()
    with pytest.raises(InputError, match="does not exist"):
        run_with("~nobody-of-this-name/cohort.csv", tmp_path / "x")


def test_tasks_are_those_that_the_file_tells(cohort, tmp_path, monkeypatch):
    found = []

    def stop(cohort, out, plan, progress, executor):
        found.append(plan.tasks)
        raise Cancelled

    monkeypatch.setattr("dmdp_training.learning.cohort_run.train_on_cohort", stop)
    only = {"what": "network", "out": str(tmp_path / "x")}
    simulated = rewritten(cohort, "sim.csv", lambda n, c: c)
    simulated.write_text(simulated.read_text(encoding="utf-8").replace("EGFR,subtype", "sim_margin,KRAS"), encoding="utf-8")
    few = rewritten(cohort, "few.csv", lambda n, c: [*c[:12], str(int(n == 0))])
    for path in (cohort, simulated, few):
        with pytest.raises(Cancelled):
            COMMAND.run({**only, "cohort": str(path)}, lambda *event: None)
    assert found == [("EGFR", "subtype"), ("KRAS", "sim_margin"), ("EGFR",)]
    assert "subtype: 19 negative, 1 positive" in tasks_of(few)[1]
    with pytest.raises(InputError, match="teaches no task"):
        tasks_of(rewritten(cohort, "none.csv", lambda n, c: [*c[:11], "1", "0"]))
    header = tmp_path / "header.csv"
    header.write_text("patient,ct\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column of a task"):
        tasks_of(header)


def test_a_network_of_one_modality_knows_only_its_patients_and_its_card_says_what_it_is(cohort, tmp_path):
    def two_scans(number, cells):
        """Two patients with two scans each; PET is missing where EGFR is 0, but for two."""
        name = {19: "P0", 18: "P1"}.get(number, cells[0])
        egfr = {19: "0", 18: "1"}.get(number, cells[11])
        return [name, *cells[1:11], egfr, cells[12]]

    path = rewritten(cohort, "pet.csv", two_scans)
    path.write_text(path.read_text(encoding="utf-8").replace(",EGFR,subtype", ",sim_habitat,subtype"), encoding="utf-8")
    said = run_with(path, tmp_path / "run", modalities="pet", tasks="sim_habitat", values=None, no_table=True, epochs=1)
    manifest = json.loads((tmp_path / "run" / "bundle" / "manifest.json").read_text(encoding="utf-8"))
    (trained_on,), (metric,) = manifest["cohorts"], manifest["metrics"]
    assert (manifest["demonstration"], trained_on["title"]) == (True, "simulated patients")
    assert "not trained on patients" in manifest["intended_use"]
    assert trained_on["n"] == metric["n"] == 17  # 20 rows, one without PET, two patients with two scans
    assert trained_on["events"] == {"sim_habitat": metric["events"]}
    assert "1 row(s) without PET are left out" in said
    card = (tmp_path / "run" / "bundle" / "model_card.md").read_text(encoding="utf-8")
    assert "A DMDP network of the size `quick` on PET round a lesion" in card
    assert "nothing else." in card
    assert "1 row(s) without PET" in card
    assert "simulated patients and says nothing of real ones" in card
    for word in ("attention", "0 values", "and CT", "CT and"):
        assert word not in card.replace("PET/CT", "")


def test_options_become_the_plan():
    plan = plan_of({"modalities": "ct", "no_table": True, "norm": "group", "size": "full", "no_augmentation": True}, EGFR, True)
    config = plan.network((), ())
    assert (config.modalities, config.norm, config.widths[0], config.tabular) == (("ct",), "group", 16, ())
    assert plan.settings.device == "cuda"
    assert plan.settings.amp
    assert plan.settings.augmentation.flip == 0
    assert plan_of({"device": "cpu"}, EGFR, True).settings.device == "cpu"
    assert plan_of({"head": "joint"}, EGFR, False).network((0.0,) * 7, (1.0,) * 7).head == "joint"
    with pytest.raises(InputError, match="CUDA"):
        plan_of({"device": "cuda"}, EGFR, False)
    assert NetworkPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_the_gpu_s_memory_running_out_is_said(cohort, tmp_path, monkeypatch):
    from dmdp.errors import OutOfMemory

    def full(*given, **named):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("dmdp_training.learning.pieces.train_member", full)
    with pytest.raises(OutOfMemory, match=r"Halve --batch.*new folder.*'crops'"):
        COMMAND.run({**ARGUMENTS, "cohort": str(cohort), "out": str(tmp_path / "run")}, lambda *event: None)


def test_the_time_left_counts_only_what_is_done_now(tmp_path):
    now, said = [0.0], []
    report = live(lambda share, words: said.append(words), tmp_path, clock=lambda: now[0])
    report(0.5, "resumed")
    now[0] = 60.0
    report(0.6, "going")
    assert "about 4 min left" in said[1]
    assert said[0] == "resumed"
