"""Bad input, full disks, kills: each ends in a sentence that helps, and leaves nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pydicom
import pytest
from dmdp.images.files import write_mask, write_volume
from dmdp.images.volume import Volume

MODEL = ("--model", "published-pet-clinical")


def seed(patient) -> str:
    return ",".join(f"{v:.2f}" for v in patient.seed_lps)


def edit(folder, change):
    for path in folder.glob("*.dcm"):
        ds = pydicom.dcmread(path)
        change(ds)
        ds.save_as(path)


def drop_weight(ds):
    del ds.PatientWeight


def drop_dose(ds):
    del ds.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose


def drop_half_life(ds):
    del ds.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife


def drop_injection_time(ds):
    del ds.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime
    del ds.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime


def drop_units(ds):
    del ds.Units


def drop_decay_correction(ds):
    del ds.DecayCorrection


def drop_scan_times(ds):
    del ds.SeriesTime
    del ds.AcquisitionTime


def mix_orientations(ds):
    if ds.InstanceNumber == 20:
        ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]


def no_attenuation(ds):
    ds.CorrectedImage = ["DECY"]


def other_frame(ds):
    ds.FrameOfReferenceUID = "1.2.3.4"


BAD_PET = [
    (drop_weight, 3, "SuvError", "(0010,1030) PatientWeight"),
    (drop_dose, 3, "SuvError", "(0018,1074) RadionuclideTotalDose"),
    (drop_half_life, 3, "SuvError", "(0018,1075) RadionuclideHalfLife"),
    (drop_injection_time, 3, "SuvError", "(0018,1078) RadiopharmaceuticalStartDateTime"),
    (drop_units, 3, "SuvError", "(0054,1001) Units"),
    (drop_decay_correction, 3, "SuvError", "(0054,1102) DecayCorrection"),
    (drop_scan_times, 3, "SuvError", "(0008,0031) SeriesTime"),
    (mix_orientations, 3, "DicomError", "ImageOrientationPatient"),
    (no_attenuation, 3, "DicomError", "CorrectedImage"),
    (other_frame, 3, "GeometryError", "FrameOfReferenceUID"),
]


def failed(dmdp_command, tmp_path, arguments) -> tuple[int, dict]:
    """Run as a job, so that the error's class is told too; nothing may be left behind."""
    out = tmp_path / "out"
    job = {
        "schema": 1,
        "command": "predict",
        "arguments": {"model": [MODEL[1]], **arguments},
        "out": str(out),
    }
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")
    done = dmdp_command("run-job", tmp_path / "job.json")
    assert "Traceback" not in done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("FAILED "), done.stdout
    assert not out.exists()
    assert not list(tmp_path.glob(".out*"))
    error = json.loads(last.removeprefix("FAILED "))
    assert error["remedy"]
    assert error["expected"]
    return done.returncode, error


@pytest.mark.parametrize(("change", "code", "kind", "words"), BAD_PET, ids=lambda v: getattr(v, "__name__", None))
def test_bad_pet(study_copy, simulated_study, dmdp_command, tmp_path, change, code, kind, words):
    edit(study_copy / "pet", change)
    found, error = failed(
        dmdp_command,
        tmp_path,
        {"ct": str(study_copy), "pet": str(study_copy), "seed": seed(simulated_study[0])},
    )
    assert (found, error["type"]) == (code, kind)
    assert words in error["found"]


def test_bad_folders_and_files(study_copy, simulated_study, dmdp_command, tmp_path):
    patient, _ = simulated_study
    base = {"ct": str(study_copy), "pet": str(study_copy), "seed": seed(patient)}
    code, error = failed(dmdp_command, tmp_path, {**base, "pet": str(study_copy / "ct")})
    assert (code, error["code"]) == (3, "dicom.no_pet")
    code, error = failed(dmdp_command, tmp_path, {**base, "ct": str(tmp_path / "nowhere")})
    assert (code, error["code"]) == (3, "path.missing")
    cut = study_copy / "ct" / "0033.dcm"
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-9000])
    code, error = failed(dmdp_command, tmp_path, base)
    assert (code, "0033.dcm" in error["found"]) == (3, True)
    cut.unlink()
    code, error = failed(dmdp_command, tmp_path, base)
    assert (code, "missing" in error["found"]) == (3, True)


def test_bad_lesions(simulated_study, dmdp_command, tmp_path):
    patient, study = simulated_study
    base = {"ct": str(study), "pet": str(study)}
    grid = patient.pet.geometry
    empty, one = np.zeros(grid.shape, bool), np.zeros(grid.shape, bool)
    one[50, 50, 50] = True
    write_mask(tmp_path / "empty.nii.gz", empty, grid)
    write_mask(tmp_path / "one.nii.gz", one, grid)
    away = type(grid)(grid.shape, tuple((*row[:3], row[3] + 2000 * (i < 3)) for i, row in enumerate(grid.affine)))
    write_mask(tmp_path / "away.nii.gz", patient.lesion_pet.array, away)
    for arguments, expected in (
        ({"pet_mask": str(tmp_path / "empty.nii.gz")}, "lesion.empty"),
        ({"pet_mask": str(tmp_path / "one.nii.gz")}, "lesion.too_small"),
        ({"mask": str(tmp_path / "away.nii.gz")}, "lesion.outside"),
        ({"seed": "0,-180,0"}, "seed.no_uptake"),
        ({"seed": "900,0,0"}, "seed.outside"),
    ):
        code, error = failed(dmdp_command, tmp_path, {**base, **arguments})
        assert (code, error["type"], error["code"]) == (3, "LesionError", expected)


def test_bad_values_and_units(simulated_study, dmdp_command, tmp_path):
    patient, study = simulated_study
    values = patient.pet.array.copy()
    values[10, 10, 10] = np.nan
    for suffix in ("nii.gz", "nrrd"):
        write_volume(tmp_path / f"nan.{suffix}", Volume(values, patient.pet.geometry, "1"))
        base = {"ct": str(study), "pet": str(tmp_path / f"nan.{suffix}"), "seed": seed(patient)}
        code, error = failed(dmdp_command, tmp_path, {**base, "pet_is_suv": True})
        assert (code, error["code"]) == (3, "image.not_finite")
    code, error = failed(dmdp_command, tmp_path, base)
    assert (code, error["code"]) == (3, "suv.unknown")


def test_usage_errors(simulated_study, dmdp_command, tmp_path):
    _, study = simulated_study
    base = {"ct": str(study), "pet": str(study)}
    for arguments, expected in (
        (base, "lesion.choice"),
        ({**base, "seed": "1,2"}, "seed.malformed"),
        ({"seed": "1,2,3"}, "image.none"),
    ):
        code, error = failed(dmdp_command, tmp_path, arguments)
        assert (code, error["code"]) == (2, expected)
    assert dmdp_command("predict", "--ct", study).returncode == 2
    assert dmdp_command("no-such-command").returncode == 2


def test_bad_models_and_outputs(simulated_study, dmdp_command, project, tmp_path):
    patient, study = simulated_study
    base = {"ct": str(study), "pet": str(study), "seed": seed(patient)}
    bad = shutil.copytree(project / "Resources/Models/published-pet-clinical", tmp_path / "bad")
    with (bad / "bootstrap.safetensors").open("ab") as stream:
        stream.write(b"x")
    code, error = failed(dmdp_command, tmp_path, {**base, "model": [str(bad)]})
    assert (code, error["type"], "bootstrap.safetensors" in error["found"]) == (4, "ModelError", True)
    code, error = failed(dmdp_command, tmp_path, {**base, "model": ["no-such-model"]})
    assert (code, error["code"]) == (3, "bundle.not_found")
    networks = ["published-pet-clinical", "demo-network", str(project / "Resources/Models/demo-network")]
    code, error = failed(dmdp_command, tmp_path, {**base, "model": networks})
    assert (code, error["found"].startswith("2 networks")) == (2, True)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.doc").write_text("x")
    done = dmdp_command("predict", "--ct", study, "--pet", study, "--seed", seed(patient), *MODEL, "--out", foreign)
    assert done.returncode == 3
    assert "thesis.doc" in os.listdir(foreign)
    (tmp_path / "file").write_text("x")
    done = dmdp_command(
        "predict",
        "--ct",
        study,
        "--pet",
        study,
        "--seed",
        seed(patient),
        *MODEL,
        "--out",
        tmp_path / "file" / "o",
    )
    assert (done.returncode, "Cannot write" in done.stderr) == (3, True)


def test_a_full_disk(simulated_study, tmp_path):
    """A limit on the size of files stands for a disk that fills up while the results are written."""
    resource = pytest.importorskip("resource", reason="file size limits are a POSIX thing")
    patient, study = simulated_study
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "dmdp", "predict", "--ct", study, "--pet", study, "--seed", seed(patient), *MODEL, "--out", out],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr.lower() or "Cannot write" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_kill_leaves_nothing_and_the_rerun_succeeds(simulated_study, dmdp_command, tmp_path):
    patient, study = simulated_study
    out = tmp_path / "out"
    words = [
        sys.executable,
        "-m",
        "dmdp",
        "predict",
        "--ct",
        str(study),
        "--pet",
        str(study),
        "--seed",
        seed(patient),
        *MODEL,
        "--out",
        str(out),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}

    def start():
        return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    began = time.monotonic()
    assert start().wait() == 0
    whole = time.monotonic() - began
    shutil.rmtree(out)
    rng = np.random.default_rng(0)
    interrupted = 0
    for share in rng.uniform(0.05, 1.0, 20):
        process = start()
        try:
            process.wait(share * whole)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            interrupted += 1
        if out.exists():  # then it is a whole result
            json.loads((out / "prediction.json").read_text(encoding="utf-8"))
            assert (out / "report.html").stat().st_size > 1e5
            assert (out / "job.json").exists()
            shutil.rmtree(out)
    assert interrupted > 5
    assert start().wait() == 0
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".out") or p.name == "out"] == ["out"]


def test_a_polite_stop_is_a_cancel(simulated_study, tmp_path):
    patient, study = simulated_study
    job = {"schema": 1, "command": "predict", "out": str(tmp_path / "out"),
           "arguments": {"ct": str(study), "pet": str(study), "seed": list(patient.seed_lps)}}  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "dmdp", "run-job", str(tmp_path / "job.json")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stdout:
        if "reading the images" in line:
            process.terminate()
            break
    rest = process.stdout.read()
    assert process.wait() == 6
    assert json.loads(rest.strip().splitlines()[-1].removeprefix("FAILED "))["code"] == "cancelled"
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))
