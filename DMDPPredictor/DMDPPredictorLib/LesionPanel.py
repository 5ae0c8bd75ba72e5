"""The lesion part of the panel: a proposal at the point, the embedded editor, which segment is the lesion, live measures."""

from __future__ import annotations

from collections.abc import Callable

import qt
from dmdp.errors import DmdpError
from slicer.i18n import tr as _

from .Editor import LesionEditor
from .Measures import measure
from .Nodes import emptySegmentation, maskFromSegmentation
from .PetSource import SuvReader, isSuv

DELAY_MS = 300  # after the last edit: a stroke of the brush makes many events


class LesionPanel:
    """Keeps the editor, the list of segments and the measures in line with the choices."""

    def __init__(self, ui, suv: SuvReader, say: Callable[[str], None]):
        self._ui, self._suv, self._say = ui, suv, say
        self._parameters = None
        self.editor = LesionEditor(ui.editorPlace)
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.connect("timeout()", self.measureNow)
        ui.editorSection.connect("contentsCollapsed(bool)", self._collapsed)
        ui.segmentComboBox.connect("currentIndexChanged(int)", self._chosen)

    def setScene(self, scene) -> None:
        """The scene to work in, or none."""
        self._timer.stop()
        self.editor.setScene(scene)

    def close(self) -> None:
        """Give mouse and keys back to the views."""
        self.editor.setOpen(False)

    def open(self) -> None:
        """Take them again if the editor is unfolded."""
        self.editor.setOpen(not self._ui.editorSection.collapsed)

    def edit(self) -> None:
        """Unfold the editor with the contour, a new one where there is none."""
        if self._ui.editorSection.collapsed:
            self._ui.editorSection.collapsed = False  # which comes back here
            return
        parameters = self._parameters
        if parameters.segmentation is None:
            parameters.segmentation = emptySegmentation(parameters.pet)
        parameters.segment = self.editor.edit(parameters.segmentation, parameters.pet, parameters.segment)

    def refresh(self, parameters) -> None:
        """Bring this part in line with the choices."""
        self._parameters, ui = parameters, self._ui
        segmentation = parameters.segmentation if parameters is not None else None
        pet = parameters.pet if parameters is not None else None
        segments = _segments(segmentation)
        combo = ui.segmentComboBox
        blocked = combo.blockSignals(True)
        if [combo.itemData(i) for i in range(combo.count)] != [i for i, _name in segments] or [
            combo.itemText(i) for i in range(combo.count)
        ] != [name for _i, name in segments]:
            combo.clear()
            for identifier, name in segments:
                combo.addItem(name, identifier)
        combo.setCurrentIndex(combo.findData(parameters.segment) if parameters is not None else -1)
        combo.blockSignals(blocked)
        combo.visible = ui.segmentLabel.visible = len(segments) > 1
        ui.editorSection.enabled = pet is not None
        if not ui.editorSection.collapsed:
            self.editor.follow(segmentation, pet, parameters.segment if parameters is not None else "")
        if segmentation is None or pet is None:
            self.measureNow()  # which has nothing to show
        else:
            self.measureSoon()

    def measureSoon(self) -> None:
        """The contour was edited: measure when the edits pause."""
        self._timer.start()

    def measureNow(self) -> None:
        """Show SUV and volume of the contour, or nothing where they cannot be known yet."""
        self._timer.stop()
        parameters, label = self._parameters, self._ui.measuresLabel
        text = ""
        if parameters is not None and parameters.pet is not None and parameters.segmentation is not None:
            try:
                mask = maskFromSegmentation(parameters.segmentation, parameters.pet, parameters.segment)
                text = measure(self._suv(parameters.pet).volume, mask).text()
            except DmdpError as error:
                text = error.found
            except ModuleNotFoundError as error:  # pydicom, for a PET that is not in SUV yet
                text = _("No measures: {error}").format(error=error) if not isSuv(parameters.pet) else ""
        label.text = text
        label.visible = bool(text)

    def _chosen(self, index: int) -> None:
        if self._parameters is not None and index >= 0:
            self._parameters.segment = self._ui.segmentComboBox.itemData(index)

    def _collapsed(self, collapsed: bool) -> None:
        if not collapsed and self._parameters is not None and self._parameters.pet is not None:
            self.edit()
        self.editor.setOpen(not collapsed)


def _segments(segmentationNode) -> list[tuple[str, str]]:
    """ID and name of every segment."""
    if segmentationNode is None:
        return []
    segmentation = segmentationNode.GetSegmentation()
    return [(i, segmentation.GetSegment(i).GetName()) for i in segmentation.GetSegmentIDs()]
