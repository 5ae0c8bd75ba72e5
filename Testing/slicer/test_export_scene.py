"""An answer that came with a saved scene is exported: what the scene can give, and what needs a new prediction is said."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from .conftest import plain, wait
from .test_panel_tools import study  # noqa: F401 (a fixture)

pytestmark = pytest.mark.slicer
SENTENCE = "Research use only. Not for diagnosis."


@pytest.fixture
def saved(panel, study, scene, simulated_study, installed_result, tmp_path):  # noqa: F811
    """A study from the DICOM browser whose result was shown, its scene saved as a bundle: ``(bundle, result folder)``."""
    import slicer
    from DMDPPredictorLib.Results import readResult

    patient, _ = simulated_study
    parameters = panel.logic.getParameterNode()
    parameters.ct, parameters.pet = study
    seed = (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2])
    parameters.segmentation = panel.logic.delineate(parameters.pet, seed)
    folder = shutil.copytree(installed_result, tmp_path / "kept" / "result")
    shutil.copy(folder / "lesion_ct.nii.gz", folder / "heatmap_EGFR_ct_encoder.nii.gz")  # any image on the CT's grid
    panel.results.expect(parameters)
    panel.results.show(readResult(folder))
    wait(lambda: not panel.results.loading)
    panel.refresh()
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    return path, installed_result


@pytest.fixture
def reloaded(panel, saved, scene):
    """The panel after closing the scene and loading the saved one, the parameters, and the folder of the former result."""
    path, kept = saved
    scene.Clear(False)
    assert not panel.ui.exportButton.enabled
    assert scene.ReadFromMRB(str(path), False)
    return panel, panel.logic.getParameterNode(), kept


def export(panel, folder, *formats):
    for name, box in panel.exports._boxes.items():
        box.checked = name in formats
    assert set(panel.exports.chosen()) == set(formats)
    panel.exports.export(folder)
    wait(lambda: not panel.exports.job.running)
    return folder / "DMDP-result"


def test_the_answer_of_a_scene_leaves_in_every_format_but_the_maps(reloaded, tmp_path, simulated_study):
    import highdicom
    import pydicom
    import pypdfium2
    import slicer
    from dmdp.images.files import read_mask

    panel, parameters, kept = reloaded
    ui = panel.ui
    assert panel.results.result is not None
    assert ui.staleLabel.isHidden()
    assert ui.exportButton.enabled
    assert "predict again for pictures" in ui.exportButton.toolTip
    boxes = panel.exports._boxes
    assert {name for name, box in boxes.items() if not box.enabled} == {"map"}
    assert "Predict again" in boxes["map"].toolTip
    out = export(panel, tmp_path, "html", "pdf", "json", "csv", "seg", "sr", "scene")
    assert "Exported to" in plain(ui.exportMessage)
    assert "predict again for pictures" in plain(ui.exportMessage)
    assert "Not written" not in plain(ui.exportMessage)
    assert {path.name for path in out.iterdir()} == {
        "report.html", "report.pdf", "prediction.json", "features.csv", "segmentation_pet.dcm", "segmentation_ct.dcm",
        "report.dcm", "scene.mrb", "export.json",
    }  # fmt: skip
    former = (kept / "prediction.json").read_text(encoding="utf-8")
    assert (out / "prediction.json").read_text(encoding="utf-8") == former
    assert (out / "features.csv").read_bytes() == (kept / "features.csv").read_bytes()
    probability = f"{json.loads(former)['tasks']['EGFR']['probability']:.2f}"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert probability in page
    assert SENTENCE in page
    assert "Made from a saved scene" in page
    assert "<img" not in page
    document = pypdfium2.PdfDocument(out / "report.pdf")
    text = "".join(document[i].get_textpage().get_text_bounded() for i in range(len(document)))
    assert probability in text
    assert SENTENCE in text
    assert "Made from a saved scene" in text
    for name, file in (("pet", "segmentation_pet.dcm"), ("ct", "segmentation_ct.dcm")):
        mask, _geometry = read_mask(kept / f"lesion_{name}.nii.gz")
        segmentation = highdicom.seg.segread(out / file)
        frames = segmentation.get_volume(segment_numbers=[1], combine_segments=True).array
        assert np.count_nonzero(frames) == np.count_nonzero(mask)
    assert highdicom.seg.segread(out / "segmentation_ct.dcm").number_of_segments == 1 + len(np.unique(read_labels(kept))) - 1
    report = highdicom.sr.srread(out / "report.dcm")
    source = pydicom.dcmread(next((simulated_study[1] / "ct").glob("*.dcm")), stop_before_pixels=True)
    assert report.StudyInstanceUID == source.StudyInstanceUID
    listed = json.loads((out / "export.json").read_text(encoding="utf-8"))
    assert "scene.mrb" in [item["file"] for item in listed["files"]]

    ui.overlayButton.click()
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        assert composite.GetBackgroundVolumeID() == parameters.ct.GetID()
        assert composite.GetForegroundVolumeID() == parameters.pet.GetID()
    assert ui.heatmapButton.enabled
    ui.overlayButton.click()


def read_labels(folder):
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "regions.nii.gz")))


def test_objects_of_the_scene_hold_the_regions_where_they_were(reloaded, tmp_path):
    import highdicom

    panel, parameters, kept = reloaded
    out = export(panel, tmp_path, "seg")
    (tmp_path / "direct").mkdir()
    former = panel.results.result
    from DMDPPredictorLib.Export import exportResult
    from DMDPPredictorLib.Results import readResult

    exportResult(readResult(kept), tmp_path / "direct", ["seg"], parameters.ct, parameters.pet)
    assert former is panel.results.result
    for file in ("segmentation_pet.dcm", "segmentation_ct.dcm"):
        found, expected = (highdicom.seg.segread(folder / file) for folder in (out, tmp_path / "direct"))
        assert [s.SegmentLabel for s in found.SegmentSequence] == [s.SegmentLabel for s in expected.SegmentSequence]
        assert (found.pixel_array == expected.pixel_array).all()
        assert [str(f.PlanePositionSequence[0].ImagePositionPatient) for f in found.PerFrameFunctionalGroupsSequence] == [
            str(f.PlanePositionSequence[0].ImagePositionPatient) for f in expected.PerFrameFunctionalGroupsSequence
        ]


def test_of_an_edited_contour_the_answer_leaves_but_no_object(reloaded, tmp_path):
    import slicer
    from dmdp.errors import DmdpError

    panel, parameters, _kept = reloaded
    identifier = parameters.segmentation.GetSegmentation().GetNthSegmentID(0)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(parameters.segmentation, identifier, parameters.pet)
    mask[tuple(np.argwhere(mask)[0])] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, parameters.segmentation, identifier, parameters.pet)
    wait(lambda: not panel.ui.staleLabel.isHidden(), 5)
    boxes = panel.exports._boxes
    assert {name for name, box in boxes.items() if not box.enabled} == {"map", "seg", "sr"}
    assert "Predict again" in boxes["seg"].toolTip
    assert (export(panel, tmp_path, "json") / "prediction.json").exists()
    with pytest.raises(DmdpError, match="not the one that the numbers were computed from"):
        panel.logic.exportReport(panel.logic.resultInScene(), tmp_path / "no", ("seg", "sr"), parameters.ct, parameters.pet)
    assert not (tmp_path / "no").exists()


def test_the_main_thread_writes_only_what_is_small(reloaded, tmp_path, simulated_study):
    from DMDPPredictorLib.Export import prepareExport

    panel, parameters, _kept = reloaded
    (tmp_path / "job").mkdir()
    prepareExport(panel.results.result, tmp_path / "out", ["html", "seg"], parameters.ct, parameters.pet, tmp_path / "job")
    written = [path for path in (tmp_path / "job").rglob("*") if path.is_file() and not path.is_symlink()]
    assert {path.name for path in written} == {"job.json", "prediction.json", "scene.json", "lesion.npy", "regions.npy"}
    voxels = np.prod(simulated_study[0].pet.geometry.shape)
    assert sum(path.stat().st_size for path in written if path.suffix == ".npy") < voxels / 4


def test_regions_that_were_edited_cost_their_segmentation_alone(reloaded, tmp_path):
    from DMDPPredictorLib.Results import regionsNode

    panel, parameters, _kept = reloaded
    segmentation = regionsNode().GetSegmentation()
    segmentation.RemoveSegment(segmentation.GetNthSegmentID(0))
    written = panel.logic.exportReport(panel.logic.resultInScene(), tmp_path / "o", ("seg", "sr"), parameters.ct, parameters.pet)
    assert {path.name for path in written} == {"report.dcm", "segmentation_pet.dcm"}
    assert "Predict again" in written.notWritten["seg"].remedy


def test_without_the_database_the_objects_are_refused(reloaded, monkeypatch):
    import slicer

    panel, _parameters, _kept = reloaded
    monkeypatch.delattr(slicer, "dicomDatabase")
    panel.refresh()
    boxes = panel.exports._boxes
    assert {name for name, box in boxes.items() if not box.enabled} == {"map", "seg", "sr"}
    assert panel.ui.exportButton.enabled


def test_a_panel_that_opens_after_the_scene_was_loaded_knows_of_the_answer(modules, saved, scene, gui):
    path, _kept = saved
    modules["DMDPPredictor"].closePanel()
    scene.Clear(False)
    assert scene.ReadFromMRB(str(path), False)
    panel = modules["DMDPPredictor"].openPanel()
    assert panel.ui.staleLabel.isHidden()
    assert panel.ui.exportButton.enabled
    panel.ui.overlayButton.click()
    assert panel.ui.overlayButton.checked
    assert not panel.ui.exportMessage.text
    panel.ui.overlayButton.click()
