"""The model part of the panel: the model that answers, a network beside it, adding, checking and removing them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from typing import Any

import qt
import slicer
from dmdp.errors import DmdpError
from dmdp.jobs.job import write_job
from dmdp.jobs.worker import ready
from dmdp.models import ANSWERING, APART
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Models import cardText, isRemovable, modelNames, removeModel
from .Packages import ensurePackages
from .PanelJob import PanelWorker


class ModelChoice:
    """The installed bundles of some ``kinds`` in a ``combo`` box, with the chosen one's ``card`` and buttons to ``check`` and to
    ``remove`` it.

    ``none`` is what stands for no bundle, empty if one must be chosen. ``chosen(name)`` is called when the user chooses
    another; ``say`` shows a line to the user; ``questions`` are put to the worker.
    """

    def __init__(
        self, kinds: Collection[str], combo, card, check, remove, chosen, say, questions: ModelQuestions, none: str = ""
    ):
        self._kinds, self._combo, self._card, self._check, self._remove = kinds, combo, card, check, remove
        self._chosen, self._say, self._questions, self._none = chosen, say, questions, none
        self.names: list[str] = []
        self._shown = None
        combo.connect("currentIndexChanged(int)", self._onChosen)
        check.connect("clicked()", self.check)
        remove.connect("clicked()", self.remove)
        self.list()

    def list(self, name: str = "") -> None:
        """Read the installed bundles anew, and choose ``name`` if it is among them."""
        combo, self.names = self._combo, modelNames(self._kinds)
        wanted = name if name in self.names else self._name(combo.currentIndex)
        blocked = combo.blockSignals(True)
        combo.clear()
        if self._none:
            combo.addItem(self._none, "")
        for installed in self.names:
            combo.addItem(installed, installed)
        combo.setCurrentIndex(max(combo.findData(wanted), 0))
        combo.blockSignals(blocked)
        self._shown = None
        self._onChosen(combo.currentIndex)

    def refresh(self, name: str) -> None:
        """Show the chosen bundle."""
        combo = self._combo
        blocked = combo.blockSignals(True)
        combo.setCurrentIndex(combo.findData(name))
        combo.blockSignals(blocked)
        self._check.enabled = name in self.names
        self._remove.enabled = isRemovable(name)
        self._remove.toolTip = (
            _("Delete this model from your own models")
            if isRemovable(name)
            else _("Models that you added can be removed; those that came with the extension stay.")
        )
        if name != self._shown:
            self._card.text = cardText(name)
            self._card.visible = bool(name)
            self._shown = name

    def check(self) -> None:
        """Verify the chosen bundle."""
        name = self._name(self._combo.currentIndex)

        def told(answer: Mapping[str, Any]) -> None:
            words = _("{name} is sound: hashes and self-test agree. SHA-256 {hash}")
            self._say(words.format(name=name, hash=answer["sha256"]))

        self._questions.ask("verify-model", told, name=name)

    def remove(self) -> None:
        """Remove the chosen bundle, after asking."""
        name = self._name(self._combo.currentIndex)
        if slicer.util.confirmOkCancelDisplay(_("Remove the model {name}?").format(name=name)):
            removeModel(name)
            self.list()
            self._say(_("Removed the model {name}.").format(name=name))

    def _name(self, index: int) -> str:
        return self._combo.itemData(index) or ""

    def _onChosen(self, index: int) -> None:
        if index >= 0:
            self._chosen(self._name(index))


class ModelQuestions:
    """Asks the worker about models, whose self-tests import what they need; ``say`` tells what went wrong.

    ``requirements`` is the file that lists what Slicer's Python lacks.
    """

    def __init__(self, worker: PanelWorker, say: Callable[[str], None], requirements: str):
        self._worker, self._say, self._requirements = worker, say, requirements

    def ask(self, question: str, told: Callable[[Mapping[str, Any]], None], **arguments: Any) -> None:
        """Put a question of :mod:`dmdp.viewer.questions`; ``told(answer)`` is called if it has one."""
        try:
            if ensurePackages(self._requirements):
                self._worker.renew()
        except DmdpError as error:
            self._say(str(error))
            return
        folder = new_folder("model")

        def ended(error: DmdpError | None, answer: Mapping[str, Any]) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            if error is None:
                told(answer)
            else:
                self._say(str(error))

        self._say(_("Checking the model…"))
        self._worker.submit(ready(write_job(folder, question, arguments)), ended=ended)


class ModelPanel:
    """``chosen(name)`` is called when the user chooses another model, ``networkChosen(name)`` for a network (empty: none)."""

    def __init__(
        self,
        ui,
        chosen: Callable[[str], None],
        networkChosen: Callable[[str], None],
        say: Callable[[str], None],
        questions: ModelQuestions,
    ):
        self._say, self._questions = say, questions
        self._ensembles = ModelChoice(
            ANSWERING,
            ui.modelComboBox,
            ui.modelCardLabel,
            ui.checkModelButton,
            ui.removeModelButton,
            chosen,
            say,
            questions,
        )
        self._networks = ModelChoice(
            APART,
            ui.networkComboBox,
            ui.networkCardLabel,
            ui.checkNetworkButton,
            ui.removeNetworkButton,
            networkChosen,
            say,
            questions,
            none=_("none"),
        )
        ui.addModelButton.connect("clicked()", self._askAndAdd)

    @property
    def names(self) -> list[str]:
        """The installed models that answer."""
        return self._ensembles.names

    @property
    def networks(self) -> list[str]:
        """The installed networks."""
        return self._networks.names

    def refresh(self, name: str, network: str) -> None:
        """Show the chosen model, and the chosen network or none."""
        self._ensembles.refresh(name)
        self._networks.refresh(network)

    def add(self, path: str) -> None:
        """Install a bundle of either kind from a file or folder, and choose it."""

        def told(answer: Mapping[str, Any]) -> None:
            name = answer["name"]
            self._ensembles.list(name)
            self._networks.list(name)
            self._say(_("Added the model {name}: its hashes and its self-test are in order.").format(name=name))

        self._questions.ask("add-model", told, path=path)

    def _askAndAdd(self) -> None:
        path = qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Model bundle"), "", _("Model bundle (*.zip manifest.json)")
        )
        if path:
            self.add(path.removesuffix("manifest.json") if path.endswith("manifest.json") else path)
