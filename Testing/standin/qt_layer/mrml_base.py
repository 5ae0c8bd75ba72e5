"""What the application's own widgets are made from: a widget with a scene, and the parent of a scripted module's panel."""

from __future__ import annotations

import sys
from pathlib import Path

import qt
import slicer
from PySide6 import QtCore, QtWidgets


@qt.stand_in
class qMRMLWidget(QtWidgets.QWidget):
    """A widget that hands its scene on."""

    mrmlSceneChanged = QtCore.Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


@qt.stand_in
class qSlicerWidget(qMRMLWidget):
    """As above, by its other name."""


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """What the application hands to a scripted module's widget as its parent."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setLayout(QtWidgets.QVBoxLayout())
        self._python, self._entered = None, False

    def self(self):
        return self._python

    def setPythonSource(self, path):
        """Make the panel's Python side from its module, already imported."""
        name = Path(path).stem
        self._source = path
        self._python = getattr(sys.modules[name], f"{name}Widget")(self)
        setattr(slicer.modules, f"{name}Widget", self._python)

    def reload(self):
        self.setPythonSource(self._source)
        self._python.setup()

    isEntered = QtCore.Property(bool, lambda self: self._entered)
