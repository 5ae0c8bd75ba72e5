"""The panel on slicer-core and Qt: what it enables, says, starts, ends and restores."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from .conftest import addVolume, placePoint, plain, propose, wait

pytestmark = pytest.mark.slicer


def test_predict_says_what_is_missing_until_nothing_is(panel, scene, simulated_study):
    patient, _ = simulated_study
    ui, parameters = panel.ui, panel.logic.getParameterNode()
    assert not ui.predictButton.enabled
    assert "CT" in ui.predictButton.toolTip
    ct, pet = addVolume(scene, patient.ct, "CT"), addVolume(scene, patient.pet, "PET")
    parameters.ct = ct
    assert "PET" in ui.predictButton.toolTip
    parameters.pet = ct
    assert "same volume" in ui.predictButton.toolTip
    parameters.pet = pet
    assert "SUV" in ui.predictButton.toolTip
    assert "not known" in ui.suvStatusLabel.text
    ui.suvCheckBox.setChecked(True)
    assert "SUVbw" in ui.suvStatusLabel.text
    assert "point" in ui.predictButton.toolTip
    assert not ui.delineateButton.enabled
    parameters.seed = placePoint(scene, (0.0, 0.0, 0.0))
    assert ui.predictButton.enabled
    assert ui.delineateButton.enabled
    parameters.seed.RemoveAllControlPoints()
    assert not ui.predictButton.enabled
    ui.suvCheckBox.setChecked(False)
    assert "SUV" in ui.predictButton.toolTip


def test_choices_go_into_the_scene_and_back(panel, scene, simulated_study):
    patient, _ = simulated_study
    ui, parameters = panel.ui, panel.logic.getParameterNode()
    ct = addVolume(scene, patient.ct, "CT")
    ui.ctSelector.setCurrentNode(ct)
    assert parameters.ct is ct
    ui.ageSpinBox.value = 61
    ui.sexComboBox.setCurrentIndex(1)
    ui.methodComboBox.setCurrentText("at 41 % of the maximum")
    assert ui.networkComboBox.currentText == "none"
    ui.networkComboBox.setCurrentText("demo-network")
    kept = panel.logic.getParameterNode()
    assert (kept.age, kept.sex.value, kept.method, kept.network) == (61, "F", "pet41", "demo-network")
    ui.networkComboBox.setCurrentIndex(0)
    assert kept.network == ""
    kept.age, kept.method = 0, "auto"
    assert ui.ageSpinBox.text.startswith("not known")
    assert ui.methodComboBox.currentText == "automatic"
    assert ui.sexComboBox.currentText == "female"
    assert ui.modelComboBox.currentText == "published-pet-clinical"


def test_a_proposal_is_replaced_until_it_is_edited(loaded):
    import slicer

    panel, parameters = loaded
    propose(panel)
    first = parameters.segmentation
    assert first.GetSegmentation().GetNumberOfSegments() == 1
    parameters.method = "pet41"
    propose(panel)
    assert parameters.segmentation is first
    edited = slicer.util.arrayFromSegmentBinaryLabelmap(first, first.GetSegmentation().GetNthSegmentID(0), parameters.pet)
    edited[np.nonzero(edited)[0][0]] = 0
    identifier = first.GetSegmentation().GetNthSegmentID(0)
    slicer.util.updateSegmentBinaryLabelmapFromArray(edited, first, identifier, parameters.pet)
    propose(panel)
    assert parameters.segmentation is not first


def test_a_seed_outside_every_lesion_is_said_and_nothing_is_left(loaded, scene):
    panel, parameters = loaded
    parameters.seed.SetNthControlPointPositionWorld(0, 5000.0, 0.0, 0.0)
    propose(panel)
    assert "outside the PET" in panel.ui.lesionMessage.text
    assert parameters.segmentation is None
    panel.ui.predictButton.click()
    wait(lambda: not panel.proposal.job.running)
    assert "outside the PET" in panel.ui.lesionMessage.text
    assert not panel.job.running
    assert panel.ui.predictButton.enabled


def test_predict_runs_beside_the_window_and_shows_the_answer(loaded, scene, tmp_path):
    import slicer

    panel, parameters = loaded
    ui = panel.ui
    parameters.age, parameters.network = 61, "demo-network"
    ui.predictButton.click()  # from the point alone: the contour is proposed on the way
    assert panel.running
    assert ui.predictButton.text == "Cancel"
    assert not ui.imagesSection.enabled
    wait(lambda: panel.job.running)
    folder = panel.job.folder
    heard = set()
    wait(lambda: heard.add(ui.progressBar.format) or not panel.job.running)
    assert len(heard) > 3, "the progress is told in words"
    assert not folder.exists()
    assert ui.predictButton.text == "Predict"
    assert ui.imagesSection.enabled
    assert not ui.messageLabel.text
    text = ui.answerBrowser.plainText
    assert "Caution" in ui.verdictLabel.text, "PET that came as SUV says nothing of its uptake time"
    for words in ("EGFR mutation", "Histological subtype", "n = 211", "Research use only", "smoking"):
        assert words in text, words
    assert "not trained on patients" in ui.networkLabel.text
    assert "emonstration network" in ui.networkSection.text
    wait(lambda: not panel.results.loading)
    assert [ui.taskComboBox.count, ui.layerComboBox.count] == [2, 3]
    heatmaps = [n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if n.GetAttribute("DMDP.Heatmap")]
    assert all("not trained on patients" in node.GetName() for node in heatmaps)

    ui.ageSpinBox.value = 62
    assert "changed" in ui.staleLabel.text
    assert not ui.staleLabel.isHidden()
    ui.ageSpinBox.value = 61
    assert ui.staleLabel.isHidden()
    identifier = parameters.segmentation.GetSegmentation().GetNthSegmentID(0)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(parameters.segmentation, identifier, parameters.pet)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, parameters.segmentation, identifier, parameters.pet)
    end = time.monotonic() + 0.6
    wait(lambda: time.monotonic() > end, 5)
    assert ui.staleLabel.isHidden(), "the same contour"
    mask[tuple(np.argwhere(mask)[0])] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, parameters.segmentation, identifier, parameters.pet)
    wait(lambda: not ui.staleLabel.isHidden(), 5)


def test_what_is_outside_is_hidden_until_asked_for(panel, tmp_path, installed_result):
    from DMDPPredictorLib.Results import readResult

    document = json.loads((installed_result / "prediction.json").read_text(encoding="utf-8"))
    reason = {"code": "x", "found": "The lesion is in the thigh.", "expected": "a lung", "level": "outside"}
    document["applicability"] = {"verdict": "outside", "reasons": [reason]}
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "prediction.json").write_text(json.dumps(document), encoding="utf-8")
    panel.results.expect(panel.logic.getParameterNode())
    panel.results.show(readResult(tmp_path / "result"))
    panel.refresh()
    ui, number = panel.ui, f"{document['tasks']['EGFR']['probability']:.2f}"
    assert "thigh" in ui.verdictLabel.text
    assert number not in ui.answerBrowser.plainText
    assert "Research use only" in ui.answerBrowser.plainText
    assert not ui.showAnywayButton.isHidden()
    ui.showAnywayButton.click()
    assert number in ui.answerBrowser.plainText


def test_cancel_ends_the_process_and_restores_the_panel(loaded):
    panel, _ = loaded
    ui = panel.ui
    ui.predictButton.click()
    wait(lambda: panel.job.running)
    process, folder = panel.logic.worker.process, panel.job.folder
    wait(lambda: ui.progressBar.value > 0)
    ui.predictButton.click()
    wait(lambda: not panel.job.running, 20)
    assert process.poll() is None, "the worker stays for the next question"
    assert not folder.exists()
    assert ui.messageLabel.text == "Cancelled."
    assert ui.predictButton.text == "Predict"
    assert ui.predictButton.enabled
    assert ui.imagesSection.enabled
    assert not ui.reportButton.enabled


def test_a_failing_job_says_why_and_restores_the_panel(loaded, scene):
    panel, parameters = loaded
    parameters.segmentation = panel.logic.delineate(parameters.pet, parameters.seed.GetNthControlPointPositionWorld(0))
    parameters.ct.SetOrigin(5000.0, 0.0, 0.0)  # the images no longer overlap
    panel.ui.predictButton.click()
    wait(lambda: not panel.job.running)
    assert "overlap" in panel.ui.messageLabel.text
    assert panel.ui.predictButton.text == "Predict"
    assert panel.ui.imagesSection.enabled


def test_closing_the_scene_ends_the_job(loaded, scene):
    panel, _ = loaded
    panel.ui.predictButton.click()
    wait(lambda: panel.job.running and panel.ui.progressBar.value > 0)
    process, folder = panel.logic.worker.process, panel.job.folder
    scene.Clear(False)
    assert not panel.running
    assert not folder.exists()
    wait(lambda: process.poll() is not None, 5)
    assert panel.ui.predictButton.text == "Predict"
    assert not panel.ui.predictButton.enabled
    assert panel.ui.measuresLabel.isHidden()
    assert panel.logic.getParameterNode().ct is None


def test_missing_packages_are_named(loaded, tmp_path, monkeypatch):
    import DMDPPredictorLib.Packages as Packages

    (tmp_path / "requirements.txt").write_text("# one that nobody has\nno-such-package-of-dmdp>=1\nnumpy>=1\n", encoding="utf-8")
    assert Packages.missingPackages(Packages.requirementsFrom(tmp_path / "requirements.txt")) == ["no-such-package-of-dmdp>=1"]
    assert any(line.startswith("numpy==") for line in Packages.pinned())
    monkeypatch.setattr(Packages, "_install", lambda requirements, constraints: None)
    panel, _ = loaded
    monkeypatch.setattr(panel, "resourcePath", lambda name: str(tmp_path / "requirements.txt"))
    panel.ui.predictButton.click()
    assert "no-such-package-of-dmdp" in plain(panel.ui.messageLabel)
    assert not panel.job.running


def test_what_is_only_wished_for_does_not_stop_a_prediction(app, tmp_path, monkeypatch):
    import DMDPPredictorLib.Packages as Packages

    needed, wished, asked = tmp_path / "needed.txt", tmp_path / "wished.txt", []
    needed.write_text("no-such-package-of-dmdp>=1\n", encoding="utf-8")
    wished.write_text("another-package-of-nobody>=1\n", encoding="utf-8")

    def install(requirements, constraints):
        asked.append(list(requirements))
        if len(requirements) > 1:
            raise RuntimeError("another-package-of-nobody needs another numpy")
        monkeypatch.setattr(Packages, "_installed", lambda requirement: requirement.name == "no-such-package-of-dmdp")

    monkeypatch.setattr(Packages, "_install", install)
    Packages.ensurePackages(needed, wished)
    assert asked == [["no-such-package-of-dmdp>=1", "another-package-of-nobody>=1"], ["no-such-package-of-dmdp>=1"]]
    Packages.ensurePackages(needed)
    assert len(asked) == 2


def test_reload_reads_the_parts_anew_and_leaves_a_working_panel(loaded, scene, monkeypatch):
    import sys

    import slicer

    panel, _parameters = loaded
    kept = {name: module for name, module in sys.modules.items() if name.startswith("DMDPPredictor")}
    try:
        panel.onReload()
        fresh = slicer.modules.DMDPPredictorWidget
        assert fresh is not panel
        assert sys.modules["DMDPPredictorLib.Logic"] is not kept["DMDPPredictorLib.Logic"]
        assert type(fresh.logic) is sys.modules["DMDPPredictorLib.Logic"].DMDPPredictorLogic
        propose(fresh)
        assert fresh.ui.predictButton.enabled, fresh.ui.predictButton.toolTip
    finally:
        fresh.cleanup()
        for name in [n for n in sys.modules if n.startswith("DMDPPredictor")]:
            del sys.modules[name]
        sys.modules.update(kept)


def test_the_modules_own_tests_pass(modules, scene):
    import unittest

    from DMDPPredictorLib.SelfTest import DMDPPredictorTest

    from DMDPTraining import DMDPTrainingTest

    for case in (DMDPPredictorTest, DMDPTrainingTest):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
        assert result.testsRun
        assert result.wasSuccessful(), (result.errors, result.failures)
