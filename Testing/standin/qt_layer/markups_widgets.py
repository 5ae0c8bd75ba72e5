"""What places points: the place button and the list of points.

Read in Slicer (Modules/Loadable/Markups/Widgets/Resources/UI/qSlicerMarkupsPlaceWidget.ui): four buttons in a row without
margins, for colour, placing, deleting and more; all have menus but the first.
"""

from __future__ import annotations

import qt
from kept import kept
from mrml_base import qSlicerWidget
from node_selector import qMRMLNodeComboBox
from PySide6 import QtCore, QtWidgets


@qt.stand_in
class qSlicerMarkupsPlaceWidget(qSlicerWidget):
    """The place button, without a mouse; the other buttons do nothing."""

    activeMarkupsPlaceModeChanged = QtCore.Signal(bool)

    ShowPlaceMultipleMarkupsOption, HidePlaceMultipleMarkupsOption = 0, 1
    ForcePlaceSingleMarkup, ForcePlaceMultipleMarkups = 2, 3

    placeMultipleMarkups = kept(int, "_multiple", 0)
    placeModeEnabled = kept(bool, "_placing", False, notify="activeMarkupsPlaceModeChanged")
    placeModePersistency = kept(bool, "_persistent", False)
    buttonsVisible = kept(bool, "_buttons", True)
    deleteAllControlPointsOptionVisible = kept(bool, "_deleteAll", True)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._node = None
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for words, menu in (("", False), ("", True), ("", True), ("...", True)):
            button = QtWidgets.QToolButton()
            button.text = words
            if menu:
                button.setPopupMode(QtWidgets.QToolButton.MenuButtonPopup)
            row.addWidget(button)

    def currentNode(self):
        return self._node

    def setCurrentNode(self, node):
        self._node = node

    def currentMarkupsNode(self):
        return self._node

    def setPlaceModeEnabled(self, on):
        self.placeModeEnabled = on

    def setPlaceMultipleMarkups(self, option):
        self.placeMultipleMarkups = option

    def setPlaceModePersistency(self, on):
        self.placeModePersistency = on

    def setButtonsVisible(self, on):
        self.buttonsVisible = on

    def deleteAllPoints(self):
        if self._node is not None:
            self._node.RemoveAllControlPoints()


@qt.stand_in
class qSlicerSimpleMarkupsWidget(qSlicerWidget):
    """A selector of point lists and a place button, without the table."""

    markupsNodeChanged = QtCore.Signal()

    nodeSelectorVisible = kept(bool, "_selectorVisible", True)
    optionsVisible = kept(bool, "_optionsVisible", True)
    jumpToSliceEnabled = kept(bool, "_jump", False)
    enterPlaceModeOnNodeChange = kept(bool, "_enterPlaceMode", True)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._selector, self._place = qMRMLNodeComboBox(self), qSlicerMarkupsPlaceWidget(self)
        self._selector.nodeTypes, self._selector.noneEnabled = ["vtkMRMLMarkupsFiducialNode"], True
        self._selector.connect("currentNodeChanged(vtkMRMLNode*)", self._changed)

    def _changed(self, node):
        self._place.setCurrentNode(node)
        self.markupsNodeChanged.emit()

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        self._selector.setMRMLScene(scene)

    def currentNode(self):
        return self._selector.currentNode()

    def setCurrentNode(self, node):
        self._selector.setCurrentNode(node)

    def setNodeBaseName(self, name):
        self._selector.baseName = name

    def markupsPlaceWidget(self):
        return self._place

    def markupsSelectorComboBox(self):
        return self._selector
