"""The panel with one image: what it enables, says, predicts and shows."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import addVolume, placePoint, plain, wait

pytestmark = pytest.mark.slicer


def test_a_pet_alone_is_predicted_and_shown(panel, scene, simulated_study):
    import slicer

    patient, _ = simulated_study
    ui, parameters = panel.ui, panel.logic.getParameterNode()
    parameters.pet = addVolume(scene, patient.pet, "PET", suv=True)
    assert "There is no CT" in plain(ui.imagesMessage)
    assert "point" in ui.predictButton.toolTip
    parameters.seed = placePoint(scene, (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2]))
    assert ui.predictButton.enabled
    ui.predictButton.click()
    wait(lambda: panel.job.running)
    wait(lambda: not panel.job.running)
    assert not ui.messageLabel.text
    prediction = panel.results.result.prediction
    assert prediction.images == ("PET",)
    assert "There is no CT" in ui.verdictLabel.text
    assert "EGFR mutation" in ui.answerBrowser.plainText
    wait(lambda: not panel.results.loading)
    ui.overlayButton.click()
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        assert composite.GetBackgroundVolumeID() == parameters.pet.GetID()
        assert composite.GetForegroundVolumeID() is None
    ui.overlayButton.click()
    assert {name for name, box in panel.exports._boxes.items() if not box.enabled} == {"seg", "sr", "map"}  # no DICOM files


def test_a_ct_alone_needs_a_contour_and_a_model_that_reads_it(panel, scene, simulated_study):
    from DMDPPredictorLib.Nodes import segmentationFromLesion

    patient, _ = simulated_study
    ui, parameters = panel.ui, panel.logic.getParameterNode()
    parameters.ct = addVolume(scene, patient.ct, "CT")
    assert "There is no PET" in plain(ui.imagesMessage)
    assert not ui.predictButton.enabled
    assert "contour" in ui.predictButton.toolTip
    assert ui.editButton.enabled
    parameters.segmentation = segmentationFromLesion(_drawn(patient), parameters.ct)
    assert ui.predictButton.enabled
    ui.predictButton.click()
    wait(lambda: panel.job.running)
    wait(lambda: not panel.job.running)
    assert "'published-pet-clinical 2.0.0' needs the PET" in plain(ui.messageLabel)
    assert panel.results.result is None


def test_a_job_holds_the_images_that_there_are(scene, logic, simulated_study, tmp_path):
    import json

    from dmdp.intake.packed import unpack
    from dmdp.patients.case import Clinical
    from DMDPPredictorLib.Nodes import segmentationFromLesion
    from DMDPPredictorLib.Request import predictJob

    patient, _ = simulated_study
    ct = addVolume(scene, patient.ct, "CT")
    segmentation = segmentationFromLesion(_drawn(patient), ct)
    steps = predictJob(logic.images, ct, None, segmentation, Clinical(), None, tmp_path)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            arguments = json.loads(done.value.read_text(encoding="utf-8"))["arguments"]
            break
    assert set(arguments) == {"ct", "mask"}
    np.testing.assert_array_equal(unpack(arguments["mask"]).array, patient.lesion_ct.array)


def _drawn(patient):
    """The true lesion, as drawn on the CT."""
    from dataclasses import replace

    return replace(patient.case.ct_lesion, seed=(0.0, 0.0, 0.0))
