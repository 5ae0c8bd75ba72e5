"""Sample Data's simulated patient: made on this computer, ready for a click in the tumour, and nothing of it left behind."""

from __future__ import annotations

import tempfile

import pytest

pytestmark = pytest.mark.slicer


@pytest.fixture
def source(modules):
    """What the started application offers."""
    import slicer
    from DMDPPredictorLib.SampleStudy import CATEGORY

    (found,) = slicer.modules.sampleDataSources[CATEGORY]
    return found


@pytest.fixture
def press(source, gui, tmp_path, monkeypatch):
    """Press the patient's button; what is said about failures is returned, and no temporary file may stay."""
    import SampleData
    import slicer
    from dmdp.session import session_folder

    session_folder()  # the process has one for its whole life; it is made before the temporary folder is watched
    said = []
    watched = tmp_path / "watched"
    watched.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(watched))
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **more: said.append(text))

    def click():
        SampleData.button(source).click()
        assert list(watched.iterdir()) == []
        return said

    return click


def test_it_is_offered_once_with_a_small_picture_and_no_address(source):
    import SampleData
    from DMDPPredictorLib.SampleStudy import CATEGORY, THUMBNAIL, registerSampleData

    registerSampleData()
    import slicer

    assert len(slicer.modules.sampleDataSources[CATEGORY]) == 1
    assert source.sampleName == "Simulated PET/CT patient"
    assert not SampleData.button(source).icon.isNull()
    assert THUMBNAIL.stat().st_size < 50_000
    assert SampleData.SampleDataLogic().downloadFromSource(source) == []


def test_the_patient_comes_in_suv_with_a_point_in_the_tumour_while_the_window_lives(press, scene, panel, window, monkeypatch):
    import slicer
    from DMDPPredictorLib import SampleStudy
    from DMDPPredictorLib.Nodes import maskFromSegmentation
    from DMDPPredictorLib.PetSource import carriesSuv

    stood, load = [], SampleStudy._load
    monkeypatch.setattr(SampleStudy, "_load", lambda folder: (stood.append(window.longestStill()), load(folder))[1])
    assert press() == []
    assert stood[0] < window.STILL_SECONDS
    assert any("simulating" in words for words in window.said)
    assert not window.dialogs()
    ct, pet = panel.logic.choosePair()
    (point,) = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")
    for node in (ct, pet, point):
        assert "imulated" in node.GetName()
        assert node.GetStorageNode() is None or not node.GetStorageNode().GetFileName()
    hierarchy = scene.GetSubjectHierarchyNode()
    parents = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in (ct, pet, point)}
    assert [hierarchy.GetItemName(item) for item in parents] == ["Simulated patient, no real person"]
    assert slicer.util.arrayFromVolume(ct).min() < -900
    assert carriesSuv(pet)
    assert pet.GetVoxelValueUnits().GetCodeValue() == "{SUVbw}g/ml"
    place = [0.0, 0.0, 0.0]
    point.GetNthControlPointPositionWorld(0, place)
    lesion = maskFromSegmentation(panel.logic.delineate(pet, place), pet)
    assert slicer.util.arrayFromVolume(pet)[lesion].max() > 4


def test_cancel_leaves_nothing_and_says_nothing(press, scene, window):
    import slicer

    window.cancelAt = "imulat"
    assert press() == []
    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
    assert not window.dialogs()


def test_without_the_training_module_it_says_so(press, monkeypatch):
    from DMDPPredictorLib import SampleStudy

    monkeypatch.setattr(SampleStudy, "find_spec", lambda name: None)
    (said,) = press()
    assert "DMDP Training" in said
    assert "\n" not in said


def test_a_missing_package_is_said_in_one_line(press, broken_import):
    broken_import("scipy", "No module named 'scipy'")
    (said,) = press()
    assert "The Python package 'scipy' cannot be imported" in said
    assert "\n" not in said
