"""Which widget can show which parameter; like Slicer's, only these pairs are known and all others raise RuntimeError."""

from __future__ import annotations

import enum
import pathlib

import ctk
import qt
import slicer

from .annotations import Choice, Maximum, Minimum, WithinRange
from .parameters import Parameter

REAL_NUMBERS = ("ctkSliderWidget", "ctkDoubleSpinBox", "qMRMLSliderWidget", "qMRMLSpinBox", "QDoubleSpinBox")
SLIDERS = (qt.QSlider, ctk.ctkSliderWidget)


class Connection:
    """A widget that shows a parameter (``show``), gives it (``read``) and says that it changed (``signal``)."""

    signal = ""

    def __init__(self, widget, parameter: Parameter):
        self.widget, self.parameter = widget, parameter
        kind, exact = parameter.type, type(widget)
        if parameter.isNode and exact is slicer.qMRMLNodeComboBox:
            self._node()
        elif exact in (qt.QComboBox, ctk.ctkComboBox) and kind is not None:
            self._choice(kind)
        elif kind is bool and exact in (qt.QCheckBox, ctk.ctkCheckBox, qt.QPushButton):
            self._bool()
        elif kind is int and exact in (qt.QSpinBox, qt.QSlider):
            self._number("valueChanged(int)", int, -(2**31), 2**31 - 1)
        elif kind in (int, float) and exact.__name__ in REAL_NUMBERS:
            if kind is int:
                widget.decimals = 0
            self._number("valueChanged(double)", kind, float("-inf"), float("inf"))
        elif kind is str and exact is qt.QLineEdit:
            self._property("textChanged(QString)", "text", str)
        elif kind is str and exact is qt.QLabel:
            self._property("", "text", str)
        elif kind is pathlib.Path and exact is ctk.ctkPathLineEdit:
            self._property("currentPathChanged(QString)", "currentPath", pathlib.Path)
        else:
            raise RuntimeError(f"No way to connect {exact.__name__} to {parameter.name} ({parameter.types})")

    def _node(self):
        self.widget.nodeTypes = [kind.__name__ for kind in self.parameter.types]
        self.signal = "currentNodeChanged(vtkMRMLNode*)"
        self.read, self.show = self.widget.currentNode, self.widget.setCurrentNode

    def _choice(self, kind):
        if issubclass(kind, enum.Enum):
            values, label = list(kind), getattr(kind, "label", lambda value: value.name)
        else:
            choices = [note.choices for note in self.parameter.validators if isinstance(note, Choice)]
            if not choices:
                raise RuntimeError(f"{self.parameter.name} needs Choice to be shown in a combo box")
            values, label = choices[0], str
        self.widget.clear()
        for value in values:
            self.widget.addItem(label(value))
        self.signal = "currentIndexChanged(int)"
        self.read = lambda: values[self.widget.currentIndex]
        self.show = lambda value: self.widget.setCurrentIndex(values.index(value))

    def _bool(self):
        if isinstance(self.widget, qt.QPushButton):
            self.widget.checkable = True
        self._property("toggled(bool)", "checked", bool)

    def _number(self, signal, kind, lowest, highest):
        for note in self.parameter.validators:
            lowest = note.minimum if isinstance(note, WithinRange | Minimum) else lowest
            highest = note.maximum if isinstance(note, WithinRange | Maximum) else highest
        if isinstance(self.widget, SLIDERS) and not (abs(lowest) < 2**31 - 1 and abs(highest) < 2**31 - 1):
            raise RuntimeError(f"{self.parameter.name} needs a range to be shown on a slider")
        self.widget.minimum, self.widget.maximum = lowest, highest
        self._property(signal, "value", kind)

    def _property(self, signal, name, kind):
        self.signal = signal
        self.read = lambda: kind(getattr(self.widget, name))
        self.show = lambda value: setattr(self.widget, name, str(value) if isinstance(value, pathlib.Path) else value)
