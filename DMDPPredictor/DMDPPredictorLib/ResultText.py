"""The answer as rich text for the panel: applicability first, then each task with interval, n, cohort and protocol."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from dmdp import POPULATION, RESEARCH_USE_ONLY, words
from dmdp.endpoints.base import figure
from dmdp.endpoints.binary import Adjusted
from dmdp.evidence import evidence_of
from dmdp.network.opinion import ZoneShares
from dmdp.prediction.document import Prediction
from dmdp.report import maps
from slicer.i18n import tr as _

from .AnswerText import endpointText
from .Quantities import figureText, quantityText, valueText


def verdictText(prediction: Prediction, dark: bool) -> str:
    """The applicability verdict with its reasons, readable on a dark or a light window."""
    verdict = prediction.applicability.verdict
    reasons = "".join(
        f"<li>{escape(reason.found.rstrip('.'))}. {_('Expected:')} {escape(reason.expected.rstrip('.'))}.</li>"
        for reason in prediction.applicability.reasons
    )
    return f'<h3 style="color:{words.verdict_colour(verdict, dark)}">{words.VERDICTS[verdict]}</h3><ul>{reasons}</ul>'


def answerText(prediction: Prediction, adjusted: Mapping[str, Adjusted | None]) -> str:
    """Probabilities with what stands behind them, and the inputs used and missing.

    ``adjusted`` holds the probabilities at the user's own prevalence, by task.
    """
    tasks = "".join(endpointText(name, adjusted.get(name), prediction) for name in prediction.tasks)
    used = ", ".join(quantityText(prediction, name, value) for name, value in prediction.inputs.used.items())
    missing = words.names(prediction.inputs.missing) or _("nothing")
    contour = prediction.contour
    lesion = _("Lesion: {method}, on {modality}, {volume} ml.").format(
        method=escape(words.method(contour.method)),
        modality=words.modality(contour.modality),
        volume=figureText(contour.volume_ml),
    )
    read = _("Read: {used}. Not provided: {missing}; nothing was imputed.").format(used=escape(used), missing=escape(missing))
    notes = "".join(f"<p>{escape(note)}</p>" for note in prediction.notes)
    population = _("Intended population: {population}").format(population=escape(POPULATION))
    return (
        f"{tasks}<p>{lesion} {read}</p>{notes}{_features(prediction)}{_regions(prediction)}"
        f"<p>{population}</p><p><b>{RESEARCH_USE_ONLY}</b></p>"
    )


def hiddenText() -> str:
    """What stands in the place of the answer for a case that is outside."""
    return f"<p>{_('The models cannot speak about this case, so no probability is shown.')}</p><p><b>{RESEARCH_USE_ONLY}</b></p>"


def networkTitle(prediction: Prediction) -> str:
    """The title of the part of the panel for a network."""
    return evidence_of(prediction.network).heading


def networkText(prediction: Prediction) -> str:
    """The answer of a network and what it is based on; empty if none ran, and only the reason if it could not run."""
    said = prediction.network
    if not said:
        return ""
    note = f"<p>{escape(said.note)}</p>" if said.note else ""
    label = said.label
    if label is None:
        return note
    numbers = ", ".join(f"{escape(name)} {escape(figure(value))}" for name, value in said.probabilities.items())
    missing = words.names(said.missing)
    absent = (
        _("Not known of this patient, though the network uses it: {missing}.").format(missing=escape(missing)) if missing else ""
    )
    warnings = "".join(f"<li>{escape(maps.words(key))}: {escape(' '.join(found))}</li>" for key, found in said.warnings.items())
    return (
        f"<p><b>{escape(label[0].upper() + label[1:])}.</b></p>{note}<p>{escape(said.model)}: {numbers}. {absent}</p>"
        f"{_zones(said.zones)}<ul>{warnings}</ul>"
    )


def _zones(zones: Mapping[str, ZoneShares]) -> str:
    """The share of each map in and round the lesion."""
    if not zones:
        return ""
    titles = {"core": _("core"), "rim": _("rim"), "ring": _("ring"), "elsewhere": _("elsewhere")}
    head = "".join(f"<td>{title}&nbsp;</td>" for title in titles.values())
    rows = "".join(
        f"<tr><td>{escape(maps.words(key))}&nbsp;</td>{''.join(f'<td>{getattr(shares, name):.0%}</td>' for name in titles)}</tr>"
        for key, shares in zones.items()
    )
    said = _("Where each map lies: core of the lesion, rim (3 mm either side of its border), ring (3 to 9 mm), elsewhere.")
    return f"<p>{maps.FOR_THE_POSITIVE_CLASS} {said}</p><table><tr><td></td>{head}</tr>{rows}</table>"


def _features(prediction: Prediction) -> str:
    """The features that were measured, with the range of the training patients."""
    rows = "".join(
        f"<tr><td>{escape(words.name(name))}</td><td>{escape(valueText(prediction, name, f.value))}</td>"
        f"<td>{_range(f.training_range)}</td><td>{_rank(f.percentile)}</td></tr>"
        for name, f in prediction.features.items()
    )
    head = f"<tr><td></td><td></td><td>{_('training patients')}</td><td>{_('percentile')}</td></tr>"
    return f"<h3>{_('Features of the lesion')}</h3><table>{head}{rows}</table>"


def _regions(prediction: Prediction) -> str:
    if not prediction.regions:
        return ""
    rows = "".join(
        f"<tr><td>{escape(r.name)}: {escape(r.meaning)}</td>"
        f"<td>{_('{volume} ml').format(volume=figureText(r.volume_ml)) if r.present else _('absent')}</td></tr>"
        for r in prediction.regions.regions
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in prediction.regions.notes)
    return f"<h3>{_('CT regions')}</h3><table>{rows}</table>{notes}"


def _rank(percentile) -> str:
    return "" if percentile is None else f"{percentile:.0f}"


def _range(limits) -> str:
    return f"{figureText(float(limits[0]))} – {figureText(float(limits[1]))}" if limits else ""
