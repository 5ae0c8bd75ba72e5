"""Pictures of a validation run, each as PNG and SVG. Every one names n, events, protocol and interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.metrics import roc_curve

from ...cohorts.table import CohortTable
from ...runs.figures import COLOURS, figure_of
from ...selection.feature_sets import plain_pipeline
from ...statistics import decision
from ...statistics.calibration import curve
from . import paper
from .results import Measured, Predicted
from .tables import NOTE, marked

GRID = np.linspace(0, 1, 101)


def mean_roc(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sensitivity at :data:`GRID` of false positive rate, mean over the repeats (R, n)."""
    rows = []
    for row in probability:
        false, true, _ = roc_curve(y, row, drop_intermediate=False)
        rows.append(np.interp(GRID, false, true))
    found = np.mean(rows, axis=0)
    found[0] = 0.0
    return found


def roc(
    found: Mapping[tuple[str, str], Predicted], measured: Mapping[tuple[str, str, str], Measured], task: str, title: str
) -> tuple[Figure, str]:
    """ROC curves of every feature set by the stack, and the operating points of the paper if its positive class is ours."""
    names = [s for t, s in found if t == task]
    groups = {
        "CT only": [n for n in names if n.startswith("CT")],
        "clinical and PET": [n for n in names if not n.startswith("CT")],
    }
    groups = {words: group for words, group in groups.items() if group}
    figure, axes = figure_of(4.7 * len(groups), 4.8, len(groups))
    for axis, (words, group) in zip(axes, groups.items(), strict=True):
        axis.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1, linestyle=":")
        for colour, name in zip(COLOURS, group, strict=False):
            area = measured[task, name, "Stacking"].values["AUC"]
            label = f"{marked(name)}: {area.value:.2f} ({area.interval[0]:.2f} to {area.interval[1]:.2f})"
            axis.plot(GRID, mean_roc(found[task, name].probability["Stacking"], found[task, name].y), color=colour, label=label)
            theirs = paper.of_set(task, name)
            if theirs and "specificity" in theirs.figures and task == "EGFR":
                point = 1 - theirs.figures["specificity"][0], theirs.figures["sensitivity"][0]
                axis.plot(*point, marker="D", color=colour, markersize=6, linestyle="none", markeredgecolor="black")
        axis.set(
            xlabel="1 − specificity", ylabel="sensitivity", title=f"{title}: {words}", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01)
        )
        axis.set_aspect("equal")
        axis.legend(fontsize=7, title="AUC of the stack (95 %)", title_fontsize=7, loc="lower right")
    first = found[task, names[0]]
    note = (
        f"n = {len(first.y)}, {int(first.y.sum())} positive; nested cross-validation, mean over {len(first.probability['LR'])} "
    )
    diamonds = "Diamonds: sensitivity and specificity that the paper reports for the set. " if task == "EGFR" else ""
    return figure, f"{note}repeat(s). {diamonds}{NOTE if 'CT only' in groups else ''}"


def forest(measured: Mapping[tuple[str, str, str], Measured], task: str, title: str, models: Sequence[str]) -> tuple[Figure, str]:
    """AUC with its interval of every set and model, and the paper's."""
    names = list(dict.fromkeys(s for t, s, _ in measured if t == task))
    figure, (axis,) = figure_of(7.5, 1.2 + 0.62 * len(names))
    figure.subplots_adjust(left=0.2, right=0.83)
    offsets = np.linspace(-0.3, 0.3, len(models) + 1)
    for i, name in enumerate(names):
        for colour, offset, model in zip(COLOURS, offsets, models, strict=False):
            value = measured[task, name, model].values["AUC"]
            axis.plot(value.interval, [i + offset] * 2, color=colour, linewidth=1.2)
            axis.plot(value.value, i + offset, "o", color=colour, markersize=4, label=model if i == 0 else None)
        theirs = paper.of_set(task, name)
        if theirs:
            v, low, high = theirs.figures["AUC"]
            axis.plot([low, high], [i + offsets[-1]] * 2, color="black", linewidth=1.2, linestyle=":")
            axis.plot(v, i + offsets[-1], "D", color="black", markersize=4, label="_")
    if any(paper.of_set(task, name) for name in names):
        axis.plot([], [], "D:", color="black", markersize=4, label="paper")
    axis.axvline(0.5, color="#bbbbbb", linewidth=1)
    axis.set(xlabel="AUC, 95 % interval", yticks=range(len(names)), yticklabels=[marked(n) for n in names], title=title)
    axis.invert_yaxis()
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5))
    n = measured[task, names[0], models[0]]
    marks = f" {NOTE}" if any(marked(name) != name for name in names) else ""
    return figure, f"n = {n.n}, {n.events} positive; nested cross-validation (paper: best model on one test set).{marks}"


def calibration(
    found: Mapping[tuple[str, str], Predicted], measured, task: str, name: str, title: str, models
) -> tuple[Figure, str]:
    """Observed against predicted share per model, six groups of equal size, with slope and intercept."""
    predicted = found[task, name]
    figure, axes = figure_of(11, 3.9, len(models), sharey=True)
    for axis, model, colour in zip(axes, models, COLOURS, strict=False):
        points = curve(predicted.probability[model], predicted.y)
        x, observed = [q.predicted for q in points], np.array([q.observed for q in points])
        bounds = np.array([q.interval for q in points]).T
        axis.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1, linestyle=":")
        axis.errorbar(x, observed, yerr=np.abs(bounds - observed), color=colour, marker="o", markersize=4, capsize=2, linewidth=1)
        figures = measured[task, name, model]
        c = figures.calibration
        words = (
            f"slope {c.slope.value:.2f} ({c.slope.interval[0]:.2f} to {c.slope.interval[1]:.2f})\n"
            f"intercept {c.intercept.value:.2f} ({c.intercept.interval[0]:.2f} to {c.intercept.interval[1]:.2f})\n"
            f"Brier {figures.values['Brier'].value:.3f}"
        )
        if task == "EGFR" and model == "Stacking" and name == "PET_CT_clinical":
            words += f" (paper {paper.BRIER_EGFR_STACK:.2f})"
        axis.text(0.03, 0.97, words, transform=axis.transAxes, va="top", fontsize=7)
        axis.set(title=model, xlabel="predicted probability", xlim=(0, 0.85), ylim=(0, 1))
    axes[0].set_ylabel(f"observed share {title}")
    n = f"n = {len(predicted.y)}, {int(predicted.y.sum())} positive"
    note = f"{marked(name)}; {n}; outer folds, all repeats; bars: 95 % Wilson intervals."
    return figure, f"{note} {NOTE if '†' in marked(name) else ''}"


def violin(
    found: Mapping[tuple[str, str], Predicted], task: str, name: str, words: tuple[str, str], models
) -> tuple[Figure, str]:
    """Distribution of the out-of-fold probability per class and model."""
    predicted = found[task, name]
    figure, axes = figure_of(11, 3.9, len(models), sharey=True)
    for axis, model in zip(axes, models, strict=True):
        p = predicted.probability[model]
        groups = [p[:, predicted.y == label].ravel() for label in (0, 1)]
        parts = axis.violinplot(groups, positions=[0, 1], showextrema=False, widths=0.8)
        for body, colour in zip(parts["bodies"], COLOURS, strict=False):
            body.set(facecolor=colour, alpha=0.5)
        for i, group in enumerate(groups):
            low, middle, high = np.percentile(group, (25, 50, 75))
            axis.plot([i, i], [low, high], color="black", linewidth=3)
            axis.plot(i, middle, "o", color="white", markersize=4, markeredgecolor="black")
        axis.axhline(predicted.y.mean(), color="#999999", linewidth=1, linestyle=":")
        labels = [f"{word}\nn = {int((predicted.y == i).sum())}" for i, word in enumerate(words)]
        axis.set(xticks=[0, 1], xticklabels=labels, title=model, ylim=(0, 1))
        axis.tick_params(axis="x", labelsize=7)
    axes[0].set_ylabel(f"probability of {words[1]}")
    note = f"{marked(name)}; outer folds, all repeats; dots: medians, bars: quartiles, dotted: prevalence."
    return figure, f"{note} {NOTE if '†' in marked(name) else ''}"


def decision_curve(found: Mapping[tuple[str, str], Predicted], task: str, title: str) -> tuple[Figure, str]:
    """Net benefit of acting on the stack of the main sets, beside acting on everyone and on nobody."""
    figure, (axis,) = figure_of(6.5, 4.4)
    names = [n for n in ("clinical", "PET", "PET_clinical", "PET_CT_clinical") if (task, n) in found]
    y = found[task, names[0]].y
    everyone = decision.treat_all(y)
    axis.plot(decision.THRESHOLDS, everyone, color="#999999", linestyle="--", label="everyone")
    axis.axhline(0, color="black", linewidth=1, label="nobody")
    best = everyone.max()
    for colour, name in zip(COLOURS, names, strict=False):
        benefit = decision.net_benefit(found[task, name].probability["Stacking"], y)
        best = max(best, benefit.max())
        axis.plot(decision.THRESHOLDS, benefit, color=colour, label=marked(name))
    axis.set(
        xlabel="threshold probability", ylabel="net benefit per patient", title=title, ylim=(-0.05, best * 1.1), xlim=(0.05, 0.6)
    )
    axis.legend(fontsize=8)
    note = f"n = {len(y)}, {int(y.sum())} positive; stack, outer folds, mean over repeats."
    return figure, f"{note} {NOTE if any('†' in marked(n) for n in names) else ''}"


def splits(
    first: Mapping[tuple[str, str], Mapping[str, np.ndarray]],
    inside: Mapping[tuple[str, str], Mapping[str, np.ndarray]],
    task: str,
    reported: float,
    title: str,
) -> tuple[Figure, str]:
    """How the paper's protocol spreads over random 8:2 splits, what the order of steps adds, and what picking the best adds."""
    name = "PET_CT_clinical"
    best = np.max([values for (t, _), models in first.items() if t == task for values in models.values()], axis=0)
    rows = (
        ("selection inside\nthe training part", inside[task, name]["Stacking"]),
        ("selection first,\non all patients", first[task, name]["Stacking"]),
        ("selection first, best of\n8 sets × 4 models", best),
    )
    figure, (axis,) = figure_of(7.5, 3.9)
    figure.subplots_adjust(left=0.22, right=0.86)
    rng = np.random.default_rng(0)
    for i, (_, values) in enumerate(rows):
        axis.plot(values, i + rng.uniform(-0.18, 0.18, len(values)), ".", color=COLOURS[i], markersize=5, alpha=0.7)
        low, high = np.percentile(values, (2.5, 97.5))
        axis.plot([low, high], [i + 0.3] * 2, color="black", linewidth=1.5)
        axis.plot(values.mean(), i + 0.3, "o", color="black", markersize=4)
        words = f"mean {values.mean():.2f}\n{low:.2f} to {high:.2f}\nhighest {values.max():.2f}"
        axis.text(1.02, i, words, transform=axis.get_yaxis_transform(), fontsize=8, va="center")
    axis.axvline(reported, color="#D55E00", linewidth=1.2, linestyle="--")
    axis.text(reported + 0.005, -0.62, f"paper {reported:.2f}", color="#D55E00", fontsize=8)
    axis.set(yticks=range(3), yticklabels=[words for words, _ in rows], xlabel="AUC on the test fifth", title=title)
    axis.set_ylim(2.6, -0.8)
    axis.set_xlim(0.35, 1.01)
    axis.set_xticks(np.arange(0.4, 1.01, 0.1))
    note = f"{marked(name)}, stack; one dot per random split ({len(best)} splits); bars: mean and 95 % of the splits."
    return figure, f"{note} {NOTE}"


def selection(found: Mapping[tuple[str, str], Predicted], task: str, name: str, title: str, most: int = 20) -> tuple[Figure, str]:
    """How often each feature was chosen over the outer fits."""
    predicted = found[task, name]
    rows = sorted(predicted.selected.items(), key=lambda item: (-item[1], item[0]))[:most]
    figure, (axis,) = figure_of(7.5, 1.3 + 0.22 * len(rows))
    figure.subplots_adjust(left=0.06 + 0.0085 * max(len(feature) for feature, _ in rows))
    share = [count / predicted.fits for _, count in rows]
    axis.barh(range(len(rows)), share, color=COLOURS[0])
    axis.set(yticks=range(len(rows)), yticklabels=[feature for feature, _ in rows], xlim=(0, 1), title=title)
    axis.set_xlabel(f"share of {predicted.fits} outer fits that chose it")
    axis.tick_params(axis="y", labelsize=7)
    axis.invert_yaxis()
    note = f"{marked(name)}; clinical columns are always kept."
    return figure, f"{note} {NOTE if '†' in marked(name) else ''}"


def batches(table: CohortTable, task: str, words: tuple[str, str]) -> tuple[Figure, str]:
    """First two principal components of the PET features, coloured by cohort and by label: they show whether cohorts differ."""
    part = table.select(("PET",))
    found = PCA(2, random_state=0).fit(prepared := plain_pipeline().fit_transform(part.design()))
    points = found.transform(prepared)
    labels = table.labels[task]
    figure, axes = figure_of(9, 4.3, 2)
    groups = (
        [(cohort, table.cohorts == cohort) for cohort in sorted(set(table.cohorts.tolist()))],
        [(word, labels == i) for i, word in enumerate(words)],
    )
    for axis, named, title in zip(axes, groups, ("by cohort", "by label"), strict=True):
        for colour, (word, mask) in zip(COLOURS, named, strict=False):
            axis.scatter(*points[mask].T, s=10, color=colour, alpha=0.6, label=f"{word} ({int(mask.sum())})", linewidths=0)
        shares = found.explained_variance_ratio_
        axis.set(xlabel=f"component 1 ({shares[0]:.0%} of variance)", ylabel=f"component 2 ({shares[1]:.0%})", title=title)
        axis.legend(fontsize=8)
    return figure, f"20 PET features, standardised, n = {len(table)}; a view only, nothing is learnt from it."
