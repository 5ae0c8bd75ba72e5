"""The installed extension on its own, in a folder that cannot be written to: panels, models, commands, and a prediction."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slicer
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24
FLAT = "lib/Slicer-5.12/qt-scripted-modules"

# What both programs begin with: the folder refuses even this user, and the checkout is nowhere to be found.
START = """
import importlib.util, os, sys
from pathlib import Path
flat, project = Path(sys.argv[1]), Path(sys.argv[2])
try:
    (flat / "dmdp" / "written").touch()
except OSError:
    pass
else:
    sys.exit("the folder can be written to")
assert not any(Path(entry).resolve() == (project / name) for entry in sys.path for name in ("", "DMDPPredictor", "DMDPTraining"))
"""

PANELS = """
spec = importlib.util.spec_from_file_location("headless", project / "Testing/standin/headless.py")
headless = importlib.util.module_from_spec(spec)
spec.loader.exec_module(headless)
app = headless.bootstrap()
import qt, slicer
for name in ("DMDPPredictor", "DMDPTraining"):
    panel = app.loadModule(flat / f"{name}.py").openPanel()
    icon = Path(panel.resourcePath(f"Icons/{name}.png"))
    assert icon.is_file() and flat in icon.parents, icon
    if name == "DMDPPredictor":
        print(*sorted([*panel.models.names, *panel.models.networks]))
app.processEvents()
assert not qt.raised, qt.raised
(sample,) = slicer.modules.sampleDataSources["DMDP Predictor"]
assert Path(sample.thumbnailFileName).is_file() and flat in Path(sample.thumbnailFileName).parents
ours = ("dmdp", "dmdp_training", "DMDPPredictor", "DMDPPredictorLib", "DMDPTraining", "DMDPTrainingLib")
files = [Path(m.__file__) for n, m in list(sys.modules.items()) if n.split(".")[0] in ours and getattr(m, "__file__", None)]
assert len(files) > 30 and all(flat in path.parents for path in files), files
"""


@pytest.fixture(scope="module")
def readOnly(installed_tree, tmp_path_factory):
    """A copy of the installed tree without a permission to write."""
    root = Path(shutil.copytree(installed_tree, tmp_path_factory.mktemp("read only") / "Slicer 5.12 ä"))
    paths = [root, *root.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield root
    for path in paths:
        path.chmod(0o755)


def _bindRoot():
    """Permissions bind the superuser of the child too: without this capability it is a user like others."""
    if os.name == "posix" and os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def listing(root: Path) -> dict[str, tuple]:
    """Size and time of change of everything below a folder."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in [root, *root.rglob("*")]}


@pytest.fixture
def run(readOnly, project, tmp_path):
    """``run(*words)`` is what a fresh Python prints that finds our packages in the installed tree alone, and may write byte code
    where it can; the tree is as it was afterwards."""

    def start(*words) -> str:
        before = listing(readOnly)
        left_out = ("PYTHONDONTWRITEBYTECODE", "NUMBA_CACHE_DIR", "MPLCONFIGDIR")
        environment = {key: value for key, value in os.environ.items() if key not in left_out}
        environment |= {"PYTHONPATH": str(readOnly / FLAT), "PYTHONUTF8": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=environment,
            preexec_fn=_bindRoot if os.name == "posix" else None,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        assert listing(readOnly) == before
        return done.stdout

    return start


def test_both_panels_open_and_list_the_models(run, readOnly, project):
    assert run("-c", START + PANELS, readOnly / FLAT, project).split() == ["demo-network", "published-pet-clinical"]


def test_a_bundle_is_verified(run, readOnly, project):
    run("-c", START, readOnly / FLAT, project)
    assert "published-pet-clinical" in run("-m", "dmdp", "bundle", "verify", "published-pet-clinical")


@pytest.mark.slow
def test_a_patient_is_simulated_and_predicted_with_regions_maps_and_report(run, tmp_path):
    """Templates, profiles, compiled features and the network's bundle; what is cached lies with the user."""
    run("-m", "dmdp", "simulate", "--seed", "7", "--out", tmp_path / "patients")
    study = tmp_path / "patients" / "patient_0007"
    seed = json.loads((study / "truth.json").read_text(encoding="utf-8"))["seed_lps_mm"]
    models = [word for name in ("published-pet-clinical", "demo-network") for word in ("--model", name)]
    place = ("--ct", study, "--pet", study, f"--seed={','.join(map(str, seed))}")
    run("-m", "dmdp", "predict", *place, *models, "--out", tmp_path / "out")
    assert {"prediction.json", "report.html", "regions.nii.gz"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert json.loads((tmp_path / "out" / "prediction.json").read_text(encoding="utf-8"))["network"]["probabilities"]
