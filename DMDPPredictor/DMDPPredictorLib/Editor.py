"""Slicer's Segment Editor inside the panel, set up for contouring on the PET."""

from __future__ import annotations

import qt
import slicer
import vtk

from .Nodes import SEGMENT_NAME

TAG = "DMDPPredictor.SegmentEditor"
EFFECTS = ["Paint", "Draw", "Erase", "Level tracing", "Threshold", "Islands", "Margin", "Smoothing", "Scissors"]
UNDO_STATES = 20
SCROLL_BAR = 20  # pixels


class LesionEditor:
    """The embedded editor. It owns its vtkMRMLSegmentEditorNode only, and touches the slice views only while it is open.

    It fills ``place``, an empty widget.
    """

    def __init__(self, place):
        self.widget = slicer.qMRMLSegmentEditorWidget()
        self.widget.maximumNumberOfUndoStates = UNDO_STATES
        self.widget.segmentationNodeSelectorVisible = False
        self.widget.sourceVolumeNodeSelectorVisible = False
        self.widget.switchToSegmentationsButtonVisible = False
        self.widget.autoShowSourceVolumeNode = False  # the PET must not take the CT's place in the views
        self.widget.setEffectNameOrder(EFFECTS)
        self.widget.unorderedEffectsVisible = False
        layout = qt.QVBoxLayout(place)
        layout.setContentsMargins(0, 0, 0, 0)
        self._area = qt.QScrollArea()  # the editor needs more room than the panel has to have: it alone then scrolls sideways
        self._area.setFrameShape(qt.QFrame.NoFrame)
        self._area.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self._area.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Preferred)
        self._area.setWidgetResizable(True)
        self._area.setWidget(self.widget)
        layout.addWidget(self._area)
        self._fitting = qt.QTimer()
        self._fitting.setSingleShot(True)
        self._fitting.setInterval(0)
        self._fitting.connect("timeout()", self._fit)
        self._observed = None
        self._open = False
        self._followed = None

    def setScene(self, scene) -> None:
        """Work in a scene, or in none."""
        if self._observed is not None:
            former, tag = self._observed
            former.RemoveObserver(tag)
        node = _editorNode(scene) if scene is not None else None
        self._observed = None
        self._fitting.stop()
        if node is not None:  # another effect has other options
            self._observed = (node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda caller, event: self._fitting.start()))
        self.widget.setMRMLSegmentEditorNode(node)  # first, as Slicer's own module does
        if scene is not None and scene is not self.widget.mrmlScene():  # every call connects anew
            self.widget.setMRMLScene(scene)

    def edit(self, segmentationNode, imageNode, segmentId: str = "") -> str:
        """Edit a segment on an image, the first (a new one in an empty segmentation) unless named; returns its ID."""
        segmentation = segmentationNode.GetSegmentation()
        if segmentation.GetNumberOfSegments() == 0:
            segmentation.AddEmptySegment("", SEGMENT_NAME)
        if segmentation.GetSegment(segmentId) is None:
            segmentId = segmentation.GetNthSegmentID(0)
        self.widget.setSegmentationNode(segmentationNode)
        self.widget.setSourceVolumeNode(imageNode)
        self.widget.setCurrentSegmentID(segmentId)
        return segmentId

    def follow(self, segmentationNode, petNode, segmentId: str) -> None:
        """Keep to the panel's choice while the editor is open; the user may edit another segment until it changes."""
        segmentation = segmentationNode.GetSegmentation() if segmentationNode is not None else None
        followed, self._followed = self._followed, None
        if segmentation is not None and petNode is not None and segmentation.GetNumberOfSegments():
            self._followed = (segmentationNode.GetID(), petNode.GetID(), segmentId)
            if self._followed != followed or segmentation.GetSegment(self.widget.currentSegmentID()) is None:
                self.edit(segmentationNode, petNode, segmentId)
            else:
                self.widget.setSegmentationNode(segmentationNode)
                self.widget.setSourceVolumeNode(petNode)
        else:
            self.widget.setActiveEffect(None)
            self.widget.setSegmentationNode(None)

    def setOpen(self, opened: bool) -> None:
        """Take the mouse and keys in the slice views, or give them back."""
        if opened and not self._open:
            self.widget.updateEffectList()  # some come after the panel, if this is the startup module
            self.widget.setupViewObservations()
            if slicer.util.mainWindow() is not None:  # which the keys belong to
                self.widget.installKeyboardShortcuts()
        elif not opened:  # in any case: choosing an effect observes the views, too
            self.widget.setActiveEffect(None)
            self.widget.uninstallKeyboardShortcuts()
            self.widget.removeViewObservations()
        self._open = opened
        if opened:
            self._fitting.start()

    def _fit(self) -> None:
        """Give the editor its full height: the scroll bar of the panel is enough."""
        self._area.setMinimumHeight(self.widget.layout().totalSizeHint().height() + SCROLL_BAR)


def _editorNode(scene):
    """The panel's own editor node, so that the Segment Editor module keeps its state."""
    node = scene.GetSingletonNode(TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = scene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
        node.UnRegister(None)
        node.SetSingletonTag(TAG)
        node = scene.AddNode(node)
    return node
