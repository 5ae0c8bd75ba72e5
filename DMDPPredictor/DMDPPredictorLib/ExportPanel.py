"""The export part of the panel: a tick for each format, and the button."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import qt
import slicer
from dmdp.errors import DmdpError
from dmdp.progress import Progress
from dmdp.report.formats import FORMATS
from dmdp.results.reader import Part
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Export import ALL, SCENE, exportObstacle, finishExport, prepareExport, title
from .Messages import Message
from .Packages import offerPackages
from .PanelJob import PanelJob, PanelWorker

NAME = "DMDP-result"
PAGE_MAKER = "jinja2"  # which makes the page of an answer that came with a scene


class ExportPanel:
    """Writes in a child process, as DICOM objects take some seconds. ``changed()`` is called when one starts or ends; ``say``
    shows a line to the user; ``requirements`` and ``more`` are the files that list what Slicer's Python lacks."""

    def __init__(
        self, ui, worker: PanelWorker, say: Message, changed: Callable[[], None], progress: Progress, requirements: str, more: str
    ):
        self._worker = worker
        self._ui, self._say, self._changed, self._requirements, self._more = ui, say, changed, requirements, more
        self._result = self._ct = self._pet = self._target = self._prediction = None
        self._named: list[str] = []
        self._scene = self._fromScene = False
        self.job = PanelJob(worker, progress, self._ended)
        self._boxes = {}
        boxes = qt.QVBoxLayout(ui.formatsPlace)
        boxes.setContentsMargins(0, 0, 0, 0)
        for name in ALL:
            box = qt.QCheckBox(title(name))
            box.checked = name in FORMATS and FORMATS[name].usual
            box.connect("toggled(bool)", self._ticked)
            boxes.addWidget(box)
            self._boxes[name] = box
        ui.exportButton.connect("clicked()", self._askAndExport)

    def refresh(self, result, parameters, running: bool, contourFits: bool = True) -> None:
        """Offer what can be exported now. ``contourFits`` says whether the contour is the one that the result was made from."""
        self._result = result
        self._ct, self._pet = (parameters.ct, parameters.pet) if parameters is not None else (None, None)
        for name, box in self._boxes.items():
            error = exportObstacle(name, self._ct, self._pet, result, contourFits) if result is not None else None
            box.enabled = error is None
            box.toolTip = str(error) if error is not None else self._said(name)
        self._ui.exportButton.enabled = result is not None and bool(self.chosen()) and not running
        ready = _("Into a new folder within the one that you choose.")
        if result is None:
            self._ui.exportButton.toolTip = _("Predict first.")
        else:
            self._ui.exportButton.toolTip = f"{ready} {_predictAgain()}" if result.folder is None else ready

    def chosen(self) -> list[str]:
        """The formats that are ticked and possible."""
        return [name for name, box in self._boxes.items() if box.checked and box.enabled]

    def export(self, folder: str | Path) -> None:
        """Start exporting into a new folder within ``folder``."""
        self._target, formats = _newFolder(Path(folder)), self.chosen()
        self._named, self._scene = [name for name in formats if name != SCENE], SCENE in formats
        self._fromScene, self._prediction = self._result.folder is None, self._result.prediction
        temporary = new_folder("export")
        try:
            if offerPackages(self._packages(), self._requirements, self._more):
                self._worker.renew()
            if self._named:
                self.job.start(prepareExport(self._result, self._target, self._named, self._ct, self._pet, temporary))
            else:
                shutil.rmtree(temporary, ignore_errors=True)
                self._ended(None, temporary, {})
        except (DmdpError, OSError) as error:
            shutil.rmtree(temporary, ignore_errors=True)
            self._say(str(error))
        self._changed()

    def _ended(self, error: DmdpError | None, folder: Path, answer: Mapping[str, Any]) -> None:
        try:
            with slicer.util.WaitCursor():  # the scene is saved here
                said = finishExport(self._prediction, self._target, self._named, error, self._scene, {}).text()
            self._say(f"{said} {_predictAgain()}" if self._fromScene else said)
        except DmdpError as failure:
            self._say(str(failure))
        finally:
            self._changed()

    def _packages(self) -> set[str]:
        """What the chosen formats need besides Slicer's own."""
        formats = [FORMATS[name] for name in self._named]
        pages = self._fromScene and any(Part.PAGE in item.needs for item in formats)
        return {item.package for item in formats if item.package} | ({PAGE_MAKER} if pages else set())

    def _said(self, name: str) -> str:
        """The tooltip of a format that can be written."""
        anew = name in FORMATS and FORMATS[name].needs & {Part.PAGE, Part.TABLES}  # which a scene makes without these
        return _predictAgain() if anew and self._result is not None and self._result.folder is None else ""

    def _askAndExport(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Folder for the export"))
        if folder:
            self.export(folder)

    def _ticked(self, on: bool) -> None:
        self._ui.exportButton.enabled = self._result is not None and bool(self.chosen()) and not self.job.running


def _predictAgain() -> str:
    """What an answer that came with a scene cannot give."""
    return _("The answer came with the scene: predict again for pictures, features of the CT regions, and parametric maps.")


def _newFolder(parent: Path) -> Path:
    """A folder that is not there yet."""
    taken = {path.name for path in parent.glob(f"{NAME}*")}
    names = (NAME, *(f"{NAME}-{number}" for number in range(2, len(taken) + 3)))
    return parent / next(name for name in names if name not in taken)
