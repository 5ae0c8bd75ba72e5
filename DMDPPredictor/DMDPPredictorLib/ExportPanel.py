"""The export part of the panel: a tick for each format, and the button."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import qt
import slicer
from dmdp.errors import DmdpError
from dmdp.report.formats import FORMATS
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Export import ALL, SCENE, exportObstacle, prepareExport, saveScene
from .Packages import ensurePackages
from .PanelJob import PanelJob, PanelWorker

NAME = "DMDP-result"
TICKED = ("html", "csv", "json")


class ExportPanel:
    """Writes in a child process, as DICOM objects take some seconds. ``changed()`` is called when one starts or ends; ``say``
    shows a line to the user; ``requirements`` and ``more`` are the files that list what Slicer's Python lacks."""

    def __init__(
        self,
        ui,
        worker: PanelWorker,
        say: Callable[[str], None],
        changed: Callable[[], None],
        progress,
        requirements: str,
        more: str,
    ):
        self._ui, self._say, self._changed, self._requirements, self._more = ui, say, changed, requirements, more
        self._result = self._ct = self._pet = self._target = None
        self._scene = False
        self.job = PanelJob(worker, progress, self._ended)
        self._boxes = {}
        boxes = qt.QVBoxLayout(ui.formatsPlace)
        boxes.setContentsMargins(0, 0, 0, 0)
        for name in ALL:
            box = qt.QCheckBox(_("Slicer scene (.mrb)") if name == SCENE else FORMATS[name].title)
            box.checked = name in TICKED
            box.connect("toggled(bool)", self._ticked)
            boxes.addWidget(box)
            self._boxes[name] = box
        ui.exportButton.connect("clicked()", self._askAndExport)

    def refresh(self, result, parameters, running: bool) -> None:
        """Offer what can be exported now."""
        self._result = result if result is not None and result.folder is not None else None
        self._ct, self._pet = (parameters.ct, parameters.pet) if parameters is not None else (None, None)
        for name, box in self._boxes.items():
            error = exportObstacle(name, self._ct, self._pet) if name != SCENE and self._result is not None else None
            box.enabled = error is None
            box.toolTip = str(error) if error is not None else ""
        self._ui.exportButton.enabled = self._result is not None and bool(self.chosen()) and not running
        ready = _("Into a new folder within the one that you choose")
        self._ui.exportButton.toolTip = ready if self._result is not None else _("Predict first.")

    def chosen(self) -> list[str]:
        """The formats that are ticked and possible."""
        return [name for name, box in self._boxes.items() if box.checked and box.enabled]

    def export(self, folder: str | Path) -> None:
        """Start exporting into a new folder within ``folder``."""
        target, formats = _newFolder(Path(folder)), self.chosen()
        temporary = new_folder("export")
        try:
            named = [name for name in formats if name != SCENE]
            ensurePackages(self._requirements, self._more if any(FORMATS[name].package for name in named) else None)
            self._target, self._scene = target, SCENE in formats
            if named:
                self.job.start(prepareExport(self._result, target, named, self._ct, self._pet, temporary))
            else:
                shutil.rmtree(temporary, ignore_errors=True)
                target.mkdir(parents=True)
                self._ended(None, temporary, {})
        except (DmdpError, OSError) as error:
            shutil.rmtree(temporary, ignore_errors=True)
            self._say(str(error))
        self._changed()

    def _ended(self, error: DmdpError | None, folder: Path, answer: Mapping[str, Any]) -> None:
        try:
            if error is not None:
                raise error
            if self._scene:
                with slicer.util.WaitCursor():
                    saveScene(self._target / "scene.mrb")
            self._say(_("Exported to {folder}").format(folder=self._target))
        except DmdpError as failure:
            self._say(str(failure))
        finally:
            self._changed()

    def _askAndExport(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Folder for the export"))
        if folder:
            self.export(folder)

    def _ticked(self, on: bool) -> None:
        self._ui.exportButton.enabled = self._result is not None and bool(self.chosen()) and not self.job.running


def _newFolder(parent: Path) -> Path:
    """A folder that is not there yet."""
    taken = {path.name for path in parent.glob(f"{NAME}*")}
    names = (NAME, *(f"{NAME}-{number}" for number in range(2, len(taken) + 3)))
    return parent / next(name for name in names if name not in taken)
