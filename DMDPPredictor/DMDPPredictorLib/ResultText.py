"""The answer as rich text for the panel: applicability first, then each task with interval, n, cohort and protocol."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from dmdp import POPULATION, RESEARCH_USE_ONLY, words
from dmdp.inputs import CLINICAL_INPUTS
from dmdp.prediction.document import Adjusted, Prediction, TaskPrediction
from dmdp.report import maps
from dmdp.report.standing import is_demonstration
from slicer.i18n import tr as _

BAR, BARS = "▇", 10


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
    tasks = "".join(_task(task, adjusted.get(name), prediction) for name, task in prediction.tasks.items())
    used = ", ".join(_quantity(prediction, name, value) for name, value in prediction.inputs["used"].items())
    missing = words.names(prediction.inputs["missing"]) or _("nothing")
    contour = prediction.contour
    lesion = _("Lesion: {method}, on {modality}, {volume} ml.").format(
        method=escape(words.method(contour["method"])),
        modality=words.modality(contour["modality"]),
        volume=_figure(contour["volume_ml"]),
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
    """What stands over the part of the panel that shows what a network said."""
    if is_demonstration(prediction.demonstration):
        return _("Demonstration network, apart from the answer")
    return _("Network, apart from the answer")


def networkText(prediction: Prediction) -> str:
    """What a network said, with what it is; empty where none ran, and only the reason where it could not run."""
    said = prediction.demonstration
    if not said:
        return ""
    note = f"<p>{escape(said['note'])}</p>" if said["note"] else ""
    label = said["label"]
    if label is None:
        return note
    numbers = ", ".join(f"{escape(name)} {value:.2f}" for name, value in said["probabilities"].items())
    missing = words.names(said.get("missing", ()))
    absent = (
        _("Not known of this patient, though the network uses it: {missing}.").format(missing=escape(missing)) if missing else ""
    )
    warnings = "".join(
        f"<li>{escape(maps.words(key))}: {escape(' '.join(found))}</li>" for key, found in said["warnings"].items()
    )
    return (
        f"<p><b>{escape(label[0].upper() + label[1:])}.</b></p>{note}<p>{escape(said['model'])}: {numbers}. {absent}</p>"
        f"{_zones(said['zones'])}<ul>{warnings}</ul>"
    )


def _zones(zones: Mapping[str, Mapping[str, float]]) -> str:
    """The share of each map in and round the lesion."""
    if not zones:
        return ""
    titles = {"core": _("core"), "rim": _("rim"), "ring": _("ring"), "elsewhere": _("elsewhere")}
    head = "".join(f"<td>{title}&nbsp;</td>" for title in titles.values())
    rows = "".join(
        f"<tr><td>{escape(maps.words(key))}&nbsp;</td>{''.join(f'<td>{shares[name]:.0%}</td>' for name in titles)}</tr>"
        for key, shares in zones.items()
    )
    said = _("Where each map lies: core of the lesion, rim (3 mm either side of its border), ring (3 to 9 mm), elsewhere.")
    return f"<p>{maps.FOR_THE_POSITIVE_CLASS} {said}</p><table><tr><td></td>{head}</tr>{rows}</table>"


def _task(task: TaskPrediction, adjusted: Adjusted | None, prediction: Prediction) -> str:
    low, high = task.interval
    metrics = "".join(f"<li>{_metric(metric)}</li>" for metric in task.metrics)
    notes = "".join(f"<p>{escape(note)}</p>" for note in task.notes)
    answer = _("probability of {positive} (else {negative})").format(
        positive=escape(task.positive), negative=escape(task.negative)
    )
    basis = _(
        "Interval: {interval}. Fitted to {n} patients, {events} of them {positive}, cohorts {cohort}; "
        "{model}, {kind} of {inputs}."
    ).format(
        interval=escape(task.interval_kind),
        n=task.n,
        events=task.events,
        positive=escape(task.positive),
        cohort=escape(task.cohort),
        model=escape(task.model),
        kind=escape(_kind(task.kind, "any")),
        inputs=escape(words.names(task.inputs)),
    )
    verdict = f"<p>{_('Conformal answer:')} <b>{escape(task.set)}</b> ({escape(task.set_kind)})</p>" if task.set else ""
    return (
        f"<h3>{escape(task.title)}</h3>"
        f'<p><span style="font-size:x-large"><b>{task.probability:.2f}</b></span> ({low:.2f} – {high:.2f}) {answer}</p>'
        f"{_local(task, adjusted)}{verdict}{notes}"
        f"{_contributions(task, prediction)}{_alternatives(task)}{_spread(task, prediction)}"
        f"<p>{basis}</p><ul>{metrics}</ul>"
    )


def _local(task: TaskPrediction, adjusted: Adjusted | None) -> str:
    if adjusted is None:
        return ""
    low, high = adjusted.interval
    share = _("at your share of {share} {positive} (training patients: {trained})").format(
        share=f"{adjusted.prevalence:.0%}", positive=escape(task.positive), trained=f"{task.prevalence:.0%}"
    )
    return f"<p><b>{adjusted.probability:.2f}</b> ({low:.2f} – {high:.2f}) {share}</p>"


def _contributions(task: TaskPrediction, prediction: Prediction) -> str:
    """A bar per input: how far it moved the log-odds from those of a typical patient."""
    if not task.contributions:
        return ""
    largest = max(abs(c.log_odds) for c in task.contributions) or 1.0
    rows = ""
    for c in task.contributions:
        bar = BAR * round(BARS * abs(c.log_odds) / largest)
        rows += f"<tr><td>{escape(_quantity(prediction, c.input, c.value))}</td><td>{bar} {c.log_odds:+.2f}</td></tr>"
    said = _("Contributions to the log-odds of {positive}, against a typical patient:").format(positive=escape(task.positive))
    return f"<p>{said}</p><table>{rows}</table>"


def _alternatives(task: TaskPrediction) -> str:
    """What the models that know the same clinical facts say, the one from these alone first; the report has all."""
    clinical = set(task.inputs) & set(CLINICAL_INPUTS)
    same = [a for a in task.alternatives if set(a.inputs) & set(CLINICAL_INPUTS) == clinical]
    others = sorted(same, key=lambda a: a.contour != "none")
    if not others:
        return ""
    rows = "".join(
        f"<tr><td>{escape(_kind(a.kind, a.contour))}</td><td>{a.probability:.2f} ({a.interval[0]:.2f} – {a.interval[1]:.2f})</td>"
        f"<td>{escape(words.names(a.inputs))}</td></tr>"
        for a in others
    )
    return f"<p>{_('Other models on the same case:')}</p><table>{rows}</table>"


def _kind(kind: str, contour: str) -> str:
    names = {"stack": _("stack"), "regression": _("regression")}
    name = names.get(kind, kind)
    return _("{kind}, clinical only").format(kind=name) if contour == "none" else name


def _spread(task: TaskPrediction, prediction: Prediction) -> str:
    """How far the probability moves with the rule that draws the contour."""
    name = next(name for name, other in prediction.tasks.items() if other is task)
    known = {method: p for method, p in prediction.contour["spread"].get(name, {}).items() if p is not None}
    said = ", ".join(f"{escape(words.method(method))}: {p:.2f}" for method, p in known.items())
    text = f"<p>{_('Had another rule drawn the contour:')} {said}</p>" if known else ""
    moved = prediction.contour["moved"].get(name)
    if moved:
        text += f"<p>{_('Had it been drawn 1 mm off:')} {moved[0]:.2f} – {moved[1]:.2f}</p>"
    return text


def _features(prediction: Prediction) -> str:
    """The features that were measured, with the range of the training patients."""
    rows = "".join(
        f"<tr><td>{escape(words.name(name))}</td><td>{escape(_value(prediction, name, f['value']))}</td>"
        f"<td>{_range(f['training_range'])}</td><td>{_rank(f['percentile'])}</td></tr>"
        for name, f in prediction.features.items()
    )
    head = f"<tr><td></td><td></td><td>{_('training patients')}</td><td>{_('percentile')}</td></tr>"
    return f"<h3>{_('Features of the lesion')}</h3><table>{head}{rows}</table>"


def _regions(prediction: Prediction) -> str:
    if not prediction.regions:
        return ""
    rows = "".join(
        f"<tr><td>{escape(r['name'])}: {escape(r['meaning'])}</td>"
        f"<td>{_('{volume} ml').format(volume=_figure(r['volume_ml'])) if r['present'] else _('absent')}</td></tr>"
        for r in prediction.regions["regions"]
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in prediction.regions["notes"])
    return f"<h3>{_('CT regions')}</h3><table>{rows}</table>{notes}"


def _quantity(prediction: Prediction, name: str, value) -> str:
    """A quantity with its value: ``sex female``, ``age 61 years``, ``SUVmax 14.1 g/ml``."""
    return f"{words.name(name)} {_value(prediction, name, value)}"


def _value(prediction: Prediction, name: str, value) -> str:
    """A value in words, or as a figure with its unit; a dash for what could not be computed."""
    if value is None:
        return "–"
    unit = prediction.features[name]["unit"] if name in prediction.features else _("years") if name == "age" else "1"
    return words.coded(name, value) or (_figure(value) if unit == "1" else f"{_figure(value)} {unit}")


def _rank(percentile) -> str:
    return "" if percentile is None else f"{percentile:.0f}"


def _range(limits) -> str:
    return f"{_figure(float(limits[0]))} – {_figure(float(limits[1]))}" if limits else ""


def _metric(metric) -> str:
    low, high = metric["interval"]
    return escape(f"{metric['metric']} {metric['value']:.2f} ({low:.2f} – {high:.2f}), n = {metric['n']}: {metric['protocol']}")


def _figure(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
