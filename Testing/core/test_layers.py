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


def module_graph(project: Path) -> dict[str, set[str]]:
    """Which of our modules imports which, by their dotted names; also those that are imported within functions."""
    roots = [project / "DMDPPredictor" / "dmdp", project / "DMDPTraining" / "dmdp_training"]
    paths = {".".join(path.relative_to(root.parent).with_suffix("").parts): path for root in roots for path in root.rglob("*.py")}
    paths = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    graph = {}
    for name, path in paths.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        used = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
                base = ".".join([*above, *filter(None, [node.module])])
                used |= {f"{base}.{a.name}" if f"{base}.{a.name}" in paths else base for a in node.names}
            elif isinstance(node, ast.Import):
                used |= {alias.name for alias in node.names}
        graph[name] = (used & paths.keys()) - {name}
    return graph


def circle(graph: dict[str, set[str]]) -> set[str]:
    """The nodes from which none without successors is left once those that lead nowhere are taken away, again and again."""
    left = dict(graph)
    while ends := [name for name, used in left.items() if not used & left.keys()]:
        for name in ends:
            del left[name]
    return set(left)


def test_no_circle_of_imports(project):
    graph = module_graph(project)
    assert len(graph) > 200
    assert "dmdp.errors" in graph["dmdp.jobs.worker"]
    assert circle(graph) == set()
    packages = {name for name in graph if name.count(".") == 1 and any(other.startswith(f"{name}.") for other in graph)}
    assert {"dmdp.jobs", "dmdp.viewer", "dmdp_training.runs"} <= packages

    def package(name: str) -> str:
        return ".".join(name.split(".")[:2])

    above = {own: {package(u) for n, used in graph.items() if package(n) == own for u in used} - {own} for own in packages}
    assert circle(above) == set()
    assert {"dmdp.commands", "dmdp.viewer"} & above["dmdp.jobs"] == set()
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {"a", "b", "c"}


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
