"""A headless Slicer scene for the tests of the Slicer-facing code."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("vtk", reason="slicer-core (extra 'headless') is not installed")
pytest.importorskip("slicer", reason="slicer-core (extra 'headless') is not installed")

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
    for kind in ("vtkMRMLVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLTransformNode", "vtkMRMLScriptedModuleNode"):
        while (node := app.scene.GetFirstNodeByClass(kind)) is not None:
            app.scene.RemoveNode(node)


@pytest.fixture
def logic(app):
    """A fresh DMDPPredictorLogic."""
    from DMDPPredictorLib.Logic import DMDPPredictorLogic

    return DMDPPredictorLogic()
