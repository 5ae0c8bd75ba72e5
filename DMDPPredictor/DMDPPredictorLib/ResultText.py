"""The answer as rich text for the panel: applicability first, then each task with interval, n, cohort and protocol."""

from __future__ import annotations

from html import escape

from dmdp import POPULATION, RESEARCH_USE_ONLY
from dmdp.prediction import Prediction, TaskPrediction
from slicer.i18n import tr as _

COLOURS = {"ok": "#1b6e3c", "caution": "#8a5a00", "outside": "#a3201d"}


def verdictText(prediction: Prediction) -> str:
    """The applicability verdict with its reasons."""
    verdict = prediction.applicability.verdict
    title = {
        "ok": _("Within the models' range"),
        "caution": _("Caution"),
        "outside": _("Outside the models' range"),
    }[verdict]
    reasons = "".join(
        f"<li>{escape(reason.found.rstrip('.'))}. {_('Expected:')} {escape(reason.expected.rstrip('.'))}.</li>"
        for reason in prediction.applicability.reasons
    )
    return f'<h3 style="color:{COLOURS[verdict]}">{title}</h3><ul>{reasons}</ul>'


def answerText(prediction: Prediction) -> str:
    """Probabilities with what stands behind them, and the inputs used and missing."""
    tasks = "".join(_task(task) for task in prediction.tasks.values())
    used = ", ".join(f"{name} {_figure(value)}" for name, value in prediction.inputs["used"].items())
    missing = ", ".join(prediction.inputs["missing"]) or _("nothing")
    contour = prediction.contour
    lesion = _("Lesion: {method} on {modality}, {volume} ml.").format(
        method=escape(contour["method"]), modality=contour["modality"], volume=_figure(contour["volume_ml"])
    )
    read = _("Read: {used}. Not provided: {missing}; nothing was imputed.").format(used=escape(used), missing=escape(missing))
    notes = "".join(f"<p>{escape(note)}</p>" for note in prediction.notes)
    population = _("Intended population: {population}").format(population=escape(POPULATION))
    return f"{tasks}<p>{lesion} {read}</p>{notes}<p>{population}</p><p><b>{RESEARCH_USE_ONLY}</b></p>"


def hiddenText() -> str:
    """What stands in the place of the answer for a case that is outside."""
    return f"<p>{_('The models cannot speak about this case, so no probability is shown.')}</p><p><b>{RESEARCH_USE_ONLY}</b></p>"


def demonstrationText(prediction: Prediction) -> str:
    """What the demonstration network said, with what it is; empty where none ran."""
    demonstration = prediction.demonstration
    if not demonstration:
        return ""
    if demonstration["note"]:
        return f"<p>{escape(demonstration['note'])}</p>"
    numbers = ", ".join(f"{name} {value:.2f}" for name, value in demonstration["probabilities"].items())
    label = demonstration["label"]
    return f"<p><b>{escape(label[0].upper() + label[1:])}.</b></p><p>{escape(demonstration['model'])}: {numbers}</p>"


def _task(task: TaskPrediction) -> str:
    low, high = task.interval
    metrics = "".join(f"<li>{_metric(metric)}</li>" for metric in task.metrics)
    notes = "".join(f"<p>{escape(note)}</p>" for note in task.notes)
    answer = _("probability of {positive} (else {negative})").format(
        positive=escape(task.positive), negative=escape(task.negative)
    )
    basis = _("Interval: {kind}. Fitted to {n} patients, {events} of them {positive}, cohorts {cohort}; {model}, {sub}.").format(
        kind=escape(task.interval_kind),
        n=task.n,
        events=task.events,
        positive=escape(task.positive),
        cohort=escape(task.cohort),
        model=escape(task.model),
        sub=escape(task.sub_model),
    )
    verdict = f"<p>{_('Conformal answer:')} <b>{escape(task.set)}</b> ({escape(task.set_kind)})</p>" if task.set else ""
    return (
        f"<h3>{escape(task.title)}</h3>"
        f'<p><span style="font-size:x-large"><b>{task.probability:.2f}</b></span> ({low:.2f} – {high:.2f}) {answer}</p>'
        f"{verdict}{notes}<p>{basis}</p><ul>{metrics}</ul>"
    )


def _metric(metric) -> str:
    low, high = metric["interval"]
    return escape(f"{metric['metric']} {metric['value']:.2f} ({low:.2f} – {high:.2f}), n = {metric['n']}: {metric['protocol']}")


def _figure(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
