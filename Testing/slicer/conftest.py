"""A headless Slicer scene for the tests of the Slicer-facing code."""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from pathlib import Path

import pytest

os.environ.setdefault("PYSIDE6_OPTION_PYTHON_ENUM", "3")  # enums are numbers, as in Slicer; read when PySide6 is imported
pytest.importorskip("vtk", reason="slicer-core (extra 'headless') is not installed")
pytest.importorskip("slicer", reason="slicer-core (extra 'headless') is not installed")
pytest.importorskip("PySide6", reason="PySide6 (extra 'headless') is not installed")

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def app():
    """The stand-in application with its scene and three slice views."""
    for folder in ("DMDPPredictor", "DMDPTraining"):
        if str(PROJECT / folder) not in sys.path:
            sys.path.insert(0, str(PROJECT / folder))
    spec = importlib.util.spec_from_file_location("headless", PROJECT / "Testing/standin/headless.py")
    headless = importlib.util.module_from_spec(spec)
    sys.modules["headless"] = headless
    spec.loader.exec_module(headless)
    return headless.bootstrap()


@pytest.fixture
def scene(app):
    """The scene, emptied of what a test puts there."""
    yield app.scene
    for kind in (
        "vtkMRMLVolumeNode",
        "vtkMRMLSegmentationNode",
        "vtkMRMLTransformNode",
        "vtkMRMLMarkupsNode",
        "vtkMRMLScriptedModuleNode",
    ):
        while (node := app.scene.GetFirstNodeByClass(kind)) is not None:
            app.scene.RemoveNode(node)


@pytest.fixture
def logic(app):
    """A fresh DMDPPredictorLogic."""
    from DMDPPredictorLib.Logic import DMDPPredictorLogic

    return DMDPPredictorLogic()


@pytest.fixture(scope="session")
def modules(app):
    """Both modules as the application loads them at its start."""
    return {name: app.loadModule(PROJECT / name / f"{name}.py") for name in ("DMDPPredictor", "DMDPTraining")}


@pytest.fixture
def gui(app, monkeypatch):
    """The application with Qt; no slot or observer may raise while the test runs."""
    import qt

    qt.raised.clear()
    monkeypatch.setattr(sys, "excepthook", lambda *error: qt.raised.append("".join(traceback.format_exception(*error))))
    yield app
    assert not qt.raised, "".join(qt.raised)


@pytest.fixture
def panel(modules, scene, gui):
    """A fresh panel of DMDPPredictor with nothing chosen."""
    modules["DMDPPredictor"].closePanel()
    widget = modules["DMDPPredictor"].widgetRepresentation().self()
    widget.enter()
    yield widget
    modules["DMDPPredictor"].closePanel()
