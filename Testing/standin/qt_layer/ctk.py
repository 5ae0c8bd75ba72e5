"""``ctk``: the widgets of CTK that the panels use."""

from __future__ import annotations

import qt
from PySide6 import QtCore, QtWidgets


@qt.stand_in
class ctkCollapsibleButton(QtWidgets.QWidget):
    """A section with a title that folds away; like the real one its property ``text`` comes from QAbstractButton."""

    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._text, self._collapsed = "", False
        self._head = QtWidgets.QToolButton(self)
        self._head.setToolButtonStyle(QtCore.Qt.ToolButtonTextOnly)
        self.setContentsMargins(4, 28, 4, 4)

    def _setText(self, text):
        self._text = text
        self._head.setText(text)

    def _setCollapsed(self, collapsed):
        self._collapsed = collapsed
        for child in self.findChildren(QtWidgets.QWidget, options=QtCore.Qt.FindDirectChildrenOnly):
            if child is not self._head:
                child.setVisible(not collapsed)
        self.setMaximumHeight(28 if collapsed else 16777215)
        self.contentsCollapsed.emit(collapsed)

    text = QtCore.Property(str, lambda self: self._text, _setText)
    collapsed = QtCore.Property(bool, lambda self: self._collapsed, _setCollapsed)


@qt.stand_in
class ctkPathLineEdit(QtWidgets.QWidget):
    """A path with a button to browse for it, without the button."""

    currentPathChanged = QtCore.Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._path = ""

    def _setPath(self, path):
        if path != self._path:
            self._path = path
            self.currentPathChanged.emit(path)

    currentPath = QtCore.Property(str, lambda self: self._path, _setPath)
