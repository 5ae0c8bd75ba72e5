"""The house rules that imports can break."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

FORBIDDEN_IN_CORE = {"slicer", "vtk", "qt", "ctk", "dmdp_training"}


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_core_knows_neither_slicer_nor_training(project):
    files = list((project / "DMDPPredictor" / "dmdp").rglob("*.py"))
    assert len(files) > 20
    broken = {str(f.relative_to(project)): imported(f) & FORBIDDEN_IN_CORE for f in files}
    # the command line looks for the training package by name, as a string
    assert {f: names for f, names in broken.items() if names} == {}


@pytest.mark.parametrize(
    "module", ["dmdp", "dmdp.errors", "dmdp.patients.case", "dmdp.cli", "dmdp.bundles.bundle", "dmdp.resources"]
)
def test_importing_the_core_is_light(module):
    heavy = ("torch", "matplotlib", "sklearn", "SimpleITK", "pydicom", "scipy", "skops")
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_nothing_unpickles(project):
    words = ("pickle.load", "torch.load(", "joblib.load(", "weights_only=False")
    for folder in ("DMDPPredictor", "DMDPTraining"):
        for path in (project / folder).rglob("*.py"):
            assert not any(word in path.read_text(encoding="utf-8") for word in words), path
