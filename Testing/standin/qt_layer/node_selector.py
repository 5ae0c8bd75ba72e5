"""The node selector over the real scene."""

from __future__ import annotations

import qt
import shiboken6
import vtk
from kept import kept
from PySide6 import QtCore, QtWidgets


@qt.stand_in
class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Lists the scene's nodes of its types, and follows what is added, renamed and removed."""

    currentNodeChanged = QtCore.Signal(object)
    currentNodeIDChanged = QtCore.Signal(str)
    nodeAddedByUser = QtCore.Signal(object)

    baseName = kept(str, "_baseName", "")
    noneDisplay = kept(str, "_noneDisplay", "None")
    showChildNodeTypes = kept(bool, "_childTypes", True)
    showHidden = kept(bool, "_showHidden", False)
    addEnabled = kept(bool, "_addEnabled", True)
    removeEnabled = kept(bool, "_removeEnabled", True)
    renameEnabled = kept(bool, "_renameEnabled", False)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._id, self._types, self._none, self._attributes = None, "", [], False, []
        self._observed, self._observedNodes = [], []
        self._combo = QtWidgets.QComboBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        self._combo.activated.connect(lambda index: self._select(self._combo.itemData(index) or ""))

    def _setNodeTypes(self, types):
        self._types = list(types)
        self._update()

    def _setNoneEnabled(self, on):
        self._none = on
        self._update()

    nodeTypes = QtCore.Property("QStringList", lambda self: self._types, _setNodeTypes)
    noneEnabled = QtCore.Property(bool, lambda self: self._none, _setNoneEnabled)

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        self._forget(self._observed)
        self._scene = scene
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndBatchProcessEvent, scene.EndCloseEvent)
            self._observed = [(scene, scene.AddObserver(event, lambda *_: self._update())) for event in events]
        self._update()

    def currentNode(self):
        return self._scene.GetNodeByID(self._id) if self._scene is not None and self._id else None

    def setCurrentNode(self, node):
        self.setCurrentNodeID(node if isinstance(node, str) else node.GetID() if node is not None else "")

    def setCurrentNodeID(self, identifier):
        if not identifier or self._combo.findData(identifier) >= 0:  # the real one ignores what it does not list
            self._select(identifier or "")

    currentNodeID = QtCore.Property(str, lambda self: self._id, setCurrentNodeID)

    def addAttribute(self, nodeType, name, value=None):
        self._attributes.append((nodeType, name, value))
        self._update()

    def nodeFromIndex(self, index):
        return self._nodes()[index]

    def nodeCount(self):
        return len(self._nodes())

    def addNode(self, className=None):
        node = self._scene.AddNewNodeByClass(className or self._types[0], self.baseName)
        self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def _nodes(self):
        if self._scene is None:
            return []
        nodes = (self._scene.GetNthNode(i) for i in range(self._scene.GetNumberOfNodes()))
        return [node for node in nodes if self._fits(node)]

    def _fits(self, node) -> bool:
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        for kind, name, value in self._attributes:
            found = node.GetAttribute(name)
            if node.IsA(kind) and (found is None or value not in (None, found)):
                return False
        return any(node.IsA(kind) if self.showChildNodeTypes else node.GetClassName() == kind for kind in self._types)

    def _forget(self, observed):
        for subject, tag in observed:
            subject.RemoveObserver(tag)
        observed.clear()

    def _rename(self, node):
        index = self._combo.findData(node.GetID()) if shiboken6.isValid(self) else -1
        if index >= 0 and self._combo.itemText(index) != node.GetName():
            self._combo.setItemText(index, node.GetName())

    def _update(self):
        self._forget(self._observedNodes)
        if not shiboken6.isValid(self):  # its panel is gone
            self._forget(self._observed)
            return
        nodes = self._nodes()
        modified = vtk.vtkCommand.ModifiedEvent
        self._observedNodes = [(node, node.AddObserver(modified, lambda node, _: self._rename(node))) for node in nodes]
        blocked = self._combo.blockSignals(True)
        self._combo.clear()
        if self._none:
            self._combo.addItem(self.noneDisplay, "")
        for node in nodes:
            self._combo.addItem(node.GetName() or node.GetID(), node.GetID())
        self._combo.blockSignals(blocked)
        listed = [node.GetID() for node in nodes]
        self._select(self._id if self._id in listed else "" if self._none or not listed else listed[0])

    def _select(self, identifier):
        self._combo.setCurrentIndex(self._combo.findData(identifier))
        if identifier != self._id:
            self._id = identifier
            self.currentNodeChanged.emit(self.currentNode())
            self.currentNodeIDChanged.emit(identifier)
