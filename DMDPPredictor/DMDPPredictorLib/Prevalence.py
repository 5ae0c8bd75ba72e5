"""One slider per task for the local share of positives; it changes the displayed probability only (label shift)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ctk
import qt
from dmdp.endpoints.answers import Answer
from dmdp.endpoints.binary import Adjusted, BinaryAnswer
from slicer.i18n import tr as _

LOWEST, HIGHEST = 1, 99  # percent


class PrevalenceSliders:
    """Sliders in a box within ``place``, an empty widget, made anew for every result; ``moved()`` is called when one is moved."""

    def __init__(self, place, moved: Callable[[], None]):
        self._layout, self._moved = qt.QVBoxLayout(place), moved
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._box = None
        self._sliders: dict[str, object] = {}
        self._trained: dict[str, float] = {}

    def offer(self, answers: Mapping[str, Answer]) -> None:
        """A slider for each binary answer, at the prevalence of its training patients."""
        tasks = {name: answer for name, answer in answers.items() if isinstance(answer, BinaryAnswer)}
        if self._box is not None:
            self._layout.removeWidget(self._box)
            self._box.setParent(None)
            self._box.deleteLater()
        self._box = qt.QWidget()
        form = qt.QFormLayout(self._box)
        form.setContentsMargins(0, 0, 0, 0)
        self._trained = {name: task.prevalence for name, task in tasks.items()}
        self._sliders = {}
        for name, task in tasks.items():
            slider = ctk.ctkSliderWidget()
            slider.minimum, slider.maximum, slider.decimals, slider.singleStep = LOWEST, HIGHEST, 0, 1
            slider.suffix = " %"
            slider.value = round(100 * task.prevalence)
            slider.toolTip = _("Share of {positive} among your patients; {share} % of the training patients").format(
                positive=task.positive, share=round(100 * task.prevalence)
            )
            slider.connect("valueChanged(double)", self._onMoved)
            form.addRow(qt.QLabel(f"{task.title}:"), slider)
            self._sliders[name] = slider
        self._layout.addWidget(self._box)

    def reset(self) -> None:
        """Back to the training patients' shares."""
        for name, slider in self._sliders.items():
            slider.value = round(100 * self._trained[name])

    def adjusted(self, name: str, task: Answer) -> Adjusted | None:
        """Probability and interval at the slider's share; None if it stands at the training patients'."""
        slider = self._sliders.get(name)
        if slider is None or round(slider.value) == round(100 * self._trained[name]):
            return None
        return task.at(slider.value / 100)

    def _onMoved(self, value: float) -> None:
        self._moved()
