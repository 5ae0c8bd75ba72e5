"""The lesion part of the panel: a proposal at the point, the embedded editor, which segment is the lesion, live measures."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import qt
from dmdp.errors import DmdpError
from dmdp.session import new_folder

from .Editor import LesionEditor
from .Measures import Measures
from .Nodes import emptySegmentation
from .PanelJob import PanelWorker
from .Request import measureJob
from .SceneImages import SceneImages

DELAY_MS = 300  # after the last edit: a stroke of the brush makes many events


class LesionPanel:
    """Keeps the editor, the list of segments and the measures in line with the choices."""

    def __init__(self, ui, worker: PanelWorker, images: SceneImages):
        self._ui, self._worker, self._images = ui, worker, images
        self._parameters = None
        self._asked = 0  # an answer to an earlier question than the last is not shown
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
        """Unfold the editor with the contour, a new one if there is none."""
        if self._ui.editorSection.collapsed:
            self._ui.editorSection.collapsed = False  # which comes back here
            return
        parameters = self._parameters
        image = _image(parameters)
        if parameters.segmentation is None:
            parameters.segmentation = emptySegmentation(image)
        parameters.segment = self.editor.edit(parameters.segmentation, image, parameters.segment)

    def refresh(self, parameters) -> None:
        """Bring this part in line with the choices."""
        self._parameters, ui = parameters, self._ui
        segmentation = parameters.segmentation if parameters is not None else None
        image = _image(parameters)
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
        ui.editorSection.enabled = image is not None
        if not ui.editorSection.collapsed:
            self.editor.follow(segmentation, image, parameters.segment if parameters is not None else "")
        if segmentation is None or parameters.pet is None:
            self.measureNow()  # which has nothing to show
        else:
            self.measureSoon()

    def measureSoon(self) -> None:
        """The contour was edited: measure when the edits pause."""
        self._timer.start()

    def measureNow(self) -> None:
        """Ask the worker for SUV and volume of the contour; show nothing if they cannot be known yet."""
        self._timer.stop()
        self._asked += 1
        parameters, asked = self._parameters, self._asked
        if parameters is None or parameters.pet is None or parameters.segmentation is None:
            self._show("")
            return
        folder = new_folder("measure")

        def told(error: DmdpError | None, answer: Mapping[str, Any]) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            if asked == self._asked:
                self._show(Measures.fromAnswer(answer).text() if error is None else error.found)

        try:
            job = measureJob(self._images, parameters.pet, parameters.segmentation, parameters.segment, folder)
        except DmdpError as error:
            told(error, {})
        else:
            self._worker.submit(job, ended=told, kind="measure")

    def _show(self, text: str) -> None:
        label = self._ui.measuresLabel
        label.text = text
        label.visible = bool(text)

    def _chosen(self, index: int) -> None:
        if self._parameters is not None and index >= 0:
            self._parameters.segment = self._ui.segmentComboBox.itemData(index)

    def _collapsed(self, collapsed: bool) -> None:
        if not collapsed and _image(self._parameters) is not None:
            self.edit()
        self.editor.setOpen(not collapsed)


def _image(parameters):
    """The image that the lesion is drawn on: the PET, or the CT if it is alone; None without both."""
    return None if parameters is None else parameters.pet or parameters.ct


def _segments(segmentationNode) -> list[tuple[str, str]]:
    """ID and name of every segment."""
    if segmentationNode is None:
        return []
    segmentation = segmentationNode.GetSegmentation()
    return [(i, segmentation.GetSegment(i).GetName()) for i in segmentation.GetSegmentIDs()]
