"""What code sets on a parameter node reaches the panels, although every call of getParameterNode() makes another wrapper."""

from __future__ import annotations

import pytest

from .conftest import addVolume, wait

pytestmark = pytest.mark.slicer


@pytest.fixture
def training(modules, scene, gui):
    modules["DMDPTraining"].closePanel()
    yield modules["DMDPTraining"].openPanel()
    modules["DMDPTraining"].closePanel()


def test_wrappers_of_one_node_keep_values_of_their_own(scene, gui):
    """As in Slicer: an observer of the same priority may come before a value was read anew, one of a lower priority may not."""
    import vtk
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        first: str
        second: str

    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    mine, other, early, late = Parameters(node), Parameters(node), [], []
    node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: early.append(mine.first))
    node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: late.append(mine.first), -1.0)
    other.first = "x"
    assert early == [""]
    assert late == ["x"]
    assert mine.first == "x"
    node.SetParameter("second", "y")
    assert (mine.second, other.second) == ("y", "y")


@pytest.mark.parametrize("entered", [0, 1, 2])
def test_training_follows_what_code_sets(training, scene, entered, tmp_path):
    from DMDPTrainingLib.Work import Work

    ui = training.ui
    for _ in range(entered):
        training.enter()
    parameters = training.logic.getParameterNode()
    parameters.work = Work.Network
    assert ui.workComboBox.currentText == Work.Network.label()
    assert ui.dataPathLabel.text == "Cohort file:"
    parameters.data, parameters.out = str(tmp_path / "cohort.csv"), str(tmp_path / "run")
    assert ui.dataPath.currentPath == parameters.data
    assert ui.outPath.currentPath == parameters.out
    assert "There is no file" in ui.startButton.toolTip
    (tmp_path / "cohort.csv").write_text("patient,ct,pet\n", encoding="utf-8")
    parameters.out = str(tmp_path / "another")
    assert ui.outPath.currentPath == parameters.out
    assert ui.startButton.enabled
    parameters.out = ""
    assert ui.outPath.currentPath == ""
    assert not ui.startButton.enabled
    parameters.out = str(tmp_path)
    scene.Clear(False)
    assert ui.outPath.currentPath == ""
    parameters = training.logic.getParameterNode()
    parameters.work, parameters.out = Work.Training, str(tmp_path)
    assert ui.workComboBox.currentText == Work.Training.label()
    assert ui.outPath.currentPath == str(tmp_path)


def test_a_path_that_is_cleared_is_no_longer_chosen(training, tmp_path):
    """CTK's path field calls an empty path no path: it says so by another signal."""
    ui = training.ui
    ui.outPath.currentPath = str(tmp_path)
    assert training.logic.getParameterNode().out == str(tmp_path)
    ui.outPath.currentPath = ""
    assert training.logic.getParameterNode().out == ""


@pytest.mark.parametrize("entered", [0, 1, 2])
def test_the_predictor_follows_what_code_sets(panel, scene, simulated_study, entered):
    ui = panel.ui
    for _ in range(entered):
        panel.enter()
    for closed in (False, True):
        if closed:
            scene.Clear(False)
        parameters = panel.logic.getParameterNode()
        parameters.network = "demo-network"
        assert ui.networkComboBox.currentText == "demo-network"
        parameters.network = ""
        assert ui.networkComboBox.currentText == "none"
        ct = addVolume(scene, simulated_study[0].ct, "CT")
        parameters.ct = ct
        assert ui.ctSelector.currentNode() is ct
        assert "PET" in ui.predictButton.toolTip


def test_clearing_the_paths_goes_back_to_slicers_own_python_and_the_package_index(panel, tmp_path):
    import slicer
    from DMDPPredictorLib.OwnPython import PYTHON, WHEELS, ownPython, wheelFolder

    (tmp_path / "x-1-py3-none-any.whl").write_bytes(b"")
    settings, ui = slicer.app.userSettings(), panel.ui
    try:
        settings.setValue(PYTHON, str(tmp_path / "python"))
        for path in (ui.pythonPath, ui.wheelsPath):
            path.currentPath = str(tmp_path)
        assert wheelFolder() == str(tmp_path)
        ui.wheelsPath.currentPath = ""
        assert wheelFolder() == ""
        panel.python._typed.stop()
        ui.pythonPath.currentPath = ""
        wait(lambda: ownPython() == "", 10)
    finally:
        settings.setValue(PYTHON, "")
        settings.setValue(WHEELS, "")
