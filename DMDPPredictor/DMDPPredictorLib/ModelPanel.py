"""The model part of the panel: the model that answers, a network beside it, adding, checking and removing them."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from dmdp.errors import DmdpError
from slicer.i18n import tr as _

from .Models import addModel, cardText, checkModel, isRemovable, modelNames, removeModel
from .Packages import ensurePackages


class ModelChoice:
    """The installed bundles of one ``kind`` in a ``combo`` box, with the chosen one's ``card`` and buttons to ``check`` and to
    ``remove`` it.

    ``none`` is what stands for no bundle, empty where one must be chosen. ``chosen(name)`` is called when the user chooses
    another; ``say`` shows a line to the user; ``requirements`` is the file that lists what Slicer's Python lacks, which a
    model's self-test needs.
    """

    def __init__(self, kind: str, combo, card, check, remove, chosen, say, requirements: str, none: str = ""):
        self._kind, self._combo, self._card, self._check, self._remove = kind, combo, card, check, remove
        self._chosen, self._say, self._requirements, self._none = chosen, say, requirements, none
        self.names: list[str] = []
        self._shown = None
        combo.connect("currentIndexChanged(int)", self._onChosen)
        check.connect("clicked()", self.check)
        remove.connect("clicked()", self.remove)
        self.list()

    def list(self, name: str = "") -> None:
        """Read the installed bundles anew, and choose ``name`` if it is among them."""
        combo, self.names = self._combo, modelNames(self._kind)
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
        try:
            ensurePackages(self._requirements)
            self._say(_("{name} is sound: hashes and self-test agree. SHA-256 {hash}").format(name=name, hash=checkModel(name)))
        except DmdpError as error:
            self._say(str(error))

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


class ModelPanel:
    """``chosen(name)`` is called when the user chooses another model, ``networkChosen(name)`` for another network (empty: none);
    ``say`` and ``requirements`` as in :class:`ModelChoice`."""

    def __init__(
        self,
        ui,
        chosen: Callable[[str], None],
        networkChosen: Callable[[str], None],
        say: Callable[[str], None],
        requirements: str,
    ):
        self._say, self._requirements = say, requirements
        self._ensembles = ModelChoice(
            "ensemble",
            ui.modelComboBox,
            ui.modelCardLabel,
            ui.checkModelButton,
            ui.removeModelButton,
            chosen,
            say,
            requirements,
        )
        self._networks = ModelChoice(
            "network",
            ui.networkComboBox,
            ui.networkCardLabel,
            ui.checkNetworkButton,
            ui.removeNetworkButton,
            networkChosen,
            say,
            requirements,
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
        try:
            ensurePackages(self._requirements)
            name = addModel(path)
        except DmdpError as error:
            self._say(str(error))
            return
        self._ensembles.list(name)
        self._networks.list(name)
        self._say(_("Added the model {name}: its hashes and its self-test are in order.").format(name=name))

    def _askAndAdd(self) -> None:
        path = qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Model bundle"), "", _("Model bundle (*.zip manifest.json)")
        )
        if path:
            self.add(path.removesuffix("manifest.json") if path.endswith("manifest.json") else path)
