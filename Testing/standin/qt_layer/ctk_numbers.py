"""Numbers that stay within their range.

Read in CTK (Libs/Widgets/ctkSliderWidget.cpp, its .ui, ctkDoubleSpinBox.cpp): the slider widget is a horizontal slider and a spin
box beside it without margins; it expands. The spin box is as wide as its widest value with prefix and suffix, and gets that size
hint as its minimum width (SynchronizeWidth).
"""

from __future__ import annotations

import qt
from kept import kept
from PySide6 import QtCore, QtWidgets

TICKS = 1000  # of the slider


class Number(QtWidgets.QWidget):
    """A spin box within a widget."""

    valueChanged = QtCore.Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._value, self._range = 0.0, (0.0, 99.0)
        self._box = QtWidgets.QDoubleSpinBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self.setValue)

    def setValue(self, value):
        value = min(max(float(value), self._range[0]), self._range[1])
        if value != self._value:
            self._value = value
            self._show()
            self.valueChanged.emit(value)

    def _show(self):
        blocked = self._box.blockSignals(True)
        self._box.setRange(*self._range)
        self._box.setValue(self._value)
        self._box.blockSignals(blocked)

    def _setMinimum(self, minimum):
        self._setRange(minimum, max(minimum, self._range[1]))

    def _setMaximum(self, maximum):
        self._setRange(min(self._range[0], maximum), maximum)

    def _setRange(self, minimum, maximum):
        self._range = (minimum, maximum)
        self._show()
        self.setValue(self._value)

    def _member(kind, name):
        def write(self, value):
            setattr(self._box, name, value)
            self._show()

        return QtCore.Property(kind, lambda self: getattr(self._box, name), write)

    value = QtCore.Property(float, lambda self: self._value, setValue)
    minimum = QtCore.Property(float, lambda self: self._range[0], _setMinimum)
    maximum = QtCore.Property(float, lambda self: self._range[1], _setMaximum)
    decimals, singleStep = _member(int, "decimals"), _member(float, "singleStep")
    prefix, suffix = _member(str, "prefix"), _member(str, "suffix")


@qt.stand_in
class ctkSliderWidget(Number):
    """Slider and spin box."""

    valueIsChanging = QtCore.Signal(float)
    pageStep = kept(float, "_page", 10.0)
    tracking = kept(bool, "_tracking", True)
    spinBoxVisible = kept(bool, "_spinBox", True)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Horizontal, self)
        self._slider.maximum = TICKS
        self.layout().insertWidget(0, self._slider)
        self.setSizePolicy(QtWidgets.QSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed))
        self._slider.sliderMoved.connect(lambda tick: self.setValue(self._range[0] + tick / TICKS * self._span()))

    def _span(self) -> float:
        return self._range[1] - self._range[0]

    def _show(self):
        super()._show()
        self._box.setMinimumWidth(self._box.sizeHint().width())
        share = (self._value - self._range[0]) / self._span() if 0 < self._span() < float("inf") else 0.0
        self._slider.value = round(TICKS * share)


@qt.stand_in
class ctkDoubleSpinBox(Number):
    """A spin box."""

    editingFinished = QtCore.Signal()
    readOnly = kept(bool, "_readOnly", False)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setSizePolicy(QtWidgets.QSizePolicy(QtWidgets.QSizePolicy.Minimum, QtWidgets.QSizePolicy.Fixed))
