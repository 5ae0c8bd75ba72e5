"""The panel's tools round a prediction: the pair, the patient, the editor, measures, models, views, exports."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from .conftest import addVolume, propose, wait

pytestmark = pytest.mark.slicer
DEMONSTRATION = "demonstration network, not trained on patients; does not explain the probability"
SUFFIX = {"vtkMRMLScalarVolumeNode": ".nrrd", "vtkMRMLSegmentationNode": ".seg.nrrd"}


@pytest.fixture
def study(scene, simulated_study, dicomDatabase):
    """CT and PET nodes as the DICOM browser leaves them, not in SUV."""
    from dmdp.intake.load import load_pair

    _patient, folder = simulated_study
    pair, nodes = load_pair(folder, folder), []
    for name, volume in (("ct", pair.ct), ("pet", pair.pet)):
        node = addVolume(scene, volume, f"series {len(nodes) + 1}")
        node.SetAttribute("DICOM.instanceUIDs", " ".join(dicomDatabase(folder / name)))
        nodes.append(node)
    return tuple(nodes)


def test_the_pair_and_the_patient_come_from_the_study(panel, study, simulated_study, scene):
    ct, pet = study
    parameters = panel.logic.getParameterNode()
    assert parameters.ct is None
    wait(lambda: parameters.ct is not None, 5)
    assert (parameters.ct, parameters.pet) == (ct, pet)
    patient, _ = simulated_study
    assert parameters.age == round(patient.clinical.age)
    assert parameters.sex.value == patient.clinical.sex
    assert "Please check" in panel.ui.factsLabel.text
    assert "DICOM files" in panel.ui.suvStatusLabel.text
    assert not panel.ui.alignmentLabel.text
    panel.ui.auditButton.click()
    wait(lambda: panel.logic.conversions.of(pet) is not None, 20)
    assert "PatientWeight" in panel.ui.auditBrowser.plainText
    assert not panel.ui.auditBrowser.isHidden()


def test_what_the_user_chose_or_typed_stays(panel, study, scene, simulated_study):
    _ct, pet = study
    other = addVolume(scene, simulated_study[0].ct, "CT of another day")
    parameters = panel.logic.getParameterNode()
    parameters.ct, parameters.age = other, 44
    panel.images.choosePair()
    assert parameters.ct is other
    parameters.pet = pet
    assert parameters.age == 44


def test_an_uncorrected_pet_is_not_preferred(panel, study, scene, simulated_study, dicomDatabase, tmp_path):
    """A second PET series of the study without attenuation correction, loaded last."""
    import pydicom

    (tmp_path / "nac").mkdir()
    for path in sorted((simulated_study[1] / "pet").glob("*.dcm")):
        header = pydicom.dcmread(path)
        header.SOPInstanceUID, header.CorrectedImage = f"{header.SOPInstanceUID}.9", ["DECY"]
        header.save_as(tmp_path / "nac" / path.name)
    nac = addVolume(scene, simulated_study[0].pet, "nac")
    nac.SetAttribute("DICOM.instanceUIDs", " ".join(dicomDatabase(tmp_path / "nac")))
    assert panel.logic.choosePair() == study
    assert panel.logic.choosePair(petNode=nac)[1] is nac


def test_volumes_without_headers_are_told_by_name_and_misplaced_ones_are_warned_of(panel, scene, simulated_study):
    patient, _ = simulated_study
    pet, ct = addVolume(scene, patient.pet, "patient1_PET"), addVolume(scene, patient.ct, "ct-lung")
    addVolume(scene, patient.ct, "spectrum")
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "CT labels")  # which the selector does not list
    labels.SetAndObserveImageData(ct.GetImageData())
    assert panel.logic.choosePair() == (ct, pet)
    parameters = panel.logic.getParameterNode()
    parameters.ct, parameters.pet = ct, pet
    assert not panel.ui.alignmentLabel.text
    pet.SetOrigin(5000.0, 0.0, 0.0)
    panel.refresh()
    assert "do not overlap" in panel.ui.alignmentLabel.text


def test_measures_follow_the_contour(loaded):
    import slicer
    from dmdp.images.mask import Mask
    from dmdp.images.volume import Volume
    from dmdp.patients.case import Lesion
    from dmdp.pet_features import pet_features
    from DMDPPredictorLib.Nodes import geometryFromNode, maskFromSegmentation

    panel, parameters = loaded
    propose(panel)
    wait(lambda: "SUVmax" in panel.ui.measuresLabel.text, 20)
    suv = Volume(slicer.util.arrayFromVolume(parameters.pet), geometryFromNode(parameters.pet), "SUVbw g/ml")
    mask = maskFromSegmentation(parameters.segmentation, parameters.pet)
    expected = pet_features(suv, Lesion(Mask(mask, suv.geometry), "manual"))
    found = panel.logic.measure(parameters.pet, parameters.segmentation)
    assert found.suvPeak == pytest.approx(expected["suv_peak"].value)
    assert found.mtv == pytest.approx(expected["MTV_3"].value)
    assert found.tlg == pytest.approx(expected["TLG_3"].value)
    before = panel.ui.measuresLabel.text
    identifier = parameters.segmentation.GetSegmentation().GetNthSegmentID(0)
    mask = mask.copy()
    mask[np.nonzero(mask)[0][0]] = False
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), parameters.segmentation, identifier, parameters.pet)
    wait(lambda: panel.ui.measuresLabel.text not in ("", before), 5)


def test_the_editor_draws_on_the_pet_and_lets_the_views_go(loaded, monkeypatch):
    import slicer

    panel, parameters = loaded
    monkeypatch.setattr(slicer.util, "mainWindow", object)
    editor = panel.lesion.editor.widget
    panel.ui.editButton.click()
    assert not panel.ui.editorSection.collapsed
    assert parameters.segmentation.GetSegmentation().GetNumberOfSegments() == 1
    assert editor.segmentationNode() is parameters.segmentation
    assert editor.sourceVolumeNode() is parameters.pet
    assert not editor.autoShowSourceVolumeNode
    assert editor._observes
    assert editor._shortcuts
    panel.exit()
    assert not editor._observes
    assert not editor._shortcuts
    panel.enter()
    assert editor._observes
    panel.ui.editorSection.collapsed = True
    assert not editor._observes


def test_the_editor_lets_the_views_go_after_a_new_scene(loaded, scene):
    panel, _parameters = loaded
    editor = panel.lesion.editor.widget
    panel.ui.editButton.click()
    scene.Clear(0)
    assert editor._observes
    panel.lesion.close()
    editor.setActiveEffectByName("Paint")  # which takes the mouse, without the panel
    assert editor._observes
    panel.exit()
    assert not editor._observes


def test_a_contour_lies_in_the_study_of_its_pet(loaded, scene):
    panel, parameters = loaded
    hierarchy = scene.GetSubjectHierarchyNode()
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.CreateItem(study, parameters.pet)
    propose(panel)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(parameters.segmentation)) == study


def test_another_segment_can_be_edited(loaded):
    import slicer

    panel, parameters = loaded
    editor = panel.lesion.editor.widget
    propose(panel)
    panel.ui.editButton.click()
    segmentation = parameters.segmentation.GetSegmentation()
    first = segmentation.GetNthSegmentID(0)
    assert editor.currentSegmentID() == first
    other = segmentation.AddEmptySegment("", "node")
    assert not panel.ui.segmentComboBox.isHidden()
    editor.setCurrentSegmentID(other)
    array = slicer.util.arrayFromSegmentBinaryLabelmap(parameters.segmentation, first, parameters.pet)
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, parameters.segmentation, other, parameters.pet)
    assert editor.currentSegmentID() == other
    segmentation.RemoveSegment(other)
    assert panel.ui.segmentComboBox.isHidden()
    assert editor.currentSegmentID() == first


def test_one_of_several_segments_is_the_lesion(loaded):
    panel, parameters = loaded
    propose(panel)
    segmentation = parameters.segmentation.GetSegmentation()
    first = segmentation.GetNthSegmentID(0)
    assert panel.ui.segmentComboBox.isHidden()
    other = segmentation.AddEmptySegment("", "node")
    panel.refresh()
    assert not panel.ui.segmentComboBox.isHidden()
    assert "several segments" in panel.ui.predictButton.toolTip
    panel.ui.segmentComboBox.setCurrentIndex(0)
    assert parameters.segment == first
    assert panel.ui.predictButton.enabled
    from DMDPPredictorLib.Request import lesionArguments

    assert "seed" in lesionArguments(parameters.ct, parameters.pet, parameters.segmentation, first)
    segmentation.GetSegment(other).SetName("lymph node")
    assert panel.ui.segmentComboBox.itemText(1) == "lymph node"
    segmentation.RemoveSegment(first)
    panel.refresh()
    assert panel.ui.predictButton.enabled, "the other one is the only one now"
    assert other == segmentation.GetNthSegmentID(0)


@pytest.fixture
def shown(loaded, installed_result, tmp_path):
    """The panel with a contour and a result with heatmaps."""
    from DMDPPredictorLib.Results import readResult

    panel, parameters = loaded
    propose(panel)
    folder = tmp_path / "kept" / "result"
    shutil.copytree(installed_result, folder)
    for name in ("EGFR_ct_encoder", "sim_margin_ct_occlusion"):
        shutil.copy(folder / "lesion_ct.nii.gz", folder / f"heatmap_{name}.nii.gz")  # any image on the CT's grid
    panel.results.expect(parameters)
    panel.results.show(readResult(folder))
    wait(lambda: not panel.results.loading)
    panel.refresh()
    return panel, parameters


def test_the_overlay_comes_and_goes(shown, scene):
    import slicer

    panel, parameters = shown
    ui = panel.ui
    composite = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")[0]
    view = slicer.util.getNodesByClass("vtkMRMLSliceNode")[0]
    composite.SetBackgroundVolumeID(parameters.pet.GetID())
    composite.SetForegroundVolumeID(None)
    view.SetFieldOfView(300.0, 300.0, 1.0)
    view.JumpSliceByCentering(1.0, 2.0, 3.0)
    before = np.array([view.GetSliceToRAS().GetElement(i, j) for i in range(4) for j in range(4)])

    ui.overlayButton.click()
    assert composite.GetBackgroundVolumeID() == parameters.ct.GetID()
    assert composite.GetForegroundVolumeID() == parameters.pet.GetID()
    assert _legends() == {"SUV (g/ml)"}
    view.JumpSliceByCentering(4.0, 5.0, 6.0)
    scrolled = view.GetSliceOffset()
    ui.opacitySlider.value = 0.8
    assert composite.GetForegroundOpacity() == pytest.approx(0.8)
    assert view.GetSliceOffset() == pytest.approx(scrolled), "what the reader has scrolled to stays"
    display = parameters.pet.GetDisplayNode()
    display.SetWindowLevelMinMax(0.0, 3.0)
    ui.thresholdSlider.value = 0.4
    assert display.GetWindowLevelMax() == pytest.approx(3.0), "and the window that the reader has chosen"
    assert display.GetApplyThreshold()
    assert display.GetLowerThreshold() == pytest.approx(
        0.4 * panel.logic.measure(parameters.pet, parameters.segmentation).suvMax, rel=1e-4
    )
    ui.heatmapButton.click()
    heatmap = slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID())
    assert heatmap.GetAttribute("DMDP.Heatmap") == "EGFR_ct_encoder"
    assert _legends() == {f"Grad-CAM {DEMONSTRATION}"}
    assert (heatmap.GetDisplayNode().GetWindowLevelMin(), heatmap.GetDisplayNode().GetWindowLevelMax()) == (0.0, 1.0)
    ui.legendCheckBox.checked = False
    assert _legends() == {f"Grad-CAM {DEMONSTRATION}"}, "the colours go, what the map is stays"
    ui.heatmapButton.click()
    assert not any(legend.GetVisibility() for legend in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode"))
    assert composite.GetForegroundVolumeID() == parameters.pet.GetID()

    ui.overlayButton.click()
    assert composite.GetBackgroundVolumeID() == parameters.pet.GetID()
    assert composite.GetForegroundVolumeID() is None
    after = np.array([view.GetSliceToRAS().GetElement(i, j) for i in range(4) for j in range(4)])
    assert after == pytest.approx(before)


def _legends() -> set[str]:
    """The titles of the colour legends that are shown, which are the same in each of the three views."""
    import slicer

    legends = [node for node in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode") if node.GetVisibility()]
    views = {node.GetNthViewNodeID(0) for node in legends}
    assert len(views) == len(legends) in (0, 3)
    return {legend.GetTitleText().replace("\n", " ") for legend in legends}


def test_a_map_of_a_task_with_an_underscore_is_found_and_named(shown):
    import slicer

    panel, _parameters = shown
    ui = panel.ui
    assert [ui.taskComboBox.itemText(i) for i in range(ui.taskComboBox.count)] == ["EGFR", "sim_margin"]
    ui.heatmapButton.click()
    ui.taskComboBox.setCurrentText("sim_margin")
    ui.layerComboBox.setCurrentText("Occlusion, CT")
    composite = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")[0]
    heatmap = slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID())
    assert heatmap.GetAttribute("DMDP.Heatmap") == "sim_margin_ct_occlusion"
    assert _legends() == {f"Occlusion {DEMONSTRATION}"}


TRAINED = {
    "label": "network trained on a cohort, n = 90, not validated elsewhere; shows the network, not the biology",
    "demonstration": False,
    "model": "cohort-network 1.0.0",
    "probabilities": {"sim_margin": 0.31},
    "note": "The GPU ran out of memory; ran on the CPU.",
    "zones": {"sim_margin_ct_encoder": {"core": 0.5, "rim": 0.25, "ring": 0.2, "elsewhere": 0.05}},
    "warnings": {"sim_margin_ct_encoder": ["It shows the images."]},
    "missing": ["age"],
}


def test_a_trained_network_shows_all_that_it_said_and_is_no_demonstration(shown, installed_result, tmp_path):
    from DMDPPredictorLib.Results import readResult

    panel, parameters = shown
    folder = tmp_path / "trained" / "result"
    shutil.copytree(installed_result, folder)
    document = json.loads((folder / "prediction.json").read_text(encoding="utf-8"))
    (folder / "prediction.json").write_text(json.dumps({**document, "network": TRAINED}), encoding="utf-8")
    shutil.copy(folder / "lesion_ct.nii.gz", folder / "heatmap_sim_margin_ct_encoder.nii.gz")
    panel.results.clear()
    panel.results.expect(parameters)
    panel.results.show(readResult(folder))
    wait(lambda: not panel.results.loading)
    panel.refresh()
    ui = panel.ui
    assert ui.networkSection.collapsed
    said = ui.networkSection.text + ui.networkLabel.text
    for words in (
        "not validated elsewhere",
        "ran on the CPU",
        "sim_margin 0.31",
        "<td>50%</td><td>25%</td><td>20%</td><td>5%</td>",
        "It shows the images.",
        "the network uses it: age.",
        "does not explain the low answer",
    ):
        assert words in said, words
    assert "emonstration" not in said
    ui.heatmapButton.click()
    assert _legends() == {f"Grad-CAM {TRAINED['label']}"}


def test_a_network_that_could_not_run_says_why_and_nothing_else(shown):
    from dmdp.network.opinion import NetworkOpinion
    from DMDPPredictorLib.ResultText import networkText

    said = NetworkOpinion(None, True, "m 1", note="torch is missing.")
    prediction = shown[0].results.result.prediction
    assert networkText(replace(prediction, network=said)) == "<p>torch is missing.</p>"


def test_what_the_user_takes_out_of_the_scene_is_no_longer_shown(shown, scene):
    import slicer

    panel, parameters = shown
    ui = panel.ui
    ui.heatmapButton.click()
    composite = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")[0]
    scene.RemoveNode(slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID()))
    ui.opacitySlider.value = 0.7
    assert composite.GetForegroundVolumeID() == parameters.pet.GetID()
    (regions,) = [n for n in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if n.GetAttribute("DMDP.Regions")]
    scene.RemoveNode(regions)
    ui.regionsButton.click()
    ui.overlayButton.click()


def test_an_overlay_goes_with_any_of_its_images(shown, scene):
    panel, parameters = shown
    panel.ui.overlayButton.click()
    scene.RemoveNode(parameters.ct)
    panel.refresh()
    assert not panel.ui.overlayButton.checked
    assert panel.ui.overlayButton.enabled, "the PET alone can be shown"
    panel.ui.overlayButton.click()
    assert panel.ui.overlayButton.checked
    scene.RemoveNode(parameters.pet)
    panel.refresh()
    assert not panel.ui.overlayButton.checked
    assert not panel.ui.overlayButton.enabled


def test_regions_are_segments_with_names_and_colours(shown):
    import slicer

    panel, _ = shown
    (node,) = [n for n in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if n.GetAttribute("DMDP.Regions")]
    assert not node.GetDisplayNode().GetVisibility()
    panel.ui.regionsButton.click()
    assert node.GetDisplayNode().GetVisibility()
    segmentation = node.GetSegmentation()
    names = [segmentation.GetNthSegment(i).GetName() for i in range(segmentation.GetNumberOfSegments())]
    present = {r.name for r in panel.results.result.prediction.regions.regions if r.present}
    assert {name.split(":")[0] for name in names} == present
    panel.results.clear()
    assert not [n for n in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if n.GetAttribute("DMDP.Regions")]


def test_prevalence_moves_what_is_shown_and_nothing_else(shown):
    from dmdp.endpoints.prevalence import at_prevalence

    panel, _ = shown
    task = panel.results.result.prediction.tasks["EGFR"]
    slider = panel.results._sliders._sliders["EGFR"]
    assert "at your share" not in panel.ui.answerBrowser.plainText
    slider.value = 50
    text = panel.ui.answerBrowser.plainText
    assert f"{at_prevalence(task.probability, task.prevalence, 0.5):.2f}" in text
    assert "at your share of 50%" in text
    assert f"{task.probability:.2f}" in text
    assert panel.results.result.prediction.tasks["EGFR"].probability == task.probability
    panel.ui.resetPrevalenceButton.click()
    assert "at your share" not in panel.ui.answerBrowser.plainText


def test_the_answer_shows_what_stands_behind_it(shown):
    panel, _ = shown
    text = panel.ui.answerBrowser.plainText
    for words in (
        "Contributions to the log-odds",
        "clinical only",
        "Had another rule drawn",
        "training patients",
        "reg1: tumour, dense",
    ):
        assert words in text, words
    assert "▇" in text


def test_models_are_described_added_checked_and_removed(panel, project, tmp_path, monkeypatch):
    import slicer
    from dmdp.bundles.bundle import read_bundle, write_bundle

    home = tmp_path / "DMDP"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # for the worker, too
    panel.worker.stop()
    ui = panel.ui
    assert "GD (n = 75)" in ui.modelCardLabel.text
    assert "AUC" in ui.modelCardLabel.text
    assert not ui.removeModelButton.enabled
    ui.checkModelButton.click()
    wait(lambda: "is sound" in ui.modelMessage.text, 60)

    bundle = read_bundle(project / "Resources" / "Models" / "published-pet-clinical")
    own = write_bundle(tmp_path / "own", replace(bundle.manifest, name="own-model"), bundle.files)
    panel.models.add(str(tmp_path / "own"))
    wait(lambda: "Added the model own-model" in ui.modelMessage.text, 60)
    assert ui.modelComboBox.currentText == "own-model"
    assert panel.logic.getParameterNode().model == "own-model"
    assert read_bundle(home / "Models" / "own-model").sha256 == own.sha256
    panel.models.add(str(tmp_path / "own"))
    wait(lambda: "installed already" in ui.modelMessage.text, 60)
    (home / "Models" / "own-model" / "manifest.json").write_text("{}")
    ui.checkModelButton.click()
    wait(lambda: "Checking" not in ui.modelMessage.text, 60)
    assert "manifest" in ui.modelMessage.text
    panel.refresh()
    assert ui.removeModelButton.enabled
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda words: "own-model" in words)  # the user says yes
    ui.removeModelButton.click()
    assert not (home / "Models" / "own-model").exists()
    assert ui.modelComboBox.currentText == "published-pet-clinical"


def test_networks_are_added_run_checked_and_removed(loaded, project, tmp_path, monkeypatch):
    import slicer
    from dmdp.bundles.bundle import read_bundle, write_bundle

    home = tmp_path / "DMDP"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # for the worker, too
    panel, parameters = loaded
    panel.worker.stop()
    ui = panel.ui
    assert parameters.network == ""
    assert not ui.checkNetworkButton.enabled
    assert not ui.removeNetworkButton.enabled
    assert ui.networkCardLabel.isHidden()
    ui.networkComboBox.setCurrentText("demo-network")
    assert "simulated (n = 160)" in ui.networkCardLabel.text
    assert "AUC 1.00" in ui.networkCardLabel.text
    assert "not trained on patients" in ui.networkCardLabel.text
    ui.checkNetworkButton.click()
    wait(lambda: "demo-network is sound" in ui.modelMessage.text, 60)
    assert not ui.removeNetworkButton.enabled

    bundle = read_bundle(project / "Resources" / "Models" / "demo-network")
    own = replace(bundle.manifest, name="own-network", demonstration=False, metrics=())
    write_bundle(tmp_path / "own", own, bundle.files)
    panel.models.add(str(tmp_path / "own"))
    wait(lambda: "Added the model own-network" in ui.modelMessage.text, 60)
    assert parameters.model == ui.modelComboBox.currentText == "published-pet-clinical", "which goes on answering"
    assert parameters.network == ui.networkComboBox.currentText == "own-network"
    assert "no performance is given" in ui.networkCardLabel.text
    ui.predictButton.click()
    wait(lambda: panel.job.running and (panel.job.folder / "job.json").is_file())
    job = json.loads((panel.job.folder / "job.json").read_text(encoding="utf-8"))
    assert job["arguments"]["model"] == ["published-pet-clinical", "own-network"]
    panel.job.abandon()
    panel.refresh()
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda words: "own-network" in words)  # the user says yes
    ui.removeNetworkButton.click()
    assert not (home / "Models" / "own-network").exists()
    assert ui.networkComboBox.currentText == "none"
    assert parameters.network == ""
    assert ui.networkCardLabel.isHidden()


def test_a_network_that_is_not_installed_here_is_not_run(loaded):
    panel, parameters = loaded
    parameters.network = "of another machine"
    panel.setParameterNode(panel.logic.getParameterNode())
    assert panel.logic.getParameterNode().network == ""
    assert panel.ui.networkComboBox.currentText == "none"


def test_another_network_makes_the_result_stale(shown):
    panel, parameters = shown
    assert panel.ui.staleLabel.isHidden()
    parameters.network = "demo-network"
    assert not panel.ui.staleLabel.isHidden()


def test_export_runs_beside_the_window(shown, tmp_path):
    panel, _ = shown
    boxes = panel.exports._boxes
    assert not boxes["sr"].enabled
    assert "DICOM" in boxes["sr"].toolTip
    boxes["pdf"].checked = True
    boxes["csv"].checked = False
    panel.exports.export(tmp_path)
    assert panel.exports.job.running
    assert panel.ui.predictButton.text == "Cancel"
    wait(lambda: not panel.exports.job.running)
    assert "Exported to" in panel.ui.exportMessage.text
    names = {path.name for path in (tmp_path / "DMDP-result").iterdir()}
    assert {"report.html", "report.pdf", "prediction.json"} <= names
    assert "features.csv" not in names
    assert panel.ui.predictButton.text == "Predict"
    panel.exports.export(tmp_path)
    wait(lambda: not panel.exports.job.running)
    assert (tmp_path / "DMDP-result-2").exists()


def test_a_dicom_study_is_exported_as_dicom(panel, study, simulated_study, tmp_path):
    import pydicom

    patient, _ = simulated_study
    ct, pet = study
    logic = panel.logic
    segmentation = logic.delineate(pet, (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2]))
    result = logic.predict(ct, pet, segmentation, None, ["published-pet-clinical"])
    written = logic.exportReport(result, tmp_path / "out", ("seg", "sr"), ct, pet)
    objects = [pydicom.dcmread(path) for path in written if path.suffix == ".dcm"]
    source = pydicom.dcmread(next((simulated_study[1] / "ct").glob("*.dcm")), stop_before_pixels=True)
    assert {o.Modality for o in objects} == {"SEG", "SR"}
    assert {o.StudyInstanceUID for o in objects} == {source.StudyInstanceUID}


def test_choices_and_answer_come_back_with_the_scene(shown, scene, tmp_path):
    import slicer
    from DMDPPredictorLib.Results import readResult

    panel, parameters = shown
    parameters.age = 57
    panel.results.expect(parameters)
    panel.results.show(readResult(shutil.copytree(panel.results.result.folder, tmp_path / "again" / "result")))
    wait(lambda: not panel.results.loading)
    number = panel.ui.answerBrowser.plainText[:60]
    path = tmp_path / "scene.mrml"
    for node in slicer.util.getNodesByClass("vtkMRMLStorableNode"):
        if node.GetClassName() in SUFFIX:
            node.AddDefaultStorageNode()
            storage = node.GetStorageNode()
            storage.SetFileName(str(tmp_path / f"{node.GetID()}{SUFFIX[node.GetClassName()]}"))
            assert storage.WriteData(node)
    assert slicer.mrmlScene.Commit(str(path))
    scene.Clear(False)
    assert not panel.ui.answerBrowser.plainText
    assert panel.logic.getParameterNode().ct is None

    scene.SetURL(str(path))
    assert scene.Connect()
    back = panel.logic.getParameterNode()
    assert back.age == 57
    assert back.ct is not None
    assert panel.ui.answerBrowser.plainText[:60] == number
    assert panel.ui.staleLabel.isHidden()
    assert not panel.ui.reportButton.enabled
    assert "came with the scene" in panel.ui.reportButton.toolTip
    assert panel.ui.regionsButton.enabled
    back.age = 58
    assert not panel.ui.staleLabel.isHidden()


def test_the_core_runs_in_a_python_that_the_user_names(loaded, tmp_path):
    import sys

    import slicer
    from DMDPPredictorLib import Launch, OwnPython

    panel, _ = loaded
    try:
        panel.ui.pythonPath.currentPath = str(tmp_path / "none")
        wait(lambda: "does not run" in panel.ui.modelMessage.text, 20)
        assert OwnPython.ownPython() == ""
        script = tmp_path / "python"
        script.write_text(f'#!/bin/sh\necho used >> "{tmp_path}/used"\nexec "{sys.executable}" "$@"\n')
        script.chmod(0o755)
        panel.ui.pythonPath.currentPath = str(script)
        assert not (tmp_path / "used").exists(), "not while it is typed"
        wait(lambda: "The core runs in Python 3." in panel.ui.modelMessage.text, 60)
        assert Launch.workerLaunch().command[0] == str(script)
        (tmp_path / "used").unlink()
        panel.ui.predictButton.click()
        wait(lambda: not panel.running)
        assert not panel.ui.messageLabel.text
        assert (tmp_path / "used").exists()
        assert panel.results.result is not None
        panel.ui.wheelsPath.currentPath = str(tmp_path)
        assert "holds no wheel" in panel.ui.modelMessage.text
    finally:
        slicer.app.userSettings().setValue(OwnPython.PYTHON, "")


def test_a_click_on_the_lesion_proposes_its_contour(panel, study, simulated_study):
    import slicer

    patient, _ = simulated_study
    _ct, pet = study
    panel.images.choosePair()
    parameters = panel.logic.getParameterNode()
    assert parameters.seed is not None
    seed = (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2])
    parameters.seed.AddControlPointWorld(*seed)
    wait(lambda: parameters.segmentation is not None, 20)
    first = parameters.segmentation
    assert panel.logic.measure(pet, first).mtv > 1
    identifier = first.GetSegmentation().GetNthSegmentID(0)
    drawn = slicer.util.arrayFromSegmentBinaryLabelmap(first, identifier, pet)
    drawn[np.nonzero(drawn)[0][0]] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(drawn, first, identifier, pet)
    parameters.seed.RemoveAllControlPoints()
    parameters.seed.AddControlPointWorld(*seed)
    assert not panel.proposal.job.running
    assert "stays" in panel.ui.lesionMessage.text
    assert parameters.segmentation is first, "what was drawn stays until the button asks for a proposal"

    slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode").SetCrosshairRAS(*seed)
    parameters.segmentation = None
    panel.ui.crosshairButton.click()
    wait(lambda: parameters.segmentation is not None, 20)
