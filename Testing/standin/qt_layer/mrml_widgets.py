"""The application's own widgets, over the real scene: node selector, place button, and the parents of panels."""

from __future__ import annotations

import qt
import slicer
from PySide6 import QtCore, QtWidgets


def _plain(kind, attribute: str, default):
    """A property that only keeps its value."""
    return QtCore.Property(
        kind,
        lambda self: self.__dict__.get(attribute, default),
        lambda self, value: self.__dict__.__setitem__(attribute, value),
    )


@qt.stand_in
class qMRMLWidget(QtWidgets.QWidget):
    """A widget that hands its scene on."""

    mrmlSceneChanged = QtCore.Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


@qt.stand_in
class qSlicerWidget(qMRMLWidget):
    """As above, by its other name."""


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """What the application hands to a scripted module's widget as its parent."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setLayout(QtWidgets.QVBoxLayout())
        self._python, self._entered = None, False

    def self(self):
        return self._python

    isEntered = QtCore.Property(bool, lambda self: self._entered)


@qt.stand_in
class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Lists the scene's nodes of its types, and follows what is added, renamed and removed."""

    currentNodeChanged = QtCore.Signal(object)
    currentNodeIDChanged = QtCore.Signal(str)
    nodeAddedByUser = QtCore.Signal(object)

    baseName = _plain(str, "_baseName", "")
    noneDisplay = _plain(str, "_noneDisplay", "None")
    showChildNodeTypes = _plain(bool, "_childTypes", True)
    showHidden = _plain(bool, "_showHidden", False)
    addEnabled = _plain(bool, "_addEnabled", True)
    removeEnabled = _plain(bool, "_removeEnabled", True)
    renameEnabled = _plain(bool, "_renameEnabled", False)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._id, self._types, self._none, self._observed = None, "", [], False, []
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
        for subject, tag in self._observed:
            subject.RemoveObserver(tag)
        events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndBatchProcessEvent, scene.EndCloseEvent)
        self._observed = [(scene, scene.AddObserver(event, lambda *_: self._update())) for event in events]
        self._scene = scene
        self._update()

    def currentNode(self):
        return self._scene.GetNodeByID(self._id) if self._scene is not None and self._id else None

    def setCurrentNode(self, node):
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, identifier):
        if not identifier or self._combo.findData(identifier) >= 0:  # the real one ignores what it does not list
            self._select(identifier or "")

    currentNodeID = QtCore.Property(str, lambda self: self._id, setCurrentNodeID)

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
        return any(node.IsA(kind) if self.showChildNodeTypes else node.GetClassName() == kind for kind in self._types)

    def _update(self):
        nodes = self._nodes()
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


@qt.stand_in
class qSlicerMarkupsPlaceWidget(qSlicerWidget):
    """The place button, without a mouse."""

    ShowPlaceMultipleMarkupsOption, HidePlaceMultipleMarkupsOption = 0, 1
    ForcePlaceSingleMarkup, ForcePlaceMultipleMarkups = 2, 3

    placeMultipleMarkups = _plain(int, "_multiple", 0)
    placeModeEnabled = _plain(bool, "_placing", False)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._node = None

    def currentNode(self):
        return self._node

    def setCurrentNode(self, node):
        self._node = node

    def setPlaceModeEnabled(self, on):
        self.placeModeEnabled = on


CLASSES = (
    qMRMLWidget,
    qSlicerWidget,
    qSlicerScriptedLoadableModuleWidget,
    qMRMLNodeComboBox,
    qSlicerMarkupsPlaceWidget,
)


def install() -> None:
    """Publish the classes as ``slicer.<name>``, where the application has them."""
    for cls in CLASSES:
        setattr(slicer, cls.__name__, cls)
