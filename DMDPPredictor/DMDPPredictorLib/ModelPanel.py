"""The model part of the panel: which are installed, what they are, adding, checking and removing them."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from dmdp.errors import DmdpError
from slicer.i18n import tr as _

from .Models import addModel, cardText, checkModel, ensembleNames, isRemovable, removeModel
from .Packages import ensurePackages


class ModelPanel:
    """``chosen(name)`` is called when the user chooses another model; ``say`` shows a line to the user; ``requirements`` is the
    file that lists what Slicer's Python lacks, which a model's self-test needs."""

    def __init__(self, ui, chosen: Callable[[str], None], say: Callable[[str], None], requirements: str):
        self._ui, self._chosen, self._say, self._requirements = ui, chosen, say, requirements
        self.names: list[str] = []
        self._shown = None
        ui.modelComboBox.connect("currentTextChanged(QString)", self._onChosen)
        ui.addModelButton.connect("clicked()", self._askAndAdd)
        ui.checkModelButton.connect("clicked()", self.check)
        ui.removeModelButton.connect("clicked()", self.remove)
        self.list()

    def list(self, name: str = "") -> None:
        """Read the installed models anew, and choose ``name`` if it is among them."""
        combo = self._ui.modelComboBox
        former, self.names = name or combo.currentText, ensembleNames()
        blocked = combo.blockSignals(True)
        combo.clear()
        combo.addItems(self.names)
        combo.setCurrentText(former)
        combo.blockSignals(blocked)
        self._shown = None
        if self.names:
            self._onChosen(combo.currentText)

    def refresh(self, name: str) -> None:
        """Show the chosen model."""
        ui = self._ui
        blocked = ui.modelComboBox.blockSignals(True)
        ui.modelComboBox.setCurrentText(name)
        ui.modelComboBox.blockSignals(blocked)
        ui.checkModelButton.enabled = name in self.names
        ui.removeModelButton.enabled = isRemovable(name)
        ui.removeModelButton.toolTip = (
            _("Delete this model from your own models")
            if isRemovable(name)
            else _("It came with the extension and stays; models that you added can be removed.")
        )
        if name != self._shown:
            ui.modelCardLabel.text = cardText(name)
            self._shown = name

    def add(self, path: str) -> None:
        """Install a model bundle from a file or folder."""
        try:
            ensurePackages(self._requirements)
            name = addModel(path)
        except DmdpError as error:
            self._say(str(error))
            return
        self.list(name)
        self._say(_("Added the model {name}: its hashes and its self-test are in order.").format(name=name))

    def check(self) -> None:
        """Verify the chosen model."""
        name = self._ui.modelComboBox.currentText
        try:
            ensurePackages(self._requirements)
            self._say(_("{name} is sound: hashes and self-test agree. SHA-256 {hash}").format(name=name, hash=checkModel(name)))
        except DmdpError as error:
            self._say(str(error))

    def remove(self) -> None:
        """Remove the chosen model, after asking."""
        name = self._ui.modelComboBox.currentText
        if slicer.util.confirmOkCancelDisplay(_("Remove the model {name}?").format(name=name)):
            removeModel(name)
            self.list()
            self._say(_("Removed the model {name}.").format(name=name))

    def _askAndAdd(self) -> None:
        path = qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Model bundle"), "", _("Model bundle (*.zip manifest.json)")
        )
        if path:
            self.add(path.removesuffix("manifest.json") if path.endswith("manifest.json") else path)

    def _onChosen(self, name: str) -> None:
        if name:
            self._chosen(name)
