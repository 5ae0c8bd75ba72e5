"""What the application does with a scripted module's file when it starts, and with its panel."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

import shiboken6
import slicer


class Module:
    """``slicer.modules.<name>``."""

    def __init__(self, name: str, logic, path: str = ""):
        self.name, self.title, self.path, self._logic = name, name, path, logic
        self._widget = None

    def logic(self):
        return self._logic

    def widgetRepresentation(self):
        """The panel of a scripted module; made at the first call, as in the application."""
        if self._widget is None:
            self._widget = slicer.qSlicerScriptedLoadableModuleWidget()
            self._widget.setMRMLScene(slicer.mrmlScene)
            self._widget.setPythonSource(self.path)
            self._widget.self().setup()
        return self._widget

    def openPanel(self):
        """The Python side of the panel, as after the user has chosen the module."""
        parent = self.widgetRepresentation()
        if not parent.isEntered:
            parent._entered = True
            _call(parent.self(), "enter")
        return parent.self()

    def closePanel(self) -> None:
        """What happens to a panel when the application ends."""
        if self._widget is None:
            return
        if self._widget.isEntered:
            _call(self._widget.self(), "exit")
        self._widget.self().cleanup()
        shiboken6.delete(self._widget)  # with all its children, which would go on following the scene
        self._widget = None


def _call(widget, name: str) -> None:
    """``enter`` and ``exit`` are optional."""
    getattr(widget, name, lambda: None)()


def load(path: Path, register) -> Module:
    """Import a module's file and make its ``<Name>(parent)``; ``register(name, logic, path)`` publishes it."""
    name = path.stem
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = register(name, None, str(path))
    instance = getattr(importlib.import_module(name), name)(types.SimpleNamespace(path=str(path), name=name))
    module.title = instance.parent.title
    setattr(slicer.modules, f"{name}Instance", instance)
    return module
