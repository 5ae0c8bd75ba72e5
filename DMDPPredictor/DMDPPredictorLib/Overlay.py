"""CT below, PET or a heatmap above, the lesion's outline on top, all views at the lesion."""

from __future__ import annotations

import numpy as np
import slicer
from dmdp import evidence, words
from dmdp.report import maps
from slicer.i18n import tr as _

from .Attenuation import voxelUnit
from .Legend import hideLegends, othersLegends, showLegends
from .Nodes import RAS_TO_LPS, geometryFromNode, maskFromSegmentation
from .PetSource import isSuv, suvFactor
from .Results import HEATMAP, TRAINED

PET_COLOURS = ("vtkMRMLPETProceduralColorNodePET-DICOM", "vtkMRMLPETProceduralColorNodePET-Heat", "vtkMRMLColorTableNodeIron")
HEATMAP_COLOURS = ("vtkMRMLColorTableNodeFileInferno.txt", "vtkMRMLColorTableNodeIron", "vtkMRMLColorTableNodeRed")
HEATMAP_THRESHOLD = 0.05
LAYOUTS_OF_THREE = (
    slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView,
    slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView,
    slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalWidescreenView,
    slicer.vtkMRMLLayoutNode.SlicerLayoutThreeOverThreeView,
)


def showOverlay(
    ctNode,
    petNode,
    segmentationNode,
    heatmapNode=None,
    opacity: float = 0.5,
    threshold: float | None = None,
    legend: bool = True,
    segmentId: str = "",
    arrange: bool = True,
) -> tuple[float, float, float]:
    """Show CT with the PET (or the heatmap) fused and the lesion outlined in all slice views; returns its centre (RAS, mm).

    Of CT and PET one may be None: the other then lies below, alone or under the heatmap.

    ``heatmapNode`` takes the PET's place if it is given. ``opacity`` is that of the upper image, ``threshold`` the share of
    its maximum (of the lesion's, for the PET) below which it is clear: 0 for the PET and 0.05 for a heatmap unless given.
    ``legend`` adds its colour legend (a PET's in SUV if that is known); what a heatmap is stands in the views without it, too.
    Without ``arrange`` the layout, the slices and the windows of what is shown already stay
    as they are.
    """
    lower = ctNode or petNode
    upper = heatmapNode or (petNode if ctNode is not None else None)
    centre = lesionCentreRas(segmentationNode, petNode or ctNode, segmentId)
    window = arrange or upper is None or not _isForeground(upper)
    if heatmapNode is not None:
        _displayHeatmap(heatmapNode, HEATMAP_THRESHOLD if threshold is None else threshold, window)
    if petNode is not None and petNode in (lower, upper):
        _displayPet(petNode, segmentationNode, segmentId, threshold or 0.0 if petNode is upper else 0.0, window)
    manager = slicer.app.layoutManager()
    if arrange:
        if ctNode is not None:
            _displayCt(ctNode)
        if manager is not None and manager.layout not in LAYOUTS_OF_THREE:
            manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        composite.SetBackgroundVolumeID(lower.GetID())
        composite.SetForegroundVolumeID(upper.GetID() if upper is not None else None)
        composite.SetForegroundOpacity(opacity)
        composite.SetLabelVolumeID(None)
    _outlineOnly(segmentationNode)
    _legend(upper or (petNode if ctNode is None else None), legend)
    if arrange:
        for sliceNode in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
            sliceNode.JumpSliceByCentering(*centre)
    return centre


def lesionCentreRas(segmentationNode, imageNode, segmentId: str = "") -> tuple[float, float, float]:
    """Centre of mass of the lesion on the grid of an image, RAS mm."""
    voxels = np.argwhere(maskFromSegmentation(segmentationNode, imageNode, segmentId))
    lps = geometryFromNode(imageNode).to_lps(voxels.mean(axis=0))
    return tuple(float(v) for v in (RAS_TO_LPS @ [*lps, 1.0])[:3])


def _displayCt(node) -> None:
    display = _display(node)
    display.AutoWindowLevelOff()
    display.SetWindowLevel(*words.CT_WINDOWS["lung"])


def _isForeground(node) -> bool:
    return any(n.GetForegroundVolumeID() == node.GetID() for n in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"))


def _displayPet(node, segmentationNode, segmentId: str, threshold: float, window: bool) -> None:
    top = float(slicer.util.arrayFromVolume(node)[maskFromSegmentation(segmentationNode, node, segmentId)].max())
    if window:
        _window(_display(node), PET_COLOURS, top)
    _clearBelow(_display(node), threshold * top, top)


def _displayHeatmap(node, threshold: float, window: bool) -> None:
    if window:
        _window(_display(node), HEATMAP_COLOURS, 1.0)
    _clearBelow(_display(node), threshold, 1.0)


def _window(display, colours, top: float) -> None:
    """These colours from 0 to ``top``."""
    _colour(display, colours)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0.0, top)


def _clearBelow(display, threshold: float, top: float) -> None:
    display.AutoThresholdOff()
    display.SetThreshold(threshold, max(top, threshold) * 1000)
    display.SetApplyThreshold(threshold > 0)


def _legend(upper, wanted: bool) -> None:
    """The colour legend of the upper image (none for a CT alone), and of no other. A map says what it is with or without one."""
    for legend in othersLegends():
        legend.SetVisibility(False)
    if upper is None:
        hideLegends()
        return
    name = upper.GetAttribute(HEATMAP)
    if name is not None:
        silent = evidence.DEMONSTRATION.label if upper.GetAttribute(TRAINED) is None else evidence.TRAINED.short
        sentence = upper.GetDescription() or silent
        showLegends(upper, maps.kind(maps.split(name)[2]), sentence, numbers=6 if wanted else 0)
    elif wanted:
        _petLegend(upper)
    else:
        hideLegends()


def _petLegend(petNode) -> None:
    """In SUV wherever that is known, else in the unit that the voxels have."""
    factor = 1.0 if isSuv(petNode) else suvFactor(petNode)
    if factor is not None:
        showLegends(petNode, _("SUV (g/ml)"), factor=factor)
    else:
        showLegends(petNode, _("PET ({unit})").format(unit=voxelUnit(petNode)), form="%6.0f")


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
