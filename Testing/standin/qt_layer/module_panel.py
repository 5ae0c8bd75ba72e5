"""The dock that shows a module, as far as its width goes.

Read in Slicer (Base/QTGUI/qSlicerModulePanel.cxx and its .ui): the module's widget lies in a scroll area without a horizontal
scroll bar, its layout gets no margins and its horizontal size policy is Minimum. The dock is therefore never narrower than
the *size hint* of what is unfolded, and the vertical scroll bar beside it; what does not fit is cut on the right.
"""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets


class ModulePanel(QtWidgets.QWidget):
    """``show(moduleWidget)`` puts a module's widget in; ``takeOut()`` gives it back before it or this goes."""

    def __init__(self):
        super().__init__()
        self._area, contents = QtWidgets.QScrollArea(self), QtWidgets.QWidget()
        self._area.setFrameShape(QtWidgets.QFrame.NoFrame)
        self._area.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarAlwaysOff)
        self._area.setWidgetResizable(True)
        self._area.setWidget(contents)
        for widget, inner in ((self, self._area), (contents, None)):
            layout = QtWidgets.QVBoxLayout(widget)
            layout.setContentsMargins(0, 0, 0, 0)
            if inner is not None:
                layout.addWidget(inner)

    def put(self, moduleWidget) -> None:
        """Show a module."""
        moduleWidget.layout().setContentsMargins(0, 0, 0, 0)
        self._area.widget().layout().addWidget(moduleWidget)
        moduleWidget.setSizePolicy(QtWidgets.QSizePolicy.Minimum, QtWidgets.QSizePolicy.Preferred)
        moduleWidget.setVisible(True)
        self._module = moduleWidget

    def takeOut(self) -> None:
        """Let go of the module."""
        self._module.setParent(None)

    def minimumSizeHint(self) -> QtCore.QSize:
        bar = self._area.verticalScrollBar().sizeHint().width()
        return QtCore.QSize(self._area.widget().minimumSizeHint().width() + bar, 100)
