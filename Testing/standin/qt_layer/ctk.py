"""``ctk``: the widgets of CTK that the panels use."""

from __future__ import annotations

import qt
from kept import kept
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
    Dirs, Files, Readable, Writable, Executable = 0x01, 0x02, 0x10, 0x20, 0x40  # as QDir's

    filters = kept(int, "_filters", 0)
    settingKey = kept(str, "_settingKey", "")
    label = kept(str, "_label", "")
    nameFilters = kept("QStringList", "_nameFilters", [])
    showBrowseButton = kept(bool, "_browse", True)
    showHistoryButton = kept(bool, "_history", True)
    currentPath = kept(str, "_path", "", notify="currentPathChanged")

    def setCurrentPath(self, path):
        self.currentPath = path


@qt.stand_in
class ctkComboBox(QtWidgets.QComboBox):
    """A combo box."""

    defaultText = kept(str, "_defaultText", "")
    forceDefault = kept(bool, "_forceDefault", False)


@qt.stand_in
class ctkCheckBox(QtWidgets.QCheckBox):
    """A check box."""


class _Number(QtWidgets.QWidget):
    """A number that stays within its range."""

    valueChanged = QtCore.Signal(float)

    decimals = kept(int, "_decimals", 2)
    singleStep = kept(float, "_step", 1.0)
    prefix = kept(str, "_prefix", "")
    suffix = kept(str, "_suffix", "")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._value, self._range = 0.0, (0.0, 99.0)

    def setValue(self, value):
        value = min(max(float(value), self._range[0]), self._range[1])
        if value != self._value:
            self._value = value
            self.valueChanged.emit(value)

    def _setMinimum(self, minimum):
        self._setRange(minimum, max(minimum, self._range[1]))

    def _setMaximum(self, maximum):
        self._setRange(min(self._range[0], maximum), maximum)

    def _setRange(self, minimum, maximum):
        self._range = (minimum, maximum)
        self.setValue(self._value)

    value = QtCore.Property(float, lambda self: self._value, setValue)
    minimum = QtCore.Property(float, lambda self: self._range[0], _setMinimum)
    maximum = QtCore.Property(float, lambda self: self._range[1], _setMaximum)


@qt.stand_in
class ctkSliderWidget(_Number):
    """Slider and spin box, without either."""

    valueIsChanging = QtCore.Signal(float)
    pageStep = kept(float, "_page", 10.0)
    tracking = kept(bool, "_tracking", True)
    spinBoxVisible = kept(bool, "_spinBox", True)


@qt.stand_in
class ctkDoubleSpinBox(_Number):
    """A spin box, without its arrows."""

    editingFinished = QtCore.Signal()
    readOnly = kept(bool, "_readOnly", False)
