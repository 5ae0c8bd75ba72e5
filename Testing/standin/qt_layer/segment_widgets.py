"""Widgets of segmentations, over the real nodes: the segment selector, and the Segment Editor without its mouse tools."""

from __future__ import annotations

import qt
import segment_editor_layout
import slicer
from kept import kept
from mrml_base import qMRMLWidget
from node_selector import qMRMLNodeComboBox
from PySide6 import QtCore

EFFECTS = ("None", "Paint", "Draw", "Erase", "Level tracing", "Threshold", "Islands", "Margin", "Smoothing", "Scissors")
GEOMETRY = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()


@qt.stand_in
class qMRMLSegmentSelectorWidget(qMRMLWidget):
    """A segmentation and one of its segments."""

    currentNodeChanged = QtCore.Signal(object)
    currentSegmentChanged = QtCore.Signal(str)

    segmentationNodeSelectorVisible = kept(bool, "_selectorVisible", True)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._selector, self._segment = qMRMLNodeComboBox(self), ""
        self._selector.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._selector.connect("currentNodeChanged(vtkMRMLNode*)", self._changed)

    noneEnabled = QtCore.Property(
        bool, lambda self: self._selector.noneEnabled, lambda self, on: setattr(self._selector, "noneEnabled", on)
    )

    def _changed(self, node):
        self.currentNodeChanged.emit(node)
        self._choose(next(iter(self.segmentIDs()), ""))

    def _choose(self, identifier):
        if identifier != self._segment:
            self._segment = identifier
            self.currentSegmentChanged.emit(identifier)

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        self._selector.setMRMLScene(scene)

    def currentNode(self):
        return self._selector.currentNode()

    def currentNodeID(self):
        return self._selector.currentNodeID

    def setCurrentNode(self, node):
        self._selector.setCurrentNode(node)

    def segmentIDs(self):
        node = self.currentNode()
        return tuple(node.GetSegmentation().GetSegmentIDs()) if node is not None else ()

    def currentSegmentID(self):
        return self._segment

    def setCurrentSegmentID(self, identifier):
        if identifier in self.segmentIDs():  # the real one ignores what it does not list
            self._choose(identifier)


@qt.stand_in
class qMRMLSegmentEditorWidget(qMRMLWidget):
    """The Segment Editor's choices, kept in the real vtkMRMLSegmentEditorNode."""

    segmentationNodeChanged = QtCore.Signal(object)
    sourceVolumeNodeChanged = QtCore.Signal(object)
    currentSegmentIDChanged = QtCore.Signal(str)

    maximumNumberOfUndoStates = kept(int, "_undoStates", 0)
    segmentationNodeSelectorVisible = kept(bool, "_segmentationVisible", True)
    sourceVolumeNodeSelectorVisible = kept(bool, "_sourceVisible", True)
    switchToSegmentationsButtonVisible = kept(bool, "_switchVisible", True)
    autoShowSourceVolumeNode = kept(bool, "_autoShow", True)
    unorderedEffectsVisible = kept(bool, "_unorderedVisible", True)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._editor, self._order = None, ()
        self._observes = self._shortcuts = False  # whether it has taken the mouse and the keys
        self._paintOptions = segment_editor_layout.fill(self, EFFECTS)

    def mrmlSegmentEditorNode(self):
        return self._editor

    def setMRMLSegmentEditorNode(self, node):
        self._editor = node

    def segmentationNode(self):
        return self._editor.GetSegmentationNode() if self._editor is not None else None

    def setSegmentationNode(self, node):
        if self._editor is not None and node is not self.segmentationNode():
            self._editor.SetAndObserveSegmentationNode(node)
            self.setActiveEffect(None)
            self.segmentationNodeChanged.emit(node)

    def sourceVolumeNode(self):
        return self._editor.GetSourceVolumeNode() if self._editor is not None else None

    def setSourceVolumeNode(self, node):
        if self._editor is None or node is self.sourceVolumeNode():
            return
        self._editor.SetAndObserveSourceVolumeNode(node)
        segmentation = self.segmentationNode()
        if node is not None and segmentation is not None and segmentation.GetNodeReference(GEOMETRY) is None:
            segmentation.SetReferenceImageGeometryParameterFromVolumeNode(node)
        self.sourceVolumeNodeChanged.emit(node)

    def currentSegmentID(self):
        return (self._editor.GetSelectedSegmentID() or "") if self._editor is not None else ""

    def setCurrentSegmentID(self, identifier):
        if self._editor is not None and identifier != self.currentSegmentID():
            self._editor.SetSelectedSegmentID(identifier)
            self.currentSegmentIDChanged.emit(identifier)

    def setActiveEffectByName(self, name):
        if self._editor is not None and name != (self._editor.GetActiveEffectName() or ""):
            self._editor.SetActiveEffectName(name)
            self._observes = bool(name)
            self._paintOptions.setVisible(name == "Paint")

    def setActiveEffect(self, effect):
        self.setActiveEffectByName(effect.name if effect is not None else "")

    def updateEffectList(self):
        """Takes what effects were registered since."""

    def setupViewObservations(self):
        self._observes = True

    def removeViewObservations(self):
        self._observes = False

    def installKeyboardShortcuts(self, parent=None):
        self._shortcuts = True

    def uninstallKeyboardShortcuts(self):
        self._shortcuts = False

    def effectNameOrder(self):
        return self._order

    def setEffectNameOrder(self, names):
        self._order = tuple(names)
