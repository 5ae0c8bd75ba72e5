"""A headless Slicer scene for the tests of the Slicer-facing code."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np
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
    app = headless.bootstrap()
    main_thread().install()
    return app


def main_thread():
    """The stand-in that watches the thread of the window; it lies beside the other stand-ins."""
    import main_thread

    return main_thread


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

    logic = DMDPPredictorLogic()
    yield logic
    logic.close()


@pytest.fixture(scope="session")
def modules(app):
    """Both modules as the application loads them at its start."""
    return {name: app.loadModule(PROJECT / name / f"{name}.py") for name in ("DMDPPredictor", "DMDPTraining")}


@pytest.fixture
def gui(app, monkeypatch):
    """The application with Qt; while the test runs, no slot or observer may raise, nor stop the window for long."""
    import qt

    qt.raised.clear()
    main_thread().caught.clear()
    monkeypatch.setattr(sys, "excepthook", lambda *error: qt.raised.append("".join(traceback.format_exception(*error))))
    yield app
    assert not qt.raised, "".join(qt.raised)
    assert not main_thread().caught, "\n".join(main_thread().caught)


@pytest.fixture
def panel(modules, scene, gui):
    """A fresh panel of DMDPPredictor with nothing chosen."""
    modules["DMDPPredictor"].closePanel()
    yield modules["DMDPPredictor"].openPanel()
    modules["DMDPPredictor"].closePanel()


@pytest.fixture
def dicomDatabase(app, monkeypatch):
    """``dicomDatabase(folder, …)`` puts the DICOM files of folders into ``slicer.dicomDatabase`` (as far as it is asked) and
    returns them: SOP instance UID → path."""
    import slicer
    from dicom_browser import DicomDatabase

    database = DicomDatabase()
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    return lambda *folders: database.add(path for folder in folders for path in sorted(folder.glob("*.dcm")))


@pytest.fixture
def browser(scene, dicomDatabase):
    """``browser(folder)`` imports a folder with one series and loads it as the DICOM browser does; returns the volume node."""
    from dicom_browser import loadSeries

    return lambda folder: loadSeries(dicomDatabase(folder).values())


def addVolume(scene, volume, name, suv=False):
    """A scalar volume node of a core volume."""
    import slicer
    import vtk

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, volume.array.copy())
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.geometry.matrix
    ras[:, :3] = ras[:, 2::-1]
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(ras.ravel())
    node.SetIJKToRASMatrix(matrix)
    node.CreateDefaultDisplayNodes()
    if suv:
        node.SetAttribute("DMDP.IsSuv", "1")
    return node


def wait(condition, seconds=120):
    """Let the window work until ``condition()`` is true."""
    import qt

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        qt.application.processEvents()
        time.sleep(0.02)


def plain(label) -> str:
    """What a label says, without the invisible places where a long word may be broken."""
    return label.text.replace("\u200b", "")


def propose(panel):
    """Press *Propose contour* and wait for the worker's answer."""
    panel.ui.delineateButton.click()
    wait(lambda: not panel.proposal.job.running)


def placePoint(scene, ras):
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Lesion point")
    node.AddControlPointWorld(*ras)
    return node


@pytest.fixture
def loaded(panel, scene, simulated_study):
    """The panel with CT, PET (in SUV) and a point in the lesion chosen."""
    patient, _ = simulated_study
    parameters = panel.logic.getParameterNode()
    parameters.ct, parameters.pet = addVolume(scene, patient.ct, "CT"), addVolume(scene, patient.pet, "PET", suv=True)
    parameters.seed = placePoint(scene, (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2]))
    return panel, parameters


@pytest.fixture(scope="module")
def installed_result(simulated_study, tmp_path_factory, dmdp_command):
    """A result folder from the command line."""
    patient, study = simulated_study
    out = tmp_path_factory.mktemp("result") / "out"
    seed = ",".join(map(repr, patient.seed_lps))
    done = dmdp_command(
        "predict", "--ct", study, "--pet", study, "--seed", seed, "--age", 61, "--sex", "F", "--model", "published-pet-clinical",
        "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def broken_import(tmp_path, monkeypatch):
    """Makes a package fail to import in every child process, wherever on the path it and our own packages lie."""

    def block(package: str, said: str) -> None:
        folder = tmp_path / "blocked"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(
            "import sys\n"
            "from importlib.machinery import ModuleSpec\n"
            "class Broken:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            f"        return ModuleSpec(name, self) if name == {package!r} else None\n"
            "    def create_module(self, spec):\n"
            "        return None\n"
            "    def exec_module(self, module):\n"
            f"        raise ModuleNotFoundError({said!r}, name={package!r})\n"
            "sys.meta_path.insert(0, Broken())\n",
            encoding="utf-8",
        )
        monkeypatch.setenv("PYTHONPATH", str(folder))

    return block


@pytest.fixture
def window(app, gui, monkeypatch):
    """The application with a main window, a clock in it, and a user who may press Cancel."""
    from main_window import Window

    made = Window()
    monkeypatch.setattr(type(app), "topLevelWidgets", lambda self: (made.widget,))
    yield made
    made.close()
