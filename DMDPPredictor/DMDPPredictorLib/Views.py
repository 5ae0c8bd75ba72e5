"""What the slice views show, as plain values, and the way back to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import slicer
import vtk

from .Legend import hideLegends, othersLegends

WINDOW = ("Window", "Level", "LowerThreshold", "UpperThreshold", "ApplyThreshold", "AutoThreshold", "AutoWindowLevel")
CONTOUR = ("Visibility", "Visibility2DFill", "Visibility2DOutline")


@dataclass(frozen=True)
class Views:
    """What the views showed before: the layout, per slice view what is drawn and where, and how images and contours were drawn.

    ``displays`` holds, of each display node that the overlay has changed, its ID, its colours' ID and its values by name;
    ``legends`` the IDs of the colour legends that the overlay has hidden.
    """

    layout: int | None
    composites: tuple[tuple, ...]
    slices: tuple[tuple, ...]
    displays: tuple[tuple, ...] = ()
    legends: tuple[str, ...] = ()


def currentViews() -> Views:
    """The state of all slice views, for :func:`restoreViews`."""
    manager = slicer.app.layoutManager()
    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    slices = slicer.util.getNodesByClass("vtkMRMLSliceNode")
    return Views(
        manager.layout if manager is not None else None,
        tuple(
            (n.GetID(), n.GetBackgroundVolumeID(), n.GetForegroundVolumeID(), n.GetLabelVolumeID(), n.GetForegroundOpacity())
            for n in composites
        ),
        tuple((n.GetID(), _matrix(n.GetSliceToRAS()), n.GetFieldOfView(), n.GetXYZOrigin()) for n in slices),
    )


def withDisplays(views: Views, *nodes) -> Views:
    """The state, with how volumes and segmentations are drawn that are about to be changed; entries that it has already stay."""
    held = {identifier for identifier, _colours, _values in views.displays}
    displays = {node.GetDisplayNode() for node in nodes if node is not None} - {None}
    fresh = tuple(_drawn(display) for display in displays if display.GetID() not in held)
    hidden = tuple(legend.GetID() for legend in othersLegends() if legend.GetID() not in views.legends)
    return replace(views, displays=views.displays + fresh, legends=views.legends + hidden)


def restoreViews(views: Views) -> None:
    """Bring the slice views back to a former state; nodes that are gone are skipped."""
    manager = slicer.app.layoutManager()
    if manager is not None and views.layout is not None:
        manager.setLayout(views.layout)
    for identifier, background, foreground, label, opacity in views.composites:
        node = slicer.mrmlScene.GetNodeByID(identifier)
        if node is not None:
            node.SetBackgroundVolumeID(background)
            node.SetForegroundVolumeID(foreground)
            node.SetLabelVolumeID(label)
            node.SetForegroundOpacity(opacity)
    for identifier, toRas, field, origin in views.slices:
        node = slicer.mrmlScene.GetNodeByID(identifier)
        if node is not None:
            matrix = vtk.vtkMatrix4x4()
            matrix.DeepCopy(toRas)
            node.GetSliceToRAS().DeepCopy(matrix)
            node.UpdateMatrices()
            node.SetFieldOfView(*field)
            node.SetXYZOrigin(*origin)
    hideLegends()
    for identifier, colours, values in views.displays:
        display = slicer.mrmlScene.GetNodeByID(identifier)
        if display is not None:
            _draw(display, colours, values)
    for identifier in views.legends:
        legend = slicer.mrmlScene.GetNodeByID(identifier)
        if legend is not None:
            legend.SetVisibility(True)


def _drawn(display) -> tuple:
    """ID, colours and values of a display node."""
    names = CONTOUR if display.IsA("vtkMRMLSegmentationDisplayNode") else WINDOW
    return display.GetID(), display.GetColorNodeID(), tuple((name, getattr(display, f"Get{name}")()) for name in names)


def _draw(display, colours, values: tuple) -> None:
    modifying = display.StartModify()
    if colours is not None:
        display.SetAndObserveColorNodeID(colours)
    for name, value in values:
        getattr(display, f"Set{name}")(value)
    display.EndModify(modifying)


def _matrix(matrix) -> tuple[float, ...]:
    return tuple(matrix.GetElement(row, column) for row in range(4) for column in range(4))
