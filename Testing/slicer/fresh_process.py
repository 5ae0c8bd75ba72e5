"""The click path in a process that has done nothing else; run by test_window_lives.py, as other tests have imported everything.

As in the application, numpy and what Slicer's own Python layer imports are there already; what our modules import first is timed.
"""

from __future__ import annotations

import os
import sys
import time

import pytest

HEAVY = ("scipy", "SimpleITK", "pydicom", "matplotlib", "torch", "numba", "skimage", "pandas")
THERE = frozenset({"slicer", "vtk", "vtkmodules", "qt", "ctk", "numpy"})
OURS = frozenset({"DMDPPredictor", "DMDPPredictorLib", "DMDPTraining", "DMDPTrainingLib", "dmdp"})
TICK_SECONDS = 0.02


@pytest.fixture
def fresh():
    """The stand-in application with both modules loaded and imports watched; no other fixture, as those import the core."""
    import importlib.util
    from pathlib import Path

    project = Path(__file__).resolve().parents[2]
    for folder in ("Testing/standin", "DMDPPredictor", "DMDPTraining"):
        sys.path.insert(0, str(project / folder))
    spec = importlib.util.spec_from_file_location("headless", project / "Testing/standin/headless.py")
    headless = importlib.util.module_from_spec(spec)
    sys.modules["headless"] = headless
    spec.loader.exec_module(headless)
    app = headless.bootstrap()
    import main_thread

    main_thread.watch_imports(THERE | OURS)
    start = time.perf_counter()
    for name in ("DMDPPredictor", "DMDPTraining"):
        app.loadModule(project / name / f"{name}.py")
    print(f"\nmodules loaded in {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    app.modules["dmdptraining"].openPanel()
    panel = app.modules["dmdppredictor"].openPanel()
    print(f"panels opened in {time.perf_counter() - start:.2f} s")
    yield app, panel
    for name in ("dmdppredictor", "dmdptraining"):
        app.modules[name].closePanel()
    import qt

    assert not qt.raised, "".join(qt.raised)
    assert not main_thread.caught, "\n".join(main_thread.caught)


def lets_the_window_work_until(condition, seconds=120):
    """The longest time (s) that the window needed at once."""
    import qt

    longest, end = 0.0, time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        start = time.perf_counter()
        qt.application.processEvents()
        longest = max(longest, time.perf_counter() - start)
        time.sleep(TICK_SECONDS)
    return longest


def thorax(panel):
    """The made-up thorax of the modules' own test, chosen in the panel."""
    from DMDPPredictorLib.SelfTest import CENTRE, _thorax

    parameters = panel.logic.getParameterNode()
    parameters.ct, parameters.pet = _thorax()
    panel.images.choosePair()
    import slicer

    parameters.seed = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Lesion point")
    return parameters, CENTRE


def test_click_path(fresh, tmp_path):
    _app, panel = fresh
    parameters, centre = thorax(panel)
    parameters.seed.AddControlPointWorld(*centre)
    print(f"point: {lets_the_window_work_until(lambda: parameters.segmentation is not None):.2f} s at once")
    measured = lets_the_window_work_until(lambda: "SUVmax" in panel.ui.measuresLabel.text)
    print(f"measures: {measured:.2f} s at once")
    start = time.perf_counter()
    panel.ui.editButton.click()
    panel.ui.editorSection.collapsed = True
    print(f"editor: {time.perf_counter() - start:.2f} s at once")
    start = time.perf_counter()
    panel.ui.predictButton.click()
    print(f"Predict: {time.perf_counter() - start:.2f} s at once")
    print(f"job: {lets_the_window_work_until(lambda: not panel.running):.2f} s at once")
    assert panel.results.result is not None, panel.ui.messageLabel.text
    print(f"maps: {lets_the_window_work_until(lambda: not panel.results.loading):.2f} s at once")
    for words in ("first overlay", "back"):
        start = time.perf_counter()
        panel.ui.overlayButton.click()
        print(f"{words}: {time.perf_counter() - start:.2f} s at once")
    panel.exports.export(tmp_path)
    print(f"export: {lets_the_window_work_until(lambda: not panel.exports.job.running):.2f} s at once")
    panel.ui.checkModelButton.click()
    checked = lets_the_window_work_until(lambda: "is sound" in panel.ui.modelMessage.text)
    print(f"check of a model: {checked:.2f} s at once")
    assert [name for name in HEAVY if name in sys.modules] == []


def test_predict(fresh):
    """Start a prediction and, where a test above wants to kill this process, wait for that."""
    if not os.environ.get("DMDP_WAIT"):
        return
    _app, panel = fresh
    parameters, centre = thorax(panel)
    parameters.seed.AddControlPointWorld(*centre)
    lets_the_window_work_until(lambda: parameters.segmentation is not None)
    panel.ui.predictButton.click()
    lets_the_window_work_until(lambda: panel.ui.progressBar.value > 0 and panel.job.running)
    from dmdp.session import session_folder

    print(f"\nWORKER {panel.logic.worker.process.pid} {session_folder()}", flush=True)
    time.sleep(600)
