"""The extension as CMake packages it: every file is listed, the installed tree is what a checkout needs and nothing else, and it
suffices to predict."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

MODULES = {"DMDPPredictor": ("DMDPPredictorLib", "dmdp"), "DMDPTraining": ("DMDPTrainingLib", "dmdp_training")}
FLAT, SHARE = "lib/Slicer-5.12/qt-scripted-modules", "share/Slicer-5.12"
NOT_INSTALLED = {"Screenshots", "Reports", "ExtensionsIndex"}  # of Resources: for readers of the repository
SCHEMA = "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.1.json#"


def listed(project: Path, module: str, variable: str) -> list[str]:
    """The entries of a ``set(variable …)`` in a module's CMakeLists.txt."""
    text = re.sub(r"#.*", "", (project / module / "CMakeLists.txt").read_text(encoding="utf-8"))
    entries = re.search(rf"set\({variable}\s([^)]*)\)", text).group(1).split()
    return [entry.replace("${MODULE_NAME}", module) for entry in entries]


def files_below(folder: Path) -> list[str]:
    """The files of a folder, as relative paths with slashes, without what Python leaves there while it runs."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def field(project: Path, name: str) -> str:
    """A field of the top-level CMakeLists.txt, read by pattern as the Extensions Index does: one line, in quotes."""
    (found,) = re.findall(
        rf'^set\(EXTENSION_{name} "([^"\n]+)"\)$', (project / "CMakeLists.txt").read_text(encoding="utf-8"), re.M
    )
    return found


@pytest.mark.parametrize("module", MODULES)
def test_every_file_is_listed_once(project, module):
    folder = project / module
    tree = [
        name for name in files_below(folder) if name == f"{module}.py" or name.split("/")[0] in ("Resources", *MODULES[module])
    ]
    scripts, resources = listed(project, module, "MODULE_PYTHON_SCRIPTS"), listed(project, module, "MODULE_PYTHON_RESOURCES")
    assert sorted(scripts) == sorted(name for name in tree if name.endswith(".py"))
    assert sorted(resources) == sorted(name for name in tree if not name.endswith(".py"))


def test_the_installed_tree_is_what_a_checkout_needs_and_nothing_else(project, installed_tree):
    """Modules share one flat folder; models, profiles and licences lie in a folder of the extension's own."""
    sources = [(f"{FLAT}/{name}", project / module / name) for module in MODULES for name in files_below(project / module)]
    sources = [(target, source) for target, source in sources if source.name != "CMakeLists.txt"]
    kept = [name for name in files_below(project / "Resources") if name.split("/")[0] not in NOT_INSTALLED]
    sources += [(f"{SHARE}/DMDP/{name}", project / "Resources" / name) for name in kept]
    sources += [(f"{SHARE}/DMDP/{name}", project / name) for name in ("LICENSE", "THIRD_PARTY_NOTICES.md")]
    assert max(Counter(target for target, _ in sources).values()) == 1, "two files would overwrite one another"
    made = [f"{target}c" for target, _ in sources if target.endswith(".py")]  # byte code beside each script, as Slicer builds it
    assert files_below(installed_tree) == sorted([*dict(sources), *made, f"{SHARE}/DMDP.s4ext"])
    for target, source in sources:
        assert (installed_tree / target).read_bytes() == source.read_bytes(), target


def test_no_installed_name_is_another_extensions(installed_tree):
    """All extensions' module folders are on one ``sys.path``, and lie in one folder where an application bundles them."""
    for name in files_below(installed_tree / FLAT):
        first, *rest = name.split("/")
        below = rest[1:] if first == "Resources" and rest[0] in ("Icons", "UI") else rest
        assert re.match("dmdp", (below if first == "Resources" else [first])[0], re.I), name
    assert {path.name for path in (installed_tree / SHARE).iterdir()} == {"DMDP", "DMDP.s4ext"}


def test_the_tests_of_the_modules_run_with_and_without_a_window(installed_tree):
    build = installed_tree.with_name("build")
    names = {name for path in build.rglob("CTestTestfile.cmake") for name in re.findall(r"add_test\(\W*(\w+)", path.read_text())}
    kinds = ("py_{}", "py_nomainwindow_unit_{}", "py_nomainwindow_qSlicer{}ModuleGenericTest")
    assert names == {kind.format(module) for kind in kinds for module in MODULES}


def test_the_fields_of_the_extension_are_complete(project, installed_tree):
    lines = (installed_tree / SHARE / "DMDP.s4ext").read_text(encoding="utf-8").splitlines()
    told = dict(line.split(" ", 1) for line in lines)
    for name in ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS", "RECOMMENDS", "KEYWORDS"):
        assert told[name.lower()] == field(project, name)
    assert "Research use only" in told["description"]
    repository = "https://github.com/DMDP/SlicerDMDP"
    assert told["homepage"].startswith(repository)
    raw = repository.replace("github.com", "raw.githubusercontent.com") + "/main/"
    images = [told["iconurl"], *told["screenshoturls"].split()]
    for url in images:  # files of this repository, as the Index looks them up
        assert url.startswith(raw), url
        assert (project / url.removeprefix(raw)).read_bytes().startswith(b"\x89PNG"), url
    icon = (project / images[0].removeprefix(raw)).read_bytes()
    assert (int.from_bytes(icon[16:20]), int.from_bytes(icon[20:24])) == (128, 128)
    cache = (installed_tree.with_name("build") / "CPackConfig.cmake").read_text(encoding="utf-8")
    for name, file in (("CPACK_PACKAGE_DESCRIPTION_FILE", "README.md"), ("CPACK_RESOURCE_FILE_LICENSE", "LICENSE")):
        assert re.search(rf'set\({name} "([^"]+)"\)', cache)[1] == str(project / file)


def test_the_entry_for_the_extensions_index_can_be_submitted(project):
    """By the rules of the entry's schema 1.0.1 and of the Index's own check of new entries, as read there: the known keys and no
    other, of which three are required; a category that the Index has; a repository called Slicer…, by https; a whole tier from 1
    (experimental) to 5; dependencies that are extensions of the Index. The file is named like the project."""
    entry = json.loads((project / "Resources" / "ExtensionsIndex" / "DMDP.json").read_text(encoding="utf-8"))
    kinds = {
        "$schema": str, "category": str, "scm_url": str, "scm_revision": str, "scm_type": str, "build_dependencies": list,
        "build_subdirectory": str, "enabled": bool, "tier": int,
    }  # fmt: skip
    assert {"$schema", "category", "scm_url"} <= set(entry) <= set(kinds)
    for key, value in entry.items():
        assert type(value) is kinds[key], key
    assert entry["$schema"] == SCHEMA
    assert entry["category"] in ("Nuclear Medicine", "Quantification")  # two of the Index's; the module lists itself in the first
    assert f'"{entry["category"]}")]' in (project / "DMDPPredictor" / "DMDPPredictor.py").read_text(encoding="utf-8")
    assert re.fullmatch(r"https://github\.com/\w+/Slicer\w+\.git", entry["scm_url"])
    assert field(project, "HOMEPAGE").split("#")[0] == entry["scm_url"].removesuffix(".git")
    assert f"/{entry['scm_revision']}/" in field(project, "ICONURL")
    assert entry["build_dependencies"] == field(project, "DEPENDS").split() == ["PyTorch"]
    assert 1 <= entry["tier"] <= 5
    assert re.search(r"^project\((\w+)", (project / "CMakeLists.txt").read_text(encoding="utf-8"), re.M)[1] == "DMDP"
    assert (project / "LICENSE").is_file()


@pytest.fixture(scope="module")
def installed(installed_tree) -> Path:
    """The folder of the modules in the installed tree."""
    return installed_tree / FLAT


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
    """The files of the modules and what they import at load: the Extensions Index asks whether anything beside Python's own
    library, Slicer, vtk, SimpleITK, numpy and scipy is among it."""
    allowed = {"slicer", "vtk", "qt", "ctk", "SimpleITK", "numpy", "scipy"}
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
assert {{"DMDPPredictorLib.SceneImages", "dmdp.jobs.protocol"}} <= seen, seen
print(sorted(set(bad)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
