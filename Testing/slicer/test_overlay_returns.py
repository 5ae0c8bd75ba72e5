"""Show PET on CT, pressed again: everything is drawn as it was before."""

from __future__ import annotations

import pytest
from dmdp.images.volume import Volume

from .conftest import addVolume
from .test_panel_tools import shown  # noqa: F401  (the panel with a result)

pytestmark = pytest.mark.slicer
WINDOW = ("Window", "Level", "AutoWindowLevel", "LowerThreshold", "UpperThreshold", "ApplyThreshold", "AutoThreshold")
CONTOUR = ("Visibility", "Visibility2DFill", "Visibility2DOutline")


def drawn(*nodes):
    """How volumes and contours are drawn, and what is in the scene."""
    import slicer

    displays = [node.GetDisplayNode() for node in nodes]
    values = [
        (display.GetColorNodeID(), [getattr(display, f"Get{name}")() for name in names])
        for display in displays
        for names in [CONTOUR if display.IsA("vtkMRMLSegmentationDisplayNode") else WINDOW]
    ]
    every = [n for kind in ("ColorLegend", "ScalarVolume") for n in slicer.util.getNodesByClass(f"vtkMRML{kind}DisplayNode")]
    return values, sorted(node.GetID() for node in every if not node.IsA("vtkMRMLLabelMapVolumeDisplayNode"))


@pytest.fixture
def chosen(shown):  # noqa: F811
    """The panel, and CT, PET, contour and a map, each drawn as a reader has chosen."""
    from DMDPPredictorLib.Results import heatmapNodes

    panel, parameters = shown
    heatmap = next(iter(heatmapNodes().values()))
    for node, top, colours in (
        (parameters.ct, 40.0, "vtkMRMLColorTableNodeGrey"),
        (parameters.pet, 7.0, "vtkMRMLColorTableNodeGreen"),
        (heatmap, 0.3, "vtkMRMLColorTableNodeBlue"),
    ):
        display = node.GetDisplayNode()
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(-3.0, top)
        display.SetAndObserveColorNodeID(colours)
        display.AutoThresholdOff()
        display.SetThreshold(0.1, top)
        display.SetApplyThreshold(node is parameters.pet)
    contour = parameters.segmentation.GetDisplayNode()
    contour.SetVisibility2DFill(True)
    contour.SetVisibility2DOutline(False)
    contour.SetVisibility(False)
    return panel, parameters, (parameters.ct, parameters.pet, parameters.segmentation, heatmap)


def test_windows_colours_thresholds_and_contours_come_back(chosen):
    panel, _parameters, nodes = chosen
    ui = panel.ui
    before = drawn(*nodes)
    ui.overlayButton.click()
    ui.thresholdSlider.value = 0.4
    ui.heatmapButton.click()
    ui.opacitySlider.value = 0.9
    assert drawn(*nodes) != before
    ui.overlayButton.click()
    assert drawn(*nodes) == before


def test_automatic_windows_stay_automatic(shown):  # noqa: F811
    panel, parameters = shown
    nodes = (parameters.ct, parameters.pet, parameters.segmentation)
    for node in nodes[:2]:
        node.GetDisplayNode().AutoWindowLevelOn()
        node.GetDisplayNode().AutoThresholdOn()
    before = drawn(*nodes)
    panel.ui.overlayButton.click()
    panel.ui.overlayButton.click()
    assert drawn(*nodes) == before


def test_another_pet_chosen_meanwhile_comes_back_as_well(chosen, scene, simulated_study):
    panel, parameters, nodes = chosen
    other = addVolume(scene, simulated_study[0].pet, "PET 2", suv=True)
    other.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeGreen")
    before = drawn(*nodes, other)
    panel.ui.overlayButton.click()
    parameters.pet = other
    panel.ui.opacitySlider.value = 0.3
    assert other.GetDisplayNode().GetColorNodeID() != "vtkMRMLColorTableNodeGreen"
    panel.ui.overlayButton.click()
    assert drawn(*nodes, other) == before


def test_what_is_changed_elsewhere_stays_and_what_is_gone_is_skipped(chosen, scene, simulated_study):
    panel, parameters, nodes = chosen
    image = simulated_study[0].ct
    elsewhere = addVolume(
        scene, Volume(image.array[:3], image.geometry.crop((0, 0, 0), (3, *image.array.shape[1:])), "HU"), "else"
    )
    panel.ui.overlayButton.click()
    panel.ui.heatmapButton.click()
    elsewhere.GetDisplayNode().AutoWindowLevelOff()
    elsewhere.GetDisplayNode().SetWindowLevelMinMax(1.0, 2.0)
    elsewhere.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeRed")
    scene.RemoveNode(nodes[3])
    panel.ui.overlayButton.click()
    display = elsewhere.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (1.0, 2.0)
    assert display.GetColorNodeID() == "vtkMRMLColorTableNodeRed"
    assert parameters.ct.GetDisplayNode().GetWindowLevelMax() == 40.0


def test_a_legend_of_the_users_own_is_hidden_and_comes_back_as_it_was(chosen):
    import slicer

    panel, parameters, _nodes = chosen
    own = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(parameters.pet)
    own.SetTitleText("mine")
    own.SetVisibility(True)
    panel.ui.overlayButton.click()
    assert not own.GetVisibility()
    panel.ui.opacitySlider.value = 0.2
    panel.ui.overlayButton.click()
    assert own.GetVisibility()
    assert own.GetTitleText() == "mine"
    slicer.mrmlScene.RemoveNode(own)


def test_the_first_map_offered_is_not_empty(shown):  # noqa: F811
    import numpy as np
    import slicer
    from DMDPPredictorLib.Results import heatmapNodes, regionsNode

    panel, parameters = shown
    ui, maps = panel.ui, heatmapNodes()
    image = next(iter(maps.values()))
    for name, empty in (("EGFR_pet_encoder", False), ("EGFR_ct_encoder", True), ("subtype_ct_encoder", True)):
        node = maps.get(name)
        if node is None:
            node = slicer.modules.volumes.logic().CloneVolume(image, name)
            node.SetAttribute("DMDP.Heatmap", name)
            maps[name] = node
        slicer.util.updateVolumeFromArray(node, slicer.util.arrayFromVolume(node) * (0 if empty else 1))
    maps.pop("sim_margin_ct_occlusion")
    panel.results.views.show(maps, regionsNode())
    tasks = [ui.taskComboBox.itemText(i) for i in range(ui.taskComboBox.count)]
    assert tasks == ["EGFR", "subtype"]
    layers = [ui.layerComboBox.itemText(i) for i in range(ui.layerComboBox.count)]
    assert layers == ["Grad-CAM, PET encoder", "Grad-CAM, CT encoder (empty)"]
    ui.heatmapButton.click()
    composite = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")[0]
    first = slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID())
    assert np.any(slicer.util.arrayFromVolume(first) > 0)
    ui.taskComboBox.setCurrentText("subtype")
    assert [ui.layerComboBox.itemText(i) for i in range(ui.layerComboBox.count)] == ["Grad-CAM, CT encoder (empty)"]
    assert slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID()).GetAttribute("DMDP.Heatmap") == "subtype_ct_encoder"
    ui.overlayButton.click()
    assert parameters.pet is not None


def test_a_scene_that_closes_below_the_overlay_leaves_nothing_behind(shown, scene):  # noqa: F811
    import slicer
    from DMDPPredictorLib import Legend

    panel, parameters = shown
    parameters.pet.RemoveAttribute("DMDP.IsSuv")
    parameters.pet.SetAttribute("DMDP.SuvbwFactor", "0.5")
    panel.ui.overlayButton.click()
    assert Legend._observed
    scene.Clear(0)
    assert not Legend._observed
    assert not panel.ui.overlayButton.checked
    assert not slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")
