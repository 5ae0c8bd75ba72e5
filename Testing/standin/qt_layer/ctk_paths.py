"""A path with a button to browse for it.

Read in CTK (Libs/Widgets/ctkPathLineEdit.cpp, Libs/Core/ctkUtils.cpp): an editable combo box and a tool button "..."; its size
hint leaves the path out (AdjustToMinimumContentsLength, length 0). Its validator, made of the name filters, is ``.+`` where
there are none: an *empty* path is no valid one. ``currentPathChanged`` is emitted for valid input only, so that a path which is
cleared, by hand or by code, is told by ``validInputChanged(bool)`` alone.
"""

from __future__ import annotations

import qt
from kept import kept
from PySide6 import QtCore, QtWidgets


@qt.stand_in
class ctkPathLineEdit(QtWidgets.QWidget):
    """A path with a button to browse for it; the button does nothing."""

    currentPathChanged = QtCore.Signal(str)
    validInputChanged = QtCore.Signal(bool)
    Dirs, Files, Readable, Writable, Executable = 0x01, 0x02, 0x10, 0x20, 0x40  # as QDir's

    filters = kept(int, "_filters", 0)
    settingKey = kept(str, "_settingKey", "")
    label = kept(str, "_label", "")
    nameFilters = kept("QStringList", "_nameFilters", [])
    showBrowseButton = kept(bool, "_browse", True)
    showHistoryButton = kept(bool, "_history", True)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._valid = False
        self._combo, self._button = QtWidgets.QComboBox(self), QtWidgets.QToolButton(self)
        self._combo.editable = True
        self._button.text = "..."
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._combo)
        layout.addWidget(self._button)
        self.setSizePolicy(QtWidgets.QSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed))
        self._combo.lineEdit().textChanged.connect(self._changed)

    def _changed(self, path):
        valid, self._valid = self._valid, bool(path)
        if path:
            self.currentPathChanged.emit(path)
        if valid != self._valid:
            self.validInputChanged.emit(self._valid)

    def setCurrentPath(self, path):
        self._combo.lineEdit().setText(path)

    currentPath = QtCore.Property(str, lambda self: self._combo.lineEdit().text, setCurrentPath)

    def sizeHint(self):
        option = QtWidgets.QStyleOptionComboBox()
        arrow = self.style().subControlRect(QtWidgets.QStyle.CC_ComboBox, option, QtWidgets.QStyle.SC_ComboBoxArrow, self._combo)
        width = 6 + arrow.width() + 2 + 1 + self._button.minimumSizeHint().width()
        return QtCore.QSize(width, self._combo.minimumSizeHint().height())

    def minimumSizeHint(self):
        return self.sizeHint()
