"""The result part of the panel: applicability first, the answer, the report and other exports; a network apart."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import qt
import slicer
from dmdp.errors import DmdpError
from dmdp.progress import silent
from dmdp.results.layout import REPORT
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Contour import Contour
from .Messages import Message
from .PanelJob import PanelJob, PanelWorker
from .Parameters import DMDPPredictorParameterNode
from .Prevalence import PrevalenceSliders
from .ResultNode import Choices, choices, contourNow, removeResult, storedResult, storeResult
from .Results import (
    PredictionResult,
    heatmapNodes,
    mapsJob,
    readMaps,
    regionsNode,
    removeHeatmaps,
    removeRegions,
    showMap,
)
from .ResultText import answerText, hiddenText, networkText, networkTitle, verdictText
from .Style import isDark
from .ViewPanel import ViewPanel

SETTLED_MS = 400  # after the last edit: a stroke of the brush makes many events


class ResultPanel:
    """Shows one result at a time, and says when the choices or the contour are no longer those that it was made from.

    ``changed()`` is called when edits of the contour have paused and it was looked at again.
    """

    def __init__(self, ui, logic, worker: PanelWorker, say: Message, changed: Callable[[], None]):
        self._ui, self._say = ui, say
        self._parameters: DMDPPredictorParameterNode | None = None
        self._madeFrom: Choices | None = None
        self._expected: Choices | None = None
        self._contour = Contour()  # as it was when edits last paused
        self._editing = False
        self._changed = changed
        self._settled = qt.QTimer()
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLED_MS)
        self._settled.connect("timeout()", self._contourSettled)
        self._written = ""
        self._later: list[Callable[[], object]] = []
        self._timer = qt.QTimer()
        self._timer.setInterval(0)
        self._timer.connect("timeout()", self._showNext)
        self._maps = PanelJob(worker, silent, self._takeMaps)
        self.result: PredictionResult | None = None
        self.views = ViewPanel(ui, logic, say)
        self._sliders = PrevalenceSliders(ui.prevalencePlace, self._fill)
        ui.showAnywayButton.connect("toggled(bool)", self._fill)
        ui.reportButton.connect("clicked()", self.openReport)
        ui.resetPrevalenceButton.connect("clicked()", self._sliders.reset)

    def expect(self, parameters: DMDPPredictorParameterNode) -> None:
        """A job is started from these choices; a former result stays until the new one has come."""
        self._expected = choices(parameters)

    def show(self, result: PredictionResult) -> None:
        """A job has ended well: its answer takes the place of a former one; its maps follow when the worker has prepared them."""
        self.clear()
        self._madeFrom = self._expected
        self._take(result)
        storeResult(result.prediction, self._madeFrom)
        folder = new_folder("maps")
        self._maps.startIn(folder, mapsJob(result, folder))

    def restore(self) -> None:
        """Show the answer that came with the scene, if one did and there is no other."""
        stored = storedResult() if self.result is None else None
        if stored is not None:
            self._madeFrom = stored.madeFrom
            self._take(PredictionResult(stored.prediction, None))
            self.views.show(heatmapNodes(), regionsNode())

    def clear(self) -> None:
        """Forget the result, its files, heatmaps and regions, and take them out of the scene."""
        self.forget()
        removeHeatmaps()
        removeRegions()
        removeResult()

    def forget(self) -> None:
        """Forget the result and its files; what the scene holds of it goes with the scene."""
        self._timer.stop()
        self._settled.stop()
        self._editing = False
        self._maps.abandon()
        self._later = []
        if self.result is not None and self.result.folder is not None:
            shutil.rmtree(self.result.folder.parent, ignore_errors=True)
        self.result = None
        self.views.clear()
        self._sliders.offer({})
        self._ui.showAnywayButton.checked = False
        self._ui.networkSection.collapsed = True

    def _take(self, result: PredictionResult) -> None:
        self.result = result
        self._sliders.offer(result.prediction.tasks)
        self._ui.resultSection.collapsed = False

    @property
    def loading(self) -> bool:
        """True until all maps of the result are in the scene."""
        return self._maps.running or bool(self._later)

    def _takeMaps(self, error: DmdpError | None, folder: Path, answer: Mapping[str, Any]) -> None:
        """Regions and heatmaps become nodes one by one, so that the window never stands still for long."""
        with self._say.told():
            if error is not None:
                raise error
            result, image = self.result, self._parameters.ct or self._parameters.pet
            self._later = [lambda found=found: showMap(result, found, image) for found in readMaps(answer)]
            self._timer.start()

    def _showNext(self) -> None:
        if self._later:
            with slicer.util.WaitCursor():
                self._later.pop(0)()
        if not self._later:
            self._timer.stop()
            self.views.show(heatmapNodes(), regionsNode())
            self.views.refresh(self._parameters)

    def contourChanged(self) -> None:
        """The contour is being edited: it is compared with that of the result when the edits pause."""
        self._editing = True
        self._settled.start()

    @property
    def contourFits(self) -> bool:
        """Whether the contour is the one that the result was made from."""
        return self._madeFrom is not None and self._contour == self._madeFrom.contour

    def _contourSettled(self) -> None:
        self._editing = False
        self._changed()

    def _isStale(self) -> bool:
        """Whether the result was made from something else than what is chosen now."""
        parameters = self._parameters
        if self.result is None or parameters is None:
            return False
        if not self._editing:
            self._contour = contourNow(parameters)
        return choices(parameters, self._contour) != self._madeFrom

    def refresh(self, parameters: DMDPPredictorParameterNode | None, running: bool) -> None:
        """Bring this part in line with the choices and the result."""
        self._parameters = parameters
        ui, result = self._ui, self.result
        ui.staleLabel.text = _("<b>The inputs have changed since this prediction. Press Predict again.</b>")
        ui.staleLabel.visible = self._isStale()
        ui.reportButton.enabled = result is not None and result.folder is not None
        ui.reportButton.toolTip = (
            _("The whole report in the web browser")
            if result is None or result.folder is not None
            else _("The answer came with the scene, its report did not: press Predict to make it anew.")
        )
        self.views.refresh(parameters)
        self._fill()
        if result is None and running:
            ui.verdictLabel.text = _("Predicting…")

    def openReport(self) -> None:
        """The report in the user's browser."""
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self.result.folder / REPORT)))

    def _fill(self, checked: bool | None = None) -> None:
        ui = self._ui
        prediction = self.result.prediction if self.result is not None else None
        outside = prediction is not None and prediction.applicability.verdict == "outside"
        hidden = outside and not ui.showAnywayButton.checked
        ui.showAnywayButton.visible = outside
        ui.verdictLabel.text = verdictText(prediction, isDark(ui.verdictLabel)) if prediction else _("No prediction yet.")
        ui.answerBrowser.visible = prediction is not None
        ui.prevalenceSection.visible = prediction is not None and not hidden
        if prediction is None:
            self._write("")
        elif hidden:
            self._write(hiddenText())
        else:
            adjusted = {name: self._sliders.adjusted(name, task) for name, task in prediction.tasks.items()}
            self._write(answerText(prediction, adjusted))
        said = networkText(prediction) if prediction else ""
        ui.networkSection.visible = bool(said)
        ui.networkSection.text = networkTitle(prediction) if said else ""
        ui.networkLabel.text = said

    def _write(self, answer: str) -> None:
        """Show the answer where the reader has scrolled to: new text goes back to the top."""
        if answer != self._written:
            scroll = self._ui.answerBrowser.verticalScrollBar()
            position = scroll.value
            self._ui.answerBrowser.html = self._written = answer
            scroll.value = position
