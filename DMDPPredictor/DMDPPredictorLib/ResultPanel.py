"""The result part of the panel: applicability first, the answer, the overlay, the report; the demonstration apart."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import qt
import slicer
from dmdp.errors import DmdpError
from slicer.i18n import tr as _

from .Parameters import DMDPPredictorParameterNode
from .Results import PredictionResult, removeHeatmaps
from .ResultText import answerText, demonstrationText, hiddenText, verdictText


class ResultPanel:
    """Shows one result at a time, and says when the choices or the contour are no longer those that it was made from.

    ``say`` shows a line to the user.
    """

    def __init__(self, ui, logic, say: Callable[[str], None]):
        self._ui, self._logic, self._say = ui, logic, say
        self._parameters: DMDPPredictorParameterNode | None = None
        self._result: PredictionResult | None = None
        self._madeFrom: tuple = ()
        self._edited = False
        self._heatmaps: dict[str, object] = {}
        ui.showAnywayButton.connect("toggled(bool)", self._fill)
        ui.overlayButton.connect("clicked()", self.showOverlay)
        ui.heatmapButton.connect("clicked()", self.showHeatmap)
        ui.reportButton.connect("clicked()", self.openReport)
        ui.saveButton.connect("clicked()", self._askAndSave)

    def expect(self, parameters: DMDPPredictorParameterNode) -> None:
        """A job was started from these choices."""
        self._madeFrom, self._edited = _choices(parameters), False

    def show(self, result: PredictionResult) -> None:
        """A job has ended well."""
        self._result = result
        self._heatmaps = self._logic.loadHeatmaps(result, self._parameters.ct)
        for key in self._heatmaps:
            self._ui.heatmapComboBox.addItem(key)
        self._ui.resultSection.collapsed = False

    def clear(self) -> None:
        """Forget the result and its files and heatmaps."""
        if self._result is not None:
            shutil.rmtree(self._result.folder.parent, ignore_errors=True)
        self._result, self._heatmaps = None, {}
        removeHeatmaps()
        self._ui.heatmapComboBox.clear()
        self._ui.showAnywayButton.checked = False
        self._ui.demonstrationSection.collapsed = True

    def contourChanged(self) -> None:
        """The contour was edited."""
        self._edited = True

    def refresh(self, parameters: DMDPPredictorParameterNode | None, running: bool) -> None:
        """Bring this part in line with the choices and the result."""
        self._parameters = parameters
        ui, result = self._ui, self._result
        stale = result is not None and parameters is not None and (self._edited or _choices(parameters) != self._madeFrom)
        ui.staleLabel.text = _("<b>The inputs have changed since this prediction. Press Predict again.</b>")
        ui.staleLabel.visible = stale
        complete = parameters is not None and None not in (parameters.ct, parameters.pet, parameters.segmentation)
        ui.overlayButton.enabled = complete
        ui.reportButton.enabled = ui.saveButton.enabled = result is not None
        ui.heatmapButton.enabled = ui.heatmapComboBox.enabled = complete and bool(self._heatmaps)
        self._fill()
        if result is None and running:
            ui.verdictLabel.text = _("Predicting…")

    def showOverlay(self) -> None:
        """CT with PET in colour and the outline, all views at the lesion."""
        self._overlay(None)

    def showHeatmap(self) -> None:
        """CT with the chosen heatmap in colour and the outline."""
        self._overlay(self._heatmaps.get(self._ui.heatmapComboBox.currentText))

    def openReport(self) -> None:
        """The report in the user's browser."""
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._result.folder / "report.html")))

    def save(self, folder: str | Path) -> Path | None:
        """Copy the whole result into a new folder within ``folder``; returns it, or None after saying what went wrong."""
        taken = {path.name for path in Path(folder).glob("DMDP-result*")}
        names = ("DMDP-result", *(f"DMDP-result-{number}" for number in range(2, len(taken) + 3)))
        target = Path(folder) / next(name for name in names if name not in taken)
        try:
            self._logic.exportReport(self._result, target)
        except DmdpError as error:
            self._say(str(error))
            return None
        self._say(_("Saved in {folder}").format(folder=target))
        return target

    def _askAndSave(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Folder for the results"))
        if folder:
            self.save(folder)

    def _overlay(self, heatmapNode) -> None:
        parameters = self._parameters
        try:
            self._logic.showOverlay(parameters.ct, parameters.pet, parameters.segmentation, heatmapNode)
        except DmdpError as error:
            self._say(str(error))

    def _fill(self, checked: bool | None = None) -> None:
        ui = self._ui
        prediction = self._result.prediction if self._result is not None else None
        outside = prediction is not None and prediction.applicability.verdict == "outside"
        hidden = outside and not ui.showAnywayButton.checked
        ui.showAnywayButton.visible = outside
        ui.verdictLabel.text = verdictText(prediction) if prediction else _("No prediction yet.")
        ui.answerBrowser.visible = prediction is not None
        ui.answerBrowser.html = "" if prediction is None else hiddenText() if hidden else answerText(prediction)
        demonstration = demonstrationText(prediction) if prediction else ""
        ui.demonstrationSection.visible = bool(demonstration)
        ui.demonstrationLabel.text = demonstration


def _choices(parameters: DMDPPredictorParameterNode) -> tuple:
    """What a result depends on; nodes by their IDs."""
    nodes = (parameters.ct, parameters.pet, parameters.segmentation)
    clinical = (parameters.age, parameters.sex, parameters.smoking)
    return (*(node and node.GetID() for node in nodes), *clinical, parameters.model, parameters.demonstration)
