"""The slice-view part of the panel: PET or a heatmap over the CT, the CT regions, and the way back to the former views."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dmdp.errors import DmdpError
from dmdp.report import maps
from slicer.i18n import tr as _

from .Legend import hideLegends
from .Overlay import HEATMAP_THRESHOLD
from .Results import isEmpty
from .Views import Views, currentViews, restoreViews, withDisplays


class ViewPanel:
    """Shows and hides the overlay; it remembers what the views showed before. ``say`` shows a line to the user."""

    def __init__(self, ui, logic, say: Callable[[str], None]):
        self._ui, self._logic, self._say = ui, logic, say
        self._parameters = None
        self._heatmaps: dict[str, dict[str, object]] = {}  # by task and by kind and place
        self._regions = None
        self._former: Views | None = None
        self._overlaid = (False, False)  # whether the overlay shows the CT, and the PET
        ui.overlayButton.connect("toggled(bool)", self._toggled)
        ui.heatmapButton.connect("toggled(bool)", self._heatmapToggled)
        ui.regionsButton.connect("toggled(bool)", self._regionsToggled)
        ui.taskComboBox.connect("currentTextChanged(QString)", self._taskChosen)
        ui.layerComboBox.connect("currentTextChanged(QString)", self._update)
        ui.opacitySlider.connect("valueChanged(double)", self._update)
        ui.thresholdSlider.connect("valueChanged(double)", self._update)
        ui.legendCheckBox.connect("toggled(bool)", self._update)

    def show(self, heatmaps: Mapping[str, object], regionsNode) -> None:
        """A result has come: offer its heatmaps (by ``<task>_<modality>_<stage>``), empty ones last, and its CT regions."""
        self._heatmaps, self._regions = _choices(heatmaps), regionsNode
        if regionsNode is not None:
            regionsNode.GetDisplayNode().SetVisibility(self._ui.regionsButton.checked)
        _fill(self._ui.taskComboBox, self._heatmaps)
        self._fillLayers()

    def clear(self) -> None:
        """The result is gone; the views go back if they show one of its maps."""
        self._ui.heatmapButton.checked = False
        self._ui.regionsButton.checked = False
        self.show({}, None)

    def forget(self) -> None:
        """The scene closes: there is nothing to go back to."""
        hideLegends()
        self._former = None
        for button in (self._ui.overlayButton, self._ui.heatmapButton, self._ui.regionsButton):
            blocked = button.blockSignals(True)
            button.checked = False
            button.blockSignals(blocked)
        self.show({}, None)

    def refresh(self, parameters) -> None:
        """Bring the controls in line with the choices."""
        self._parameters, ui = parameters, self._ui
        images = (parameters.ct, parameters.pet) if parameters is not None else (None, None)
        complete = any(node is not None for node in images) and parameters.segmentation is not None
        lost = any(was and node is None for was, node in zip(self._overlaid, images, strict=True))
        if ui.overlayButton.checked and (lost or not complete):
            ui.overlayButton.checked = False
        ui.overlayButton.enabled = complete
        ui.overlayButton.toolTip = (
            _("CT, PET in colour and the lesion's outline in all slice views, centred on the lesion; again: as it was before")
            if complete
            else _("Needs the CT or the PET, and the lesion's contour.")
        )
        shown = ui.overlayButton.checked
        for control in (ui.opacitySlider, ui.thresholdSlider, ui.legendCheckBox):
            control.enabled = complete and shown
        for control in (ui.heatmapButton, ui.taskComboBox, ui.layerComboBox):
            control.enabled = complete and bool(self._heatmaps)
        ui.regionsButton.enabled = self._regions is not None

    def _toggled(self, on: bool) -> None:
        images = (self._parameters.ct, self._parameters.pet) if on else (None, None)
        self._overlaid = tuple(node is not None for node in images)
        if on:
            self._former = self._former or currentViews()
            self._draw(arrange=True)
        else:
            self._ui.heatmapButton.checked = False
            if self._former is not None:
                restoreViews(self._former)
            self._former = None
        self.refresh(self._parameters)

    def _heatmapToggled(self, on: bool) -> None:
        blocked = self._ui.thresholdSlider.blockSignals(True)
        self._ui.thresholdSlider.value = HEATMAP_THRESHOLD if on else 0.0
        self._ui.thresholdSlider.blockSignals(blocked)
        if on and not self._ui.overlayButton.checked:
            self._ui.overlayButton.checked = True
        else:
            self._update()

    def _regionsToggled(self, on: bool) -> None:
        if _present(self._regions):
            self._regions.GetDisplayNode().SetVisibility(on)

    def _taskChosen(self, task: str) -> None:
        self._fillLayers()
        self._update()

    def _fillLayers(self) -> None:
        """The maps of the chosen task; the same kind and place as before if it has it."""
        combo = self._ui.layerComboBox
        former = combo.currentText
        layers = self._heatmaps.get(self._ui.taskComboBox.currentText, {})
        _fill(combo, layers)
        if former in layers:
            blocked = combo.blockSignals(True)
            combo.setCurrentText(former)
            combo.blockSignals(blocked)

    def _update(self, changed=None) -> None:
        if self._ui.overlayButton.checked:
            self._draw(arrange=False)  # the user may have scrolled since

    def _draw(self, arrange: bool) -> None:
        parameters, ui = self._parameters, self._ui
        heatmap = self._heatmaps.get(ui.taskComboBox.currentText, {}).get(ui.layerComboBox.currentText)
        heatmap = heatmap if ui.heatmapButton.checked and _present(heatmap) else None
        self._former = withDisplays(self._former, parameters.ct, parameters.pet, parameters.segmentation, heatmap)
        try:
            self._logic.showOverlay(
                parameters.ct,
                parameters.pet,
                parameters.segmentation,
                heatmap,
                opacity=ui.opacitySlider.value,
                threshold=ui.thresholdSlider.value,
                legend=ui.legendCheckBox.checked,
                segmentId=parameters.segment,
                arrange=arrange,
            )
        except DmdpError as error:
            self._say(str(error))


def _choices(heatmaps: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Maps by task, and by kind and place in words, as the two lists offer them: empty ones last, and named so."""
    choices: dict[str, dict[str, object]] = {}
    for empty, name in sorted((isEmpty(node), name) for name, node in heatmaps.items()):
        task, modality, stage = maps.split(name)
        title = maps.title(modality, stage)
        choices.setdefault(task, {})[_("{map} (empty)").format(map=title) if empty else title] = heatmaps[name]
    return choices


def _present(node) -> bool:
    """Whether a node is there, and the user has not taken it out of the scene."""
    return node is not None and node.GetScene() is not None


def _fill(comboBox, words) -> None:
    blocked = comboBox.blockSignals(True)
    comboBox.clear()
    comboBox.addItems(list(words))
    comboBox.blockSignals(blocked)
