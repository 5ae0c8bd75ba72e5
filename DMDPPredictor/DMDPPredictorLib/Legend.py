"""The colour legend of the image on top: in every slice view, in letters of one size, in the unit that a person reads.

How Slicer draws a legend (``vtkMRMLColorLegendDisplayableManager``, ``vtkSlicerScalarBarActor``): colours and range are those of
the legend's *primary* display node: the window of a volume, the scalar range of anything else. The numbers are blown up until
they fill the room that the legend's size, a share of the view, leaves beside the bar; the title is then set in that same size,
and overhangs. Hence here: a legend of its own for each slice view, as wide in pixels as its numbers need, which all have as many
characters; with no numbers the title keeps the size that its text property names.

The numbers come from the range by a printf format, so they cannot be multiplied. A PET that is not in SUV gets a scale of its
own: an empty model, listed nowhere, whose range is the PET's window times the factor. As nothing would follow the window if a
scene is loaded without this module, scale and legend are not saved; and as a node that is saved must not refer to one that is
not, they belong to the model and not to the PET. A model's legend stands in a view whatever image that shows, so it is hidden
here where the PET is not shown.
"""

from __future__ import annotations

import textwrap
from functools import partial

import slicer
import vtk

LEGEND, SCALE = "DMDP.Legend", "DMDP.SuvScale"
LETTERS_PX, LINE_PX, LINE_LETTERS = 12, 14, 33
WIDTH_PX, BAR_PX, TEXT_PX, EDGE_PX = 50, 100, 2, 4  # for numbers of six characters
NUMBERS = "%6.1f"
_observed: list[tuple] = []


def showLegends(volumeNode, heading: str, sentence: str = "", numbers: int = 5, form: str = NUMBERS, factor: float = 1.0) -> None:
    """Show the colours of a volume in every slice view: ``heading``, below it a ``sentence`` in short lines, and a bar.

    The bar has so many ``numbers``, printed by ``form``: what the window of the volume is times ``factor``; with none there are
    the words alone.
    """
    title = "\n".join([heading, *textwrap.wrap(sentence, LINE_LETTERS)])
    owner = volumeNode if factor == 1.0 else _scale()
    letGo()
    if owner is not volumeNode:
        _windowed(owner.GetID(), factor, volumeNode.GetDisplayNode(), "")
        _observe(volumeNode.GetDisplayNode(), partial(_windowed, owner.GetID(), factor))
    kept = []
    for sliceNode in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        legend = _legend(owner, sliceNode)
        legend.SetTitleText(title)
        legend.SetNumberOfLabels(numbers)
        legend.SetLabelFormat(form)
        _fit(legend, sliceNode)
        legend.SetVisibility(True)
        kept.append(legend)
        _observe(sliceNode, partial(_resized, legend.GetID()))
    for node in [*_ours("vtkMRMLColorLegendDisplayNode"), *_ours("vtkMRMLModelNode")]:
        if node not in kept and node is not owner:
            _remove(node)
    if owner is not volumeNode:
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            _observe(composite, partial(_layered, volumeNode.GetID()))
            _layered(volumeNode.GetID(), composite, "")


def hideLegends() -> None:
    """Take our legends out of the scene."""
    letGo()
    for node in [*_ours("vtkMRMLColorLegendDisplayNode"), *_ours("vtkMRMLModelNode")]:
        _remove(node)


def letGo() -> None:
    """Watch views and windows no longer; the scene closes, or the module goes."""
    while _observed:
        node, tag = _observed.pop()
        node.RemoveObserver(tag)


def othersLegends() -> list:
    """The colour legends that are shown and are not ours."""
    nodes = slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")
    return [node for node in nodes if node.GetAttribute(LEGEND) is None and node.GetVisibility()]


def _ours(kind: str) -> list:
    """Our legends, or our scale."""
    name = LEGEND if kind == "vtkMRMLColorLegendDisplayNode" else SCALE
    return [node for node in slicer.util.getNodesByClass(kind) if node.GetAttribute(name) is not None]


def _remove(node) -> None:
    if node.GetAttribute(SCALE) is not None:
        slicer.mrmlScene.RemoveNode(node.GetDisplayNode())
    slicer.mrmlScene.RemoveNode(node)


def _observe(node, reaction) -> None:
    _observed.append((node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, reaction)))


def _legend(owner, sliceNode):
    """The legend of a volume, or of the scale, in one slice view; a new one if there is none yet."""
    primary = owner.GetDisplayNode()
    for node in _ours("vtkMRMLColorLegendDisplayNode"):
        if node.GetAttribute(LEGEND) == sliceNode.GetID() and node.GetPrimaryDisplayNode() is primary:
            return node
    legend = slicer.vtkMRMLColorLegendDisplayNode()
    legend.SetName(f"{owner.GetName()} colour legend")
    legend.SetAttribute(LEGEND, sliceNode.GetID())
    legend.SetVisibility(False)
    legend.SetSaveWithScene(owner.GetSaveWithScene())
    legend.AddViewNodeID(sliceNode.GetID())
    words = legend.GetTitleTextProperty()
    words.SetFontSize(LETTERS_PX)
    words.SetBackgroundColor(0.0, 0.0, 0.0)
    words.SetBackgroundOpacity(0.4)
    slicer.mrmlScene.AddNode(legend)
    legend.SetAndObservePrimaryDisplayNode(primary)
    owner.AddAndObserveDisplayNodeID(legend.GetID())
    return legend


def _fit(legend, sliceNode) -> None:
    """Its size and place in the upper right corner of a view, in pixels of this screen."""
    width, height = (max(side, 1) for side in sliceNode.GetDimensions()[:2])
    pixel = _pixel(sliceNode)
    lines = legend.GetTitleText().count("\n") + 1
    bar = (WIDTH_PX, BAR_PX) if legend.GetNumberOfLabels() else (TEXT_PX, TEXT_PX)
    share = min(bar[0] * pixel / width, 0.9), min((bar[1] + lines * LINE_PX) * pixel / height, 0.9)
    edge = EDGE_PX * pixel / width, (LINE_PX + EDGE_PX) * pixel / height
    place = (max(0.0, (1 - size - away) / (1 - size)) for size, away in zip(share, edge, strict=True))
    legend.SetSize(*share)
    legend.SetPosition(*place)


def _pixel(sliceNode) -> float:
    """How many of the screen's pixels a pixel of Qt has in a view."""
    manager = slicer.app.layoutManager()
    widget = manager.sliceWidget(sliceNode.GetLayoutName()) if manager is not None else None
    return max(1.0, widget.sliceView().renderWindow().GetDPI() / 72.0) if widget is not None else 1.0


def _resized(legendId: str, sliceNode, event: str) -> None:
    legend = slicer.mrmlScene.GetNodeByID(legendId)
    if legend is not None:
        _fit(legend, sliceNode)


def _scale():
    """The model that has a PET's window in SUV as its range."""
    for node in _ours("vtkMRMLModelNode"):
        return node
    model, display = slicer.vtkMRMLModelNode(), slicer.vtkMRMLModelDisplayNode()
    model.SetName("SUV")
    model.SetAttribute(SCALE, "1")
    model.SetHideFromEditors(True)
    display.SetVisibility2D(True)  # without which a model's legend is in no slice view
    display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseManualScalarRange)
    for node in (display, model):
        node.SetSaveWithScene(False)
        slicer.mrmlScene.AddNode(node)
    model.SetAndObserveDisplayNodeID(display.GetID())
    return model


def _windowed(scaleId: str, factor: float, display, event: str) -> None:
    """The colours and the window of a PET have changed."""
    scale = slicer.mrmlScene.GetNodeByID(scaleId)
    if scale is not None:
        scale.GetDisplayNode().SetAndObserveColorNodeID(display.GetColorNodeID())
        scale.GetDisplayNode().SetScalarRange(display.GetWindowLevelMin() * factor, display.GetWindowLevelMax() * factor)


def _layered(volumeId: str, composite, event: str) -> None:
    """A view shows other images: the legend in SUV is there only where the PET is."""
    shown = volumeId in (composite.GetBackgroundVolumeID(), composite.GetForegroundVolumeID())
    for legend in _ours("vtkMRMLColorLegendDisplayNode"):
        sliceNode = slicer.mrmlScene.GetNodeByID(legend.GetAttribute(LEGEND))
        if sliceNode is not None and sliceNode.GetLayoutName() == composite.GetLayoutName():
            legend.SetVisibility(shown)
