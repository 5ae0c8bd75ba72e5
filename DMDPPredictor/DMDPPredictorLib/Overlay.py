"""CT below, PET or a heatmap above, the lesion's outline on top, all views at the lesion."""

from __future__ import annotations

import numpy as np
import slicer

from .Nodes import RAS_TO_LPS, geometryFromNode, maskFromSegmentation

CT_WINDOW_LEVEL = (1400.0, -500.0)
PET_COLOURS = ("vtkMRMLPETProceduralColorNodePET-DICOM", "vtkMRMLPETProceduralColorNodePET-Heat", "vtkMRMLColorTableNodeIron")
HEATMAP_COLOURS = ("vtkMRMLColorTableNodeFileInferno.txt", "vtkMRMLColorTableNodeIron", "vtkMRMLColorTableNodeRed")
HEATMAP_THRESHOLD = 0.05


def showOverlay(ctNode, petNode, segmentationNode, heatmapNode=None, opacity: float = 0.5) -> tuple[float, float, float]:
    """Show CT with the PET (or the heatmap) fused and the lesion outlined in all slice views; returns its centre (RAS, mm).

    ``heatmapNode`` takes the PET's place where it is given. ``opacity`` is that of the upper image.
    """
    upper = heatmapNode or petNode
    _displayCt(ctNode)
    if heatmapNode is not None:
        _displayHeatmap(heatmapNode)
    else:
        _displayPet(petNode, segmentationNode)
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        composite.SetBackgroundVolumeID(ctNode.GetID())
        composite.SetForegroundVolumeID(upper.GetID())
        composite.SetForegroundOpacity(opacity)
        composite.SetLabelVolumeID(None)
    _outlineOnly(segmentationNode)
    centre = lesionCentreRas(segmentationNode, petNode)
    for sliceNode in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        sliceNode.JumpSliceByCentering(*centre)
    return centre


def lesionCentreRas(segmentationNode, petNode) -> tuple[float, float, float]:
    """Centre of mass of the lesion on the PET's grid, RAS mm."""
    voxels = np.argwhere(maskFromSegmentation(segmentationNode, petNode))
    lps = geometryFromNode(petNode).to_lps(voxels.mean(axis=0))
    return tuple(float(v) for v in (RAS_TO_LPS @ [*lps, 1.0])[:3])


def _displayCt(node) -> None:
    display = _display(node)
    display.AutoWindowLevelOff()
    display.SetWindowLevel(*CT_WINDOW_LEVEL)


def _displayPet(node, segmentationNode) -> None:
    top = float(slicer.util.arrayFromVolume(node)[maskFromSegmentation(segmentationNode, node)].max())
    display = _display(node)
    _colour(display, PET_COLOURS)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0.0, top)


def _displayHeatmap(node) -> None:
    display = _display(node)
    _colour(display, HEATMAP_COLOURS)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0.0, 1.0)
    display.AutoThresholdOff()
    display.SetThreshold(HEATMAP_THRESHOLD, 1.0)
    display.ApplyThresholdOn()


def _outlineOnly(segmentationNode) -> None:
    """A filled segment would mix with the colours below it."""
    segmentationNode.CreateDefaultDisplayNodes()
    display = segmentationNode.GetDisplayNode()
    display.SetVisibility(True)
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(True)


def _display(node):
    node.CreateDefaultDisplayNodes()
    return node.GetDisplayNode()


def _colour(display, ids) -> None:
    """The first of Slicer's own colour nodes that this version has."""
    for identifier in ids:
        if slicer.mrmlScene.GetNodeByID(identifier) is not None:
            display.SetAndObserveColorNodeID(identifier)
            return
