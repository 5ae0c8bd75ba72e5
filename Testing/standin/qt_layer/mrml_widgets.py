"""The application's own widgets, published as ``slicer.<name>`` as the application has them."""

from __future__ import annotations

import ctk
import qt
import slicer
from kept import kept
from markups_widgets import qSlicerMarkupsPlaceWidget, qSlicerSimpleMarkupsWidget
from mrml_base import qMRMLWidget, qSlicerScriptedLoadableModuleWidget, qSlicerWidget
from node_selector import qMRMLNodeComboBox
from segment_widgets import qMRMLSegmentEditorWidget, qMRMLSegmentSelectorWidget


@qt.stand_in
class qMRMLSliderWidget(ctk.ctkSliderWidget):
    """A slider with a unit; the unit is only named."""

    quantity = kept(str, "_quantity", "")
    _scene = None

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        self._scene = scene


@qt.stand_in
class qMRMLSpinBox(ctk.ctkDoubleSpinBox):
    """A spin box with a unit; the unit is only named."""

    quantity = kept(str, "_quantity", "")
    _scene = None

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        self._scene = scene


CLASSES = (
    qMRMLWidget,
    qSlicerWidget,
    qSlicerScriptedLoadableModuleWidget,
    qMRMLNodeComboBox,
    qMRMLSliderWidget,
    qMRMLSpinBox,
    qMRMLSegmentSelectorWidget,
    qMRMLSegmentEditorWidget,
    qSlicerMarkupsPlaceWidget,
    qSlicerSimpleMarkupsWidget,
)


def install() -> None:
    """Publish the classes as ``slicer.<name>``."""
    for cls in CLASSES:
        setattr(slicer, cls.__name__, cls)
