"""The extension as CMake packages it: every file is listed, and what is listed suffices to predict."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MODULES = {"DMDPPredictor": ("DMDPPredictorLib", "dmdp"), "DMDPTraining": ("DMDPTrainingLib", "dmdp_training")}


def listed(project: Path, module: str, variable: str) -> list[str]:
    """The entries of a ``set(variable …)`` in a module's CMakeLists.txt."""
    text = re.sub(r"#.*", "", (project / module / "CMakeLists.txt").read_text(encoding="utf-8"))
    entries = re.search(rf"set\({variable}\s([^)]*)\)", text).group(1).split()
    return [entry.replace("${MODULE_NAME}", module) for entry in entries]


@pytest.mark.parametrize("module", MODULES)
def test_every_file_is_listed_once(project, module):
    folder = project / module
    tree = {
        path.relative_to(folder).as_posix()
        for part in (f"{module}.py", "Resources", *MODULES[module])
        for path in ([folder / part] if (folder / part).is_file() else (folder / part).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    scripts, resources = listed(project, module, "MODULE_PYTHON_SCRIPTS"), listed(project, module, "MODULE_PYTHON_RESOURCES")
    assert sorted(scripts) == sorted(name for name in tree if name.endswith(".py"))
    assert sorted(resources) == sorted(name for name in tree if not name.endswith(".py"))


def test_the_extension_lists_its_modules_and_resources(project):
    text = (project / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.findall(r"add_subdirectory\((\w+)\)", text) == list(MODULES)
    folders = {path.name for path in (project / "Resources").iterdir() if any(path.rglob("*.*"))} - {"Screenshots", "Reports"}
    assert set(re.search(r"set\(_resources ([^)]*)\)", text).group(1).split()) == {f"Resources/{name}" for name in folders}
    for name in ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS", "RECOMMENDS", "KEYWORDS"):
        assert len(re.findall(rf'^set\(EXTENSION_{name} "[^"\n]+"\)$', text, re.M)) == 1, name


@pytest.fixture(scope="module")
def installed(project, tmp_path_factory) -> Path:
    """The listed files where CMake installs them: all modules in one flat folder, the models in a share folder."""
    root = tmp_path_factory.mktemp("extension")
    flat = root / "lib" / "Slicer-5.12" / "qt-scripted-modules"
    for module in MODULES:
        for variable in ("MODULE_PYTHON_SCRIPTS", "MODULE_PYTHON_RESOURCES"):
            for name in listed(project, module, variable):
                assert not (flat / name).exists(), f"two modules have {name}"
                (flat / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(project / module / name, flat / name)
    for name in ("Models", "Profiles"):
        shutil.copytree(project / "Resources" / name, root / "share" / "Slicer-5.12" / "DMDP" / name)
    return flat


@pytest.mark.slow
def test_the_packaged_files_predict(installed, simulated_study, tmp_path):
    patient, study = simulated_study
    seed = ",".join(map(str, patient.seed_lps))
    command = [
        sys.executable,
        "-m",
        "dmdp",
        "predict",
        "--ct",
        study,
        "--pet",
        study,
        f"--seed={seed}",
        "--out",
        tmp_path / "out",
    ]
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*map(str, command), "--model", "published-pet-clinical"], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads((tmp_path / "out" / "prediction.json").read_text(encoding="utf-8"))["tasks"]) >= {"EGFR", "subtype"}


def test_the_packaged_commands_include_those_of_the_training_package(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-m", "dmdp", "--help"], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("predict", "train", "simulate"):
        assert name in done.stdout


def test_nothing_at_file_scope_needs_what_slicer_does_not_bring(installed, tmp_path):
    """The files of the modules and what they import at load, with every package outside Slicer's Python missing."""
    allowed = {"slicer", "vtk", "qt", "ctk", "SimpleITK", "numpy", "scipy", "pydicom", "packaging"}
    program = f"""
import ast, sys
from pathlib import Path
folder, allowed = Path({str(installed)!r}), {allowed!r} | set(sys.stdlib_module_names)
seen, todo, bad = set(), ["DMDPPredictor", "DMDPTraining"], []
def find(name):
    path = folder.joinpath(*name.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)
while todo:
    name = todo.pop()
    path = find(name)
    if path is None or name in seen:
        continue
    seen.add(name)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            names = [module, *(f"{{module}}.{{alias.name}}" for alias in node.names)]
        for found in names:
            parts = found.split(".")
            todo += [".".join(parts[:i]) for i in range(1, len(parts) + 1)]
            if parts[0] not in allowed and find(parts[0]) is None:
                bad.append((name, found))
assert "dmdp.delineation.pet" in seen, seen
print(sorted(set(bad)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
