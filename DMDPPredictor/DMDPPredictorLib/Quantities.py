"""Quantities of a prediction as the panel writes them."""

from __future__ import annotations

from dmdp import words
from dmdp.prediction.document import Prediction
from slicer.i18n import tr as _


def quantityText(prediction: Prediction, name: str, value) -> str:
    """A quantity with its value: ``sex female``, ``age 61 years``, ``SUVmax 14.1 g/ml``."""
    return f"{words.name(name)} {valueText(prediction, name, value)}"


def valueText(prediction: Prediction, name: str, value) -> str:
    """A value in words, or as a figure with its unit; a dash for what could not be computed."""
    if value is None:
        return "–"
    unit = prediction.features[name].unit if name in prediction.features else _("years") if name == "age" else "1"
    return words.coded(name, value) or (figureText(value) if unit == "1" else f"{figureText(value)} {unit}")


def figureText(value) -> str:
    """A number with three significant figures, anything else as it is."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
