"""The documented behaviour of Slicer's ``parameterNodeWrapper``, as far as the panels need it.

A class with annotations becomes a view on a vtkMRMLScriptedModuleNode: numbers, words and enums (by name) are parameters,
nodes are references. Widgets with the dynamic property ``SlicerParameterName`` follow the node and the node follows them.
"""

from __future__ import annotations

import enum
import typing
from dataclasses import dataclass

import qt
import slicer
import vtk

GUI_PROPERTY = "SlicerParameterName"


@dataclass(frozen=True)
class Choice:
    choices: list

    def check(self, value):
        if value not in self.choices:
            raise ValueError(f"{value!r} is none of {self.choices}")


@dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float

    def check(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value!r} is not between {self.minimum} and {self.maximum}")


class Parameter:
    """One annotated member: how its value is kept in the node."""

    def __init__(self, name, annotation, default):
        self.name = name
        self.type, *self.validators = typing.get_args(annotation) if hasattr(annotation, "__metadata__") else (annotation,)
        self.isNode = isinstance(self.type, type) and issubclass(self.type, slicer.vtkMRMLNode)
        if self.isNode:
            self.default = None
        elif default is not None:
            self.default = default
        else:
            self.default = next(iter(self.type)) if issubclass(self.type, enum.Enum) else self.type()

    def read(self, node):
        if self.isNode:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if issubclass(self.type, enum.Enum):
            return self.type[text]
        return text == "True" if self.type is bool else self.type(text)

    def write(self, node, value):
        if self.isNode:
            if value is not None and not isinstance(value, self.type):
                raise TypeError(f"{self.name} takes {self.type.__name__}, not {type(value).__name__}")
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
            return
        if not isinstance(value, self.type):
            raise TypeError(f"{self.name} takes {self.type.__name__}, not {value!r}")
        for validator in self.validators:
            validator.check(value)
        node.SetParameter(self.name, value.name if isinstance(value, enum.Enum) else str(value))


class Connection:
    """A widget that shows a parameter and changes it; like Slicer's, only these pairs of types are known."""

    def __init__(self, widget, parameter: Parameter):
        self.widget, self.parameter = widget, parameter
        self.values = None
        kind = parameter.type
        if parameter.isNode and type(widget) is slicer.qMRMLNodeComboBox:
            widget.nodeTypes = [kind.__name__]
            self.signal, self.read, self.show = "currentNodeChanged(vtkMRMLNode*)", widget.currentNode, widget.setCurrentNode
        elif type(widget) is qt.QComboBox:
            self.values = list(kind) if issubclass(kind, enum.Enum) else parameter.validators[0].choices
            widget.clear()
            for value in self.values:
                widget.addItem(value.label() if hasattr(value, "label") else getattr(value, "name", str(value)))
            self.signal, self.read = "currentIndexChanged(int)", lambda: self.values[widget.currentIndex]
            self.show = lambda value: widget.setCurrentIndex(self.values.index(value))
        elif kind is bool and type(widget) is qt.QCheckBox:
            self.signal, self.read, self.show = "toggled(bool)", lambda: widget.checked, widget.setChecked
        elif kind is int and type(widget) is qt.QSpinBox:
            for validator in parameter.validators:
                widget.setRange(validator.minimum, validator.maximum)
            self.signal, self.read, self.show = "valueChanged(int)", lambda: widget.value, widget.setValue
        elif kind is str and type(widget) is qt.QLineEdit:
            self.signal, self.read, self.show = "textChanged(QString)", lambda: widget.text, widget.setText
        else:
            raise RuntimeError(f"No way to connect {type(widget).__name__} to {parameter.name} ({kind.__name__})")


def parameterNodeWrapper(cls):
    """Make ``cls`` a view on a parameter node."""
    annotations = typing.get_type_hints(cls, include_extras=True)
    parameters = {name: Parameter(name, kind, cls.__dict__.get(name)) for name, kind in annotations.items()}

    class Wrapper:
        __doc__ = cls.__doc__

        def __init__(self, parameterNode):
            self.__dict__.update(parameterNode=parameterNode, _connected={}, _showing=[])
            for parameter in parameters.values():
                if not parameter.isNode and not parameterNode.HasParameter(parameter.name):
                    parameter.write(parameterNode, parameter.default)

        def __getattr__(self, name):
            if name not in parameters:
                raise AttributeError(f"{cls.__name__} has no parameter '{name}'")
            return parameters[name].read(self.parameterNode)

        def __setattr__(self, name, value):
            if name not in parameters:
                raise AttributeError(f"{cls.__name__} has no parameter '{name}'")
            parameters[name].write(self.parameterNode, value)

        def AddObserver(self, event, method, *priority):
            return self.parameterNode.AddObserver(event, method, *priority)

        def RemoveObserver(self, tag):
            self.parameterNode.RemoveObserver(tag)

        def connectGui(self, gui):
            widgets = [w for w in vars(gui).values() if isinstance(w, qt.QWidget) and w.property(GUI_PROPERTY)]
            unknown = [w.property(GUI_PROPERTY) for w in widgets if w.property(GUI_PROPERTY) not in parameters]
            if unknown:
                raise RuntimeError(f"{cls.__name__} has no parameter for {unknown}")
            connections = [Connection(w, parameters[w.property(GUI_PROPERTY)]) for w in widgets]
            self._show(connections)
            slots = [self._follow(connection) for connection in connections]
            tag = self.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show(connections))
            self._connected[tag] = (connections, slots)
            return tag

        def disconnectGui(self, tag):
            connections, slots = self._connected.pop(tag)
            self.parameterNode.RemoveObserver(tag)
            for connection, slot in zip(connections, slots, strict=True):
                connection.widget.disconnect(connection.signal, slot)

        def _follow(self, connection):
            def changed(*_):
                if not self._showing:
                    setattr(self, connection.parameter.name, connection.read())

            connection.widget.connect(connection.signal, changed)
            return changed

        def _show(self, connections):
            self._showing.append(1)
            try:
                for connection in connections:
                    connection.show(connection.parameter.read(self.parameterNode))
            finally:
                self._showing.pop()

    Wrapper.__name__ = Wrapper.__qualname__ = cls.__name__
    return Wrapper
