"""The command line as a person meets it: what good runs give."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from dmdp import RESEARCH_USE_ONLY
from dmdp.cli import _keep_caches
from dmdp.images.files import read_mask, read_volume, write_volume
from dmdp.results.origin import read_origin

MODEL = ("--model", "published-pet-clinical")


def seed(patient) -> str:
    return ",".join(f"{v:.2f}" for v in patient.seed_lps)


@pytest.fixture(scope="session")
def result(simulated_study, dmdp_command, tmp_path_factory):
    """The result folder of one full run with both bundles."""
    patient, study = simulated_study
    out = tmp_path_factory.mktemp("results") / "Patient ä 1"
    done = dmdp_command(
        "predict",
        "--ct",
        study,
        "--pet",
        study,
        "--seed",
        seed(patient),
        "--age",
        61,
        "--sex",
        "F",
        "--model",
        "published-pet-clinical",
        "--model",
        "demo-network",
        "--out",
        out,
    )
    assert done.returncode == 0, done.stderr
    return out, done


def test_help_everywhere(dmdp_command):
    top = dmdp_command("--help")
    assert top.returncode == 0
    for name in ("suv", "delineate", "predict", "bundle", "demo", "simulate", "train", "run-job"):
        assert name in top.stdout
        assert dmdp_command(name, "--help").returncode == 0
    assert "Not for diagnosis" in top.stdout


def test_a_result_has_everything(result):
    out, done = result
    names = {p.name for p in out.iterdir()}
    assert names >= {
        "prediction.json",
        "features.csv",
        "report.html",
        "lesion_pet.nii.gz",
        "lesion_ct.nii.gz",
        "regions.nii.gz",
        "ct_features.csv",
        "job.json",
        "pictures",
    }
    for task in ("EGFR", "subtype"):
        assert names >= {f"heatmap_{task}_{place}.nii.gz" for place in ("ct_encoder", "pet_encoder", "fused_fusion")}
    document = json.loads((out / "prediction.json").read_text(encoding="utf-8"))
    assert document["research_use_only"] == RESEARCH_USE_ONLY
    assert list(document).index("applicability") < list(document).index("tasks")
    assert {name.split()[0] for name in document["hashes"]} >= {"published-pet-clinical", "demo-network", "ct_voxels"}
    assert {"dmdp", "numpy", "torch", "SimpleITK"} <= set(document["versions"])
    for task in document["tasks"].values():
        assert 0 < task["interval"][0] <= task["probability"] <= task["interval"][1] < 1
        assert task["n"] > task["events"] > 0
        assert task["metrics"][0]["interval"]
        assert task["set"] in ("likely", "uncertain", "unlikely")
        assert task["prevalence"] == pytest.approx(task["events"] / task["n"])
        assert task["adjusted"] is None
        assert {c["input"] for c in task["contributions"]} == set(task["inputs"])
        kinds = {a["sub_model"]: a["kind"] for a in task["alternatives"]}
        assert task["kind"] == "stack"
        assert "regression" in kinds.values(), "the regression stands beside"
        assert any("clinical" in name for name in kinds), "and so does clinical-only"
    assert document["inputs"]["missing"] == ["smoking"]
    assert set(document["contour"]["spread"]["EGFR"]) == {"suv4", "suv2.5", "pet41"}
    for feature in document["features"].values():
        if feature["training_range"] and feature["in_range"]:
            assert 0 <= feature["percentile"] <= 100
    low, high = document["contour"]["moved"]["EGFR"]
    assert low <= document["tasks"]["EGFR"]["probability"] <= high
    assert document["network"]["label"].startswith("demonstration network")
    assert {f"heatmap_{key}.nii.gz" for key in document["network"]["zones"]} == {n for n in names if "heatmap" in n}
    assert "EGFR-robust-age-sex" in done.stdout
    assert RESEARCH_USE_ONLY in done.stdout


def test_the_report_stands_alone_and_shows_no_identity(result, simulated_study):
    out, _ = result
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count(RESEARCH_USE_ONLY) >= 2
    assert "://" not in page.replace("https://github.com/jiang-0311/DMDP", "")
    assert "<script" not in page
    assert page.index('aria-label="Applicability"') < page.index("probability of")
    for word in ("SIMULATED", "SIM000007"):
        assert word not in page
        assert word not in (out / "prediction.json").read_text(encoding="utf-8")


def test_heatmap_files_say_what_they_are(result):
    import SimpleITK as sitk

    out, _ = result
    for path in out.glob("heatmap_*.nii.gz"):
        image = sitk.ReadImage(str(path))
        said = image.GetMetaData("descrip")
        assert said.replace(";", "; ") == "demonstration network, not trained on patients; does not explain the probability"
        values = sitk.GetArrayFromImage(image)
        assert 0 <= values.min() <= values.max() <= 1


def test_the_found_lesion_is_the_true_one(result, simulated_study):
    patient, _ = simulated_study
    out, _ = result
    found, _ = read_mask(out / "lesion_pet.nii.gz")
    overlap = 2 * (found & patient.lesion_pet.array).sum() / (found.sum() + patient.lesion_pet.array.sum())
    assert overlap > 0.8


def test_job_and_command_give_the_same(result, dmdp_command, tmp_path):
    out, _ = result
    job = {**read_origin(out).to_json(), "out": str(tmp_path / "again")}
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")
    done = dmdp_command("run-job", tmp_path / "job.json")
    lines = done.stdout.strip().splitlines()
    assert lines[-1] == "DONE"
    shares = [float(line.split()[1]) for line in lines[:-1]]
    assert all(line.startswith("PROGRESS ") for line in lines[:-1])
    assert shares == sorted(shares)
    first, again = (json.loads((folder / "prediction.json").read_text(encoding="utf-8")) for folder in (out, tmp_path / "again"))
    assert first == again


def test_a_mask_predicts_like_a_manual_contour(result, simulated_study, dmdp_command, tmp_path):
    _patient, study = simulated_study
    done = dmdp_command(
        "predict",
        "--ct",
        study,
        "--pet",
        study,
        "--mask",
        study / "lesion_ct.nii.gz",
        *MODEL,
        "--out",
        tmp_path / "o",
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "o" / "prediction.json").read_text(encoding="utf-8"))
    assert document["contour"]["method"] == "manual"
    assert {a["contour"] for a in document["tasks"]["EGFR"]["alternatives"]} >= {"loose"}
    assert document["inputs"]["missing"] == ["age", "sex", "smoking"]  # the header's are named, not used
    assert "The DICOM header says age" in done.stdout
    assert any("another grid" in note for note in document["notes"])


def test_image_files_instead_of_dicom(simulated_study, dmdp_command, tmp_path):
    patient, _ = simulated_study
    for name, volume in (("ct", patient.ct), ("pet", patient.pet)):
        write_volume(tmp_path / f"{name} ü.nii.gz", volume)
    images = ("--ct", tmp_path / "ct ü.nii.gz", "--pet", tmp_path / "pet ü.nii.gz", "--pet-is-suv")
    done = dmdp_command("predict", *images, "--seed", seed(patient), *MODEL, "--out", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    assert "uptake time and tracer are unknown" in done.stdout


def test_suv_and_delineate(simulated_study, dmdp_command, tmp_path):
    patient, study = simulated_study
    audit = json.loads(dmdp_command("suv", study, "--json").stdout)
    assert audit["uptake_minutes"] == 60
    assert "SUVbw" in dmdp_command("suv", study / "pet").stdout
    for words in (("--seed", seed(patient)), (f"--seed={seed(patient)}",)):
        done = dmdp_command("delineate", "--pet", study / "pet", *words, "--method", "pet41", "--out", tmp_path / "m.nii.gz")
        assert done.returncode == 0, done.stderr
        assert "ml" in done.stdout
        assert read_mask(tmp_path / "m.nii.gz")[0].any()


def test_bundle_show_and_verify(dmdp_command):
    shown = dmdp_command("bundle", "show", "published-pet-clinical")
    assert "carry no licence" in shown.stdout
    assert "self-test are right" in dmdp_command("bundle", "verify", "published-pet-clinical").stdout


def test_written_volumes_keep_their_place(result, simulated_study):
    patient, _ = simulated_study
    out, _ = result
    _lesion, geometry = read_mask(out / "lesion_ct.nii.gz")
    assert geometry.same_grid(patient.ct.geometry)
    heat = read_volume(next(out.glob("heatmap_EGFR_pet*.nii.gz")), "1")
    centre = heat.geometry.to_lps((np.array(heat.geometry.shape) - 1) / 2)
    truth = patient.pet.geometry.to_lps(np.argwhere(patient.lesion_pet.array)).mean(axis=0)
    assert np.linalg.norm(centre - truth) < 6


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), 5),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 5),
        (RuntimeError("shapes differ"), 1),
        (KeyboardInterrupt(), 6),
    ],
)
def test_what_goes_wrong_has_its_exit_code(error, code, monkeypatch, capsys):
    from dmdp import cli
    from dmdp.command import Command
    from dmdp.stop import Stop

    def fail(arguments, progress):
        raise error

    monkeypatch.delenv("DMDP_DEBUG", raising=False)
    monkeypatch.setattr(cli, "_stop_on_signal", Stop)
    monkeypatch.setattr(cli, "find_commands", lambda: {"fail": Command("fail", "Fails.", lambda parser: None, fail)})
    assert cli.main(["fail"]) == code
    assert "What to do" in capsys.readouterr().err


def test_a_stop_that_a_library_swallows_counts_at_the_next_step(monkeypatch, capsys):
    import os
    import signal
    from contextlib import suppress

    from dmdp import cli
    from dmdp.command import Command

    def work(arguments, progress):
        with suppress(Exception):  # as some packages do while they are imported
            os.kill(os.getpid(), signal.SIGTERM)
        progress(0.5, "going on")
        return "done"

    former = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(cli, "find_commands", lambda: {"work": Command("work", "Works.", lambda parser: None, work)})
    try:
        assert cli.main(["work"]) == 6
    finally:
        signal.signal(signal.SIGTERM, former)
    assert "cancelled" in capsys.readouterr().err


def test_a_home_that_cannot_be_written_costs_no_command(tmp_path, monkeypatch):
    monkeypatch.setattr("dmdp.cli.user_cache_folder", lambda: tmp_path / "file" / "cache")
    (tmp_path / "file").write_text("no folder")
    for name in ("MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    _keep_caches()
    assert Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]).parent == Path(os.environ["MPLCONFIGDIR"])
    assert Path(os.environ["MPLCONFIGDIR"]).is_dir()
