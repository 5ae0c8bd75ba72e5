"""A class with annotations becomes a view on a vtkMRMLScriptedModuleNode.

Widgets with the dynamic property ``SlicerParameterName`` follow the node, and the node follows them. More strictly than in
Slicer, an attribute that the class does not declare cannot be set.
"""

from __future__ import annotations

import typing

import qt
import slicer
import vtk

from .cached import CachedValue
from .connections import Connection
from .parameters import Parameter

SlicerParameterNamePropertyName = "SlicerParameterName"
RESERVED = ("default", "dataType", "isCached")  # Slicer's, which nothing here needs


class Wrapper:
    """What every decorated class gets."""

    allParameters: typing.ClassVar[dict[str, Parameter]] = {}

    def __init__(self, parameterNode):
        self.__dict__.update(parameterNode=parameterNode, _connections={}, _showing=False)
        self.__dict__["_values"] = {name: CachedValue(p, parameterNode) for name, p in self.allParameters.items()}

    def __setattr__(self, name, value):
        if name not in self.allParameters:
            raise AttributeError(f"{type(self).__name__} has no parameter '{name}'")
        self._values[name].write(value)

    def getValue(self, name):
        return self._values[self._parameter(name).name].value

    def setValue(self, name, value):
        self._values[self._parameter(name).name].write(value)

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        self.parameterNode.RemoveObserver(tag)

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModifying):
        return self.parameterNode.EndModify(wasModifying)

    def Modified(self):
        self.parameterNode.Modified()

    def connectGui(self, gui):
        """Connect the widgets of ``childWidgetVariables`` or below a widget; the answer is the tag for ``disconnectGui``."""
        widgets = gui.findChildren(qt.QWidget) if isinstance(gui, qt.QWidget) else vars(gui).values()
        named = [(widget.property(SlicerParameterNamePropertyName), widget) for widget in widgets]
        return self.connectParametersToGui({name: widget for name, widget in named if name})

    def connectParametersToGui(self, mapping):
        connections = [Connection(widget, self._parameter(name)) for name, widget in mapping.items()]
        self._show(connections)
        slots = [self._follow(connection) for connection in connections]
        tag = self.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show(connections))
        self._connections[tag] = list(zip(connections, slots, strict=True))
        return tag

    def disconnectGui(self, tag):
        if tag not in self._connections:
            return
        self.parameterNode.RemoveObserver(tag)
        for connection, slot in self._connections.pop(tag):
            if connection.signal:
                connection.widget.disconnect(connection.signal, slot)

    def _parameter(self, name):
        if name not in self.allParameters:
            raise ValueError(f"{type(self).__name__} has no parameter '{name}', only {list(self.allParameters)}")
        return self.allParameters[name]

    def _follow(self, connection):
        def changed(*_):
            if not self._showing:
                with slicer.util.NodeModify(self.parameterNode):
                    setattr(self, connection.parameter.name, connection.read())

        if connection.signal:
            connection.widget.connect(connection.signal, changed)
        return changed

    def _show(self, connections):
        if self._showing:
            return
        self.__dict__["_showing"] = True
        try:
            with slicer.util.NodeModify(self.parameterNode):
                for connection in connections:
                    connection.show(self.getValue(connection.parameter.name))
        finally:
            self.__dict__["_showing"] = False


def _member(parameter: Parameter) -> property:
    return property(
        lambda self: self._values[parameter.name].value,
        lambda self, value: self._values[parameter.name].write(value),
    )


def parameterNodeWrapper(cls=None):
    """Make a class a view on a parameter node; what else the class defines stays."""
    if cls is None:
        return parameterNodeWrapper
    parameters = {}
    for name, annotation in typing.get_type_hints(cls, include_extras=True).items():
        if name in dir(Wrapper) or name in RESERVED:
            raise ValueError(f"'{name}' is a name of the wrapper itself")
        parameters[name] = Parameter(name, annotation, *([cls.__dict__[name]] if name in cls.__dict__ else []))
    left = ("__dict__", "__weakref__", "__init__", *parameters)
    kept = {name: value for name, value in vars(cls).items() if name not in left}
    members = {name: _member(parameter) for name, parameter in parameters.items()}
    return type(cls.__name__, (Wrapper,), {**kept, **members, "allParameters": parameters})


def isParameterNodeWrapper(classOrObject) -> bool:
    cls = classOrObject if isinstance(classOrObject, type) else type(classOrObject)
    return issubclass(cls, Wrapper)
