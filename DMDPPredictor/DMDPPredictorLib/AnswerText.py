"""The answer to one endpoint as rich text for the panel, by the kind of the answer."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from dmdp import words
from dmdp.bundles.card import Metric
from dmdp.endpoints.answers import Answer, NoAnswer, OfSubModel
from dmdp.endpoints.binary import Adjusted, BinaryAnswer
from dmdp.endpoints.ordinal import OrdinalAnswer
from dmdp.inputs import CLINICAL_INPUTS
from dmdp.prediction.document import Prediction
from slicer.i18n import tr as _

from .Quantities import quantityText

BAR, BARS = "▇", 10


def endpointText(name: str, adjusted: Adjusted | None, prediction: Prediction) -> str:
    """What the models say to the endpoint ``name``, with what stands behind it; ``adjusted`` is a binary answer at the user's own
    prevalence."""
    answer = prediction.tasks[name]
    text = KINDS[type(answer)](answer, adjusted, prediction, name)
    return f"<h3>{escape(answer.title)}</h3>{text}"


def _none(answer: NoAnswer, adjusted: None, prediction: Prediction, name: str) -> str:
    return f"<p>{_('No answer.')} {escape(answer.reason)}</p>"


def _binary(answer: BinaryAnswer, adjusted: Adjusted | None, prediction: Prediction, name: str) -> str:
    low, high = answer.interval
    said = _("probability of {positive} (else {negative})").format(
        positive=escape(answer.positive), negative=escape(answer.negative)
    )
    fitted = _("{n} patients, {events} of them {positive}").format(
        n=answer.n, events=answer.events, positive=escape(answer.positive)
    )
    return (
        f'<p><span style="font-size:x-large"><b>{answer.probability:.2f}</b></span> ({low:.2f} – {high:.2f}) {said}</p>'
        f"{_local(answer, adjusted)}{_conformal(answer, answer.set or '')}"
        f"{_behind(answer, prediction, name, escape(answer.positive), fitted)}"
    )


def _ordinal(answer: OrdinalAnswer, adjusted: None, prediction: Prediction, name: str) -> str:
    rows = "".join(
        f"<tr><td>{escape(label)}</td><td>{BAR * round(BARS * p)} <b>{p:.2f}</b> ({low:.2f} – {high:.2f})</td></tr>"
        for label, p, (low, high) in zip(answer.classes, answer.probabilities, answer.intervals, strict=True)
    )
    counts = ", ".join(
        _("{count} of {label}").format(count=count, label=escape(label))
        for label, count in zip(answer.classes, answer.counts, strict=True)
    )
    fitted = _("{n} patients, {counts}").format(n=answer.n, counts=counts)
    return (
        f"<p>{_('Probability of each class:')}</p><table>{rows}</table>{_conformal(answer, _(' or ').join(answer.set or ()))}"
        f"{_behind(answer, prediction, name, _('a higher class'), fitted)}"
    )


KINDS: dict[type[Answer], Callable[..., str]] = {BinaryAnswer: _binary, OrdinalAnswer: _ordinal, NoAnswer: _none}


def _conformal(answer: OfSubModel, said: str) -> str:
    return f"<p>{_('Conformal answer:')} <b>{escape(said)}</b> ({escape(answer.set_kind)})</p>" if said else ""


def _behind(answer: OfSubModel, prediction: Prediction, name: str, higher: str, fitted: str) -> str:
    """What stands behind an answer; ``higher`` is what its log-odds speak for, ``fitted`` whom its sub-model was fitted to."""
    metrics = "".join(f"<li>{_metric(metric)}</li>" for metric in answer.metrics)
    notes = "".join(f"<p>{escape(note)}</p>" for note in answer.notes)
    basis = _("Interval: {interval}. Fitted to {fitted}, cohorts {cohort}; {model}, {kind} of {inputs}.").format(
        interval=escape(answer.interval_kind),
        fitted=fitted,
        cohort=escape(answer.cohort),
        model=escape(answer.model),
        kind=escape(_kind(answer.kind, "any")),
        inputs=escape(words.names(answer.inputs)),
    )
    return (
        f"{notes}{_contributions(answer, prediction, higher)}{_alternatives(answer)}{_spread(name, prediction)}"
        f"<p>{basis}</p><ul>{metrics}</ul>"
    )


def _local(answer: BinaryAnswer, adjusted: Adjusted | None) -> str:
    if adjusted is None:
        return ""
    low, high = adjusted.interval
    share = _("at your share of {share} {positive} (training patients: {trained})").format(
        share=f"{adjusted.prevalence:.0%}", positive=escape(answer.positive), trained=f"{answer.prevalence:.0%}"
    )
    return f"<p><b>{adjusted.probability:.2f}</b> ({low:.2f} – {high:.2f}) {share}</p>"


def _contributions(answer: OfSubModel, prediction: Prediction, higher: str) -> str:
    """A bar per input: how far it moved the log-odds from those of a typical patient."""
    if not answer.contributions:
        return ""
    largest = max(abs(c.log_odds) for c in answer.contributions) or 1.0
    rows = ""
    for c in answer.contributions:
        bar = BAR * round(BARS * abs(c.log_odds) / largest)
        rows += f"<tr><td>{escape(quantityText(prediction, c.input, c.value))}</td><td>{bar} {c.log_odds:+.2f}</td></tr>"
    said = _("Contributions to the log-odds of {positive}, against a typical patient:").format(positive=higher)
    return f"<p>{said}</p><table>{rows}</table>"


def _alternatives(answer: OfSubModel) -> str:
    """What the models that know the same clinical facts say, the one from these alone first; the report has all."""
    clinical = set(answer.inputs) & set(CLINICAL_INPUTS)
    same = [a for a in answer.alternatives if set(a.inputs) & set(CLINICAL_INPUTS) == clinical]
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
    names = {"stack": _("stack"), "regression": _("regression"), "proportional_odds": _("proportional odds regression")}
    name = names.get(kind, kind)
    return _("{kind}, clinical only").format(kind=name) if contour == "none" else name


def _spread(name: str, prediction: Prediction) -> str:
    """How far the probability moves with the rule that draws the contour."""
    known = {method: p for method, p in prediction.contour.spread.get(name, {}).items() if p is not None}
    said = ", ".join(f"{escape(words.method(method))}: {p:.2f}" for method, p in known.items())
    text = f"<p>{_('Had another rule drawn the contour:')} {said}</p>" if known else ""
    moved = prediction.contour.moved.get(name)
    if moved:
        text += f"<p>{_('Had it been drawn 1 mm off:')} {moved[0]:.2f} – {moved[1]:.2f}</p>"
    return text


def _metric(metric: Metric) -> str:
    low, high = metric.interval
    return escape(f"{metric.metric} {metric.value:.2f} ({low:.2f} – {high:.2f}), n = {metric.n}: {metric.protocol}")
