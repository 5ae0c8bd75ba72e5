"""What a person has stays as it is: folders, tables, contours; and where they stand decides nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from dmdp.batch import DONE, FAILED, predict_batch, read_summary
from dmdp.bundles.bundle import read_bundle
from dmdp.errors import Cancelled, InputError, OutputError
from dmdp.images.files import read_mask, write_mask
from dmdp.intake.table import read_table
from dmdp.radiomics.backend import find_settings
from dmdp.resources import find_bundle
from dmdp_training.commands.simulate import COMMAND as SIMULATE

MODEL = "published-pet-clinical"


def silent(share, words):
    pass


def seed(patient) -> str:
    return ",".join(map(str, patient.seed_lps))


def tree(folder: Path) -> dict:
    """Everything below a folder: what each file holds."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def environment(**more):
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", **more}


@pytest.mark.parametrize("marker", ["job.json", "manifest.json", "export.json", "simulated.txt"])
def test_a_study_is_not_replaced_by_its_own_result(simulated_study, study_copy, dmdp_command, tmp_path, marker):
    (study_copy / marker).write_text('{"schema": 1}')
    before = tree(study_copy)
    where = {
        "job.json": ("predict", "--ct", study_copy, "--pet", study_copy, "--seed", seed(simulated_study[0])),
        "export.json": ("export", tmp_path / "result", "--format", "json"),
        "manifest.json": ("train", "network", "--patients", 1, "--epochs", 1),
        "simulated.txt": ("simulate",),
    }
    done = dmdp_command(*where[marker], "--out", study_copy, *(["--overwrite"] if marker != "job.json" else ()))
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert tree(study_copy) == before


def test_a_second_simulation_does_not_replace_the_first(tmp_path):
    out = tmp_path / "out"
    SIMULATE.run({"seed": 1, "volumes": True, "out": str(out)}, silent)
    before = tree(out)
    for other in ({"seed": 2}, {"seed": 1, "patients": 2}, {"seed": 1}):
        if other == {"seed": 1}:
            (out / "patient_0001" / "notes.txt").write_text("kept")
            before = tree(out)
        with pytest.raises(OutputError):
            SIMULATE.run({"volumes": True, "out": str(out), **other}, silent)
        assert tree(out) == before
    (out / "patient_0001" / "notes.txt").unlink()
    SIMULATE.run({"seed": 2, "volumes": True, "out": str(out), "overwrite": True}, silent)
    assert (out / "patient_0002").is_dir()


def test_a_contour_that_was_corrected_by_hand_is_kept(simulated_study, dmdp_command, tmp_path):
    patient, study = simulated_study
    out = tmp_path / "lesion.nii.gz"
    words = ("delineate", "--pet", study / "pet", "--seed", seed(patient), "--out", out)
    assert dmdp_command(*words).returncode == 0
    first = out.read_bytes()
    assert dmdp_command(*words).returncode == 0  # the same from the same
    assert out.read_bytes() == first
    mask, geometry = read_mask(out)
    mask[tuple(np.argwhere(mask)[0])] = False
    write_mask(out, mask, geometry)
    corrected = out.read_bytes()
    done = dmdp_command(*words)
    assert (done.returncode, out.read_bytes()) == (3, corrected)
    assert "--overwrite" in done.stderr
    assert dmdp_command(*words, "--overwrite").returncode == 0
    assert out.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["lesion.nii.gz"]


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
def test_an_input_is_never_the_output(simulated_study, dmdp_command, tmp_path, overwrite):
    patient, study = simulated_study
    cohort = tmp_path / "summary.csv"
    cohort.write_text(f'id,ct,pet,seed\na,{study},{study},"{seed(patient)}"\n')
    mask = tmp_path / "m.nii.gz"
    shutil.copy(study / "lesion_ct.nii.gz", mask)
    before = tree(tmp_path)
    for words in (
        ("batch", cohort, "--out", tmp_path),
        ("features", "--ct", study, "--pet", study, "--mask", mask, "--out", mask),
        ("predict", "--ct", study, "--pet", study, "--mask", mask, "--out", tmp_path),
        ("predict", "--ct", study, "--pet", study, "--mask", mask, "--out", study / "result"),
    ):
        done = dmdp_command(*words, *overwrite)
        assert done.returncode == 3, (words, done.stderr)
        assert "input" in done.stderr
    assert tree(tmp_path) == before
    assert not (study / "result").exists()


def test_a_name_means_what_is_installed(project, tmp_path, monkeypatch):
    """A folder or a file of that name in the current folder, or among the user's own, is another thing."""
    ours = project / "Resources"
    user = tmp_path / "data"
    monkeypatch.setenv("XDG_DATA_HOME", str(user))
    monkeypatch.setenv("LOCALAPPDATA", str(user))
    for folder in (tmp_path / "here", user / "DMDP" / "Models"):
        shutil.copytree(ours / "Models" / "demo-network", folder / MODEL)
        (folder / "radiomics_v1").write_text((ours / "Profiles" / "radiomics_pet_v1.json").read_text())
    shutil.copytree(ours / "Models" / "demo-network", user / "DMDP" / "Models" / "own")
    (user / "DMDP" / "Profiles").mkdir()
    shutil.copy(ours / "Profiles" / "radiomics_pet_v1.json", user / "DMDP" / "Profiles" / "radiomics_v1.json")
    expected = find_settings(ours / "Profiles" / "radiomics_v1.json").hash
    monkeypatch.chdir(tmp_path / "here")
    assert read_bundle(find_bundle(MODEL)).manifest.name == MODEL
    assert read_bundle(find_bundle(f"./{MODEL}")).manifest.name == "demo-network"
    assert read_bundle(find_bundle("own")).manifest.name == "demo-network"
    assert find_settings("radiomics_v1").hash == expected
    assert find_settings("./radiomics_v1").hash != expected
    (tmp_path / "here" / "mine").mkdir()
    with pytest.raises(InputError, match=r"\./mine"):
        find_bundle("mine")


def test_no_file_of_the_current_folder_is_run(tmp_path):
    """Neither by the command nor by its children."""
    for name in ("random", "pydicom", "numpy", "csv", "tempfile", "dmdp_training", "SimpleITK"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r} + chr(10))\n")
    (tmp_path / "cohort.csv").write_text('id,ct,pet,seed\na,nowhere,nowhere,"1,2,3"\n')
    done = subprocess.run(
        [sys.executable, "-m", "dmdp", "batch", "cohort.csv", "--out", "out"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=os.pathsep.join(filter(os.path.isabs, sys.path))),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [o.outcome for o in read_summary(tmp_path / "out")] == [FAILED]
    assert "does not exist" in read_summary(tmp_path / "out")[0].reason
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("command", ["delineate", "export", "predict"])
def test_every_end_is_a_cancel(simulated_study, predicted, tmp_path, name, command):
    patient, study = simulated_study
    out = tmp_path / "o" / ("m.nii.gz" if command == "delineate" else "out")
    words = {
        "delineate": ["--pet", study / "pet", "--seed", seed(patient)],
        "export": [predicted, "--format", "seg", "--format", "json", "--ct", study, "--pet", study],
        "predict": ["--ct", study, "--pet", study, "--seed", seed(patient), "--model", MODEL],
    }
    call = [sys.executable, "-m", "dmdp", command, *map(str, words[command]), "--out", str(out)]
    for delay in (0.0, 0.4, 1.0):
        process = subprocess.Popen(call, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        _wait_for_handlers(process.pid)
        time.sleep(delay)
        process.send_signal(getattr(signal, name))
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said
        if process.returncode == 0:  # it was done
            assert out.exists()
            continue
        assert process.returncode == 6, said
        assert "cancelled" in said
        assert not list(tmp_path.iterdir())


def _wait_for_handlers(pid: int) -> None:
    """Until the process heeds SIGTERM: what comes earlier meets Python itself."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if int(status.get("SigCgt", "0"), 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.01)


def test_a_full_disk_and_no_more_files_are_told(simulated_study, tmp_path):
    resource = pytest.importorskip("resource", reason="limits of POSIX")
    patient, study = simulated_study
    calls = {
        "delineate": ["--pet", study / "pet", "--seed", seed(patient), "--out", tmp_path / "m.nii.gz"],
        "suv": [study / "pet"],
        "simulate": ["--volumes", "--out", tmp_path / "s"],
    }
    for limit, value in ((resource.RLIMIT_FSIZE, 300), (resource.RLIMIT_NOFILE, 12)):
        for command, words in calls.items():
            if command == "suv" and limit == resource.RLIMIT_FSIZE:
                continue
            done = subprocess.run(
                [sys.executable, "-m", "dmdp", command, *map(str, words)],
                env=environment(),
                preexec_fn=lambda limit=limit, value=value: resource.setrlimit(limit, (value, value)),
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert "Traceback" not in done.stderr, done.stderr
            assert done.returncode in (0, 3) if limit == resource.RLIMIT_NOFILE else done.returncode == 3, done.stderr
            assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.slow
def test_a_batch_that_was_stopped_leaves_the_same_summary(simulated_study, tmp_path):
    patient, study = simulated_study
    row = {"ct": str(study), "pet": str(study), "seed": seed(patient)}
    rows = [{"id": "a", **row}, {"id": "lost", **row, "ct": str(tmp_path / "nowhere")}, {"id": "b", **row}]
    predict_batch(read_table(rows), tmp_path / "through", models=[MODEL])

    def stop(share, words):
        if words.startswith("1 of"):
            raise Cancelled

    with pytest.raises(Cancelled):
        predict_batch(read_table(rows), tmp_path / "cut", models=[MODEL], progress=stop)
    predict_batch(read_table(rows), tmp_path / "cut", models=[MODEL], resume=True)
    whole, cut = ((tmp_path / name / "summary.csv").read_bytes() for name in ("through", "cut"))
    assert whole == cut
    assert {o.id: o.outcome for o in read_summary(tmp_path / "cut")} == {"a": DONE, "lost": FAILED, "b": DONE}
    (tmp_path / "cut" / "summary.csv").write_bytes(cut.replace(b"lost", b"mine"))
    with pytest.raises(OutputError):
        predict_batch(read_table(rows), tmp_path / "cut", models=[MODEL], resume=True)
    (tmp_path / "cut" / "summary.csv").write_bytes(cut)
    with pytest.raises(OutputError, match="other patients"):
        predict_batch(read_table([{"id": "z", **row}]), tmp_path / "cut", models=[MODEL])
    document = json.loads((tmp_path / "cut" / "a" / "job.json").read_text(encoding="utf-8"))
    assert document["written"]["kind"] == "prediction"
