"""A result is of other inputs when something else would be read now, and not when nothing else would."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from .conftest import wait
from .test_panel_tools import shown  # noqa: F401 (a fixture)

pytestmark = pytest.mark.slicer


def settle(panel):
    """Let the edits pause for as long as the panel waits, and half as long again."""
    end = time.monotonic() + 0.6
    wait(lambda: time.monotonic() > end, 5)


def mask_of(parameters, node=None):
    import slicer

    identifier = parameters.segmentation.GetSegmentation().GetNthSegmentID(0)
    return slicer.util.arrayFromSegmentBinaryLabelmap(parameters.segmentation, identifier, node or parameters.pet)


def paint(parameters, mask, node=None):
    import slicer

    identifier = parameters.segmentation.GetSegmentation().GetNthSegmentID(0)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, parameters.segmentation, identifier, node or parameters.pet)


@pytest.fixture
def result(shown):  # noqa: F811
    panel, parameters = shown
    assert panel.ui.staleLabel.isHidden()
    return panel, parameters


def test_opening_the_editor_changes_nothing(result):
    panel, parameters = result
    assert parameters.segment == ""
    panel.ui.editButton.click()
    assert parameters.segment
    settle(panel)
    panel.refresh()
    assert panel.ui.staleLabel.isHidden()


def test_painting_makes_it_stale_and_undo_brings_it_back(result):
    panel, parameters = result
    before = mask_of(parameters).copy()
    after = before.copy()
    after[tuple(np.argwhere(before)[0])] = 0
    paint(parameters, after)
    assert panel.ui.staleLabel.isHidden(), "not while it is drawn"
    settle(panel)
    assert not panel.ui.staleLabel.isHidden()
    assert not panel.results.contourFits
    paint(parameters, before)
    settle(panel)
    assert panel.ui.staleLabel.isHidden()
    assert panel.results.contourFits


def test_undo_by_the_segmentation_history(result):
    """What the Segment Editor's undo does: a state of vtkSegmentationHistory is restored."""
    import slicer

    panel, parameters = result
    segmentation = parameters.segmentation.GetSegmentation()
    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(segmentation)
    history.SaveState()
    after = mask_of(parameters).copy()
    after[tuple(np.argwhere(after)[0])] = 0
    paint(parameters, after)
    settle(panel)
    assert not panel.ui.staleLabel.isHidden()
    assert history.RestorePreviousState()
    panel.onSegmentsChanged()
    settle(panel)
    assert panel.ui.staleLabel.isHidden()


def test_another_segment_beside_it_changes_nothing(result):
    panel, parameters = result
    panel.ui.editButton.click()
    parameters.segmentation.GetSegmentation().AddEmptySegment("", "node")
    settle(panel)
    panel.refresh()
    assert panel.ui.staleLabel.isHidden()


def test_the_mask_is_taken_once_for_an_edit(result, monkeypatch):
    import DMDPPredictorLib.Contour as Contour

    panel, parameters = result
    taken, real = [], Contour.maskFromSegmentation
    monkeypatch.setattr(Contour, "maskFromSegmentation", lambda *arguments: taken.append(arguments) or real(*arguments))
    for _ in range(3):
        panel.refresh()
    assert not taken
    after = mask_of(parameters).copy()
    points = np.argwhere(after)
    for point in points[:4]:
        after[tuple(point)] = 0
        paint(parameters, after)
    settle(panel)
    panel.refresh()
    assert len(taken) == 1


def test_facts_images_and_removal_make_it_stale_at_once(result, scene):
    panel, parameters = result
    parameters.age = 33
    assert not panel.ui.staleLabel.isHidden()
    parameters.age = 0
    assert panel.ui.staleLabel.isHidden()
    ct, parameters.ct = parameters.ct, parameters.pet
    assert not panel.ui.staleLabel.isHidden()
    parameters.ct = ct
    assert panel.ui.staleLabel.isHidden()
    parameters.segmentation.GetSegmentation().RemoveAllSegments()
    settle(panel)
    assert not panel.ui.staleLabel.isHidden()


def test_a_contour_on_the_ct_is_looked_at_there(result):
    panel, parameters = result
    parameters.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(parameters.ct)
    panel.results.expect(parameters)
    assert panel.results._expected.contour.on == "ct"
    panel.results._madeFrom = panel.results._expected  # as if its answer had come
    panel.refresh()
    assert panel.ui.staleLabel.isHidden()
    after = mask_of(parameters, parameters.ct).copy()
    after[tuple(np.argwhere(after)[0])] = 0
    paint(parameters, after, parameters.ct)
    settle(panel)
    assert not panel.ui.staleLabel.isHidden()


def inputs_node():
    import slicer
    from DMDPPredictorLib.ResultNode import RESULT

    return next(n for n in slicer.util.getNodesByClass("vtkMRMLTextNode") if n.GetAttribute(RESULT) is not None)


def test_what_is_stored_has_a_schema_and_comes_back_equal(result):
    from DMDPPredictorLib.ResultNode import INPUTS, choices, storedResult

    _panel, parameters = result
    stored = json.loads(inputs_node().GetAttribute(INPUTS))
    assert stored["schema"] == 2
    assert len(stored["contour"]["sha256"]) == 64
    assert storedResult().madeFrom == choices(parameters)
    inputs_node().SetAttribute(INPUTS, json.dumps({**stored, "schema": 3}))
    assert storedResult() is None


@pytest.mark.parametrize(
    ("network", "now"),
    [('""', ""), ("false", ""), ("true", "demo-network"), ('"own"', "own")],  # once whether a network was run, then which
)
def test_scenes_of_former_versions_are_read(result, network, now):
    from DMDPPredictorLib.ResultNode import INPUTS, choices, storedResult

    panel, parameters = result
    inputs_node().SetAttribute(INPUTS, f'["", 0, null, null, "published-pet-clinical", {network}]')
    assert storedResult().madeFrom.network == now
    assert (storedResult().madeFrom == choices(parameters)) is (now == "")
    panel.results.result = None
    panel.results.restore()
    panel.refresh()
    assert panel.ui.staleLabel.isHidden() is (now == "")


def test_what_the_pet_is_taken_for_and_where_the_images_stand_count(result, scene):
    import vtk

    panel, parameters = result
    panel.ui.suvCheckBox.setChecked(False)
    assert not panel.ui.staleLabel.isHidden()
    panel.ui.suvCheckBox.setChecked(True)
    assert panel.ui.staleLabel.isHidden()
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 5.0)
    transform.SetMatrixTransformToParent(matrix)
    parameters.ct.SetAndObserveTransformNodeID(transform.GetID())
    panel.refresh()
    assert not panel.ui.staleLabel.isHidden()
    parameters.ct.SetAndObserveTransformNodeID(None)
    panel.refresh()
    assert panel.ui.staleLabel.isHidden()
