"""The panel of DMDPTraining: what it needs, and a real job from start to result."""

from __future__ import annotations

import json
import shutil
import sys
import traceback

import pytest

from .conftest import wait

pytestmark = pytest.mark.slicer


@pytest.fixture
def training(modules, scene, monkeypatch):
    """A fresh panel; no slot or observer may raise while the test runs."""
    import qt

    qt.raised.clear()
    monkeypatch.setattr(sys, "excepthook", lambda *error: qt.raised.append("".join(traceback.format_exception(*error))))
    modules["DMDPTraining"].closePanel()
    widget = modules["DMDPTraining"].widgetRepresentation().self()
    widget.enter()
    yield widget
    modules["DMDPTraining"].closePanel()
    assert not qt.raised, "".join(qt.raised)


def test_start_says_what_is_missing(training, tmp_path):
    from DMDPTrainingLib.Work import MATRICES

    ui = training.ui
    assert not ui.startButton.enabled
    assert "jiang-0311/DMDP" in ui.startButton.toolTip
    ui.dataPath.currentPath = str(tmp_path)
    assert MATRICES[0] in ui.startButton.toolTip
    for name in MATRICES:
        (tmp_path / name).write_bytes(b"not a table")
    assert training.logic.getParameterNode().data == str(tmp_path)
    ui.outPath.currentPath = str(tmp_path / "out")
    assert ui.startButton.enabled
    ui.startButton.click()
    wait(lambda: not training.job.running)
    assert "SHA-256" in ui.messageLabel.text
    assert ui.startButton.text == "Start"
    assert ui.choicesSection.enabled


@pytest.mark.data
def test_a_job_can_be_cancelled_and_leaves_nothing(training, data, tmp_path):
    from DMDPTrainingLib.Work import Work

    parameters = training.logic.getParameterNode()
    parameters.work, parameters.data, parameters.out = Work.Training, str(data("dmdp_published")), str(tmp_path / "bundle")
    training.ui.startButton.click()
    wait(lambda: "fitting" in training.ui.progressBar.format)
    folder = training.job.folder
    assert training.ui.startButton.text == "Cancel"
    training.ui.startButton.click()
    wait(lambda: not training.job.running, 30)
    assert not folder.exists()
    assert "cancelled" in training.ui.messageLabel.text
    assert not (tmp_path / "bundle").exists()


def test_a_made_bundle_is_shown(training, project, tmp_path):
    from DMDPTrainingLib.Work import Work

    shutil.copytree(project / "Resources/Models/published-pet-clinical", tmp_path / "bundle")
    training._running = (Work.Training, tmp_path / "bundle")
    training.onJobEnded(None, tmp_path, {})
    assert "EGFR-robust-age-sex" in training.ui.resultBrowser.plainText
    assert "Research use only" in training.ui.resultBrowser.plainText


def test_a_network_needs_a_cohort_file_and_shows_its_curves(training, project, tmp_path):
    from DMDPTrainingLib.Work import Work
    from matplotlib.figure import Figure

    parameters, ui = training.logic.getParameterNode(), training.ui
    parameters.work = Work.Network
    assert ui.dataPathLabel.text == "Cohort file:"
    assert "CSV" in ui.startButton.toolTip
    cohort = tmp_path / "cohort.csv"
    parameters.data = str(cohort)
    assert "There is no file" in ui.startButton.toolTip
    cohort.write_text("patient,ct,pet,mask,EGFR,subtype\n", encoding="utf-8")
    parameters.data, parameters.out = "", str(tmp_path / "run")
    parameters.data = str(cohort)
    assert ui.startButton.enabled
    ui.startButton.click()
    wait(lambda: not training.job.running)
    assert "has no patients" in ui.messageLabel.text

    shutil.copytree(project / "Resources" / "Models" / "demo-network", tmp_path / "run" / "bundle")
    Figure((4, 2)).savefig(tmp_path / "run" / "curves.png")
    training.onProgress(0.5, "epoch 3")
    assert not ui.curvesLabel.isHidden()
    assert not ui.curvesLabel.pixmap.isNull()
    manifest = tmp_path / "run" / "bundle" / "manifest.json"
    noted = {**json.loads(manifest.read_text(encoding="utf-8")), "notes": ["2 row(s) without PET are left out"]}
    manifest.write_text(json.dumps(noted), encoding="utf-8")
    training.onJobEnded(None, tmp_path, {})
    assert "AUC" in ui.resultBrowser.plainText
    assert "2 row(s) without PET" in ui.resultBrowser.plainText
    parameters.work = Work.Training
    assert ui.dataPathLabel.text == "Published matrices:"
