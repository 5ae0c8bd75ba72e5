"""The wheel, installed elsewhere, predicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import pytest


@pytest.mark.slow
def test_the_wheel_predicts_from_another_folder(project, simulated_study, tmp_path):
    patient, study = simulated_study
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(project)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    wheel = next(tmp_path.glob("dmdp-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert "dmdp/Resources/Models/published-pet-clinical/manifest.json" in names
    assert "dmdp/report/templates/report.html.jinja" in names
    assert not any(name.startswith(("Testing", "slicer", "DMDPPredictor")) for name in names)
    entry = next(name for name in names if name.endswith("entry_points.txt"))
    assert "dmdp = dmdp.__main__:main" in (tmp_path / "site" / entry).read_text()
    code = "import dmdp, sys; print(dmdp.__file__); from dmdp.cli import main; sys.exit(main())"
    seed = ",".join(map(str, patient.seed_lps))
    models = ["--model", "published-pet-clinical", "--model", "demo-network"]
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            "predict",
            "--ct",
            study,
            "--pet",
            study,
            "--seed",
            seed,
            *models,
            "--out",
            tmp_path / "out",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "site") in done.stdout
    assert json.loads((tmp_path / "out" / "prediction.json").read_text(encoding="utf-8"))["network"]["probabilities"]
