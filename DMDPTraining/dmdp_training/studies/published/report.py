"""The tables, pictures and words of a validation run, written into its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dmdp import POPULATION, RESEARCH_USE_ONLY
from dmdp.atomic import write_file
from dmdp.endpoints.conformal import ALPHA

from ...cohorts.published import PET_FEATURES
from ...cohorts.sources import where_to_get
from ...cohorts.table import CohortTable
from ...ensembles.stacking import STACK
from ...runs.figures import save
from ...statistics.associations import cohort_from_features, cohort_label, fisher_missingness
from ...statistics.coverage import coverage
from ...statistics.roc import Difference
from . import paper, plots, sheet, tables
from .plan import QUESTIONS, Plan
from .results import Measured, Pieces, areas, comparisons, left_out, measure, nested, permuted, upstream
from .tables import NOTE, Table, marked, shown
from .units import MODELS


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that is measured from the pieces of a run, ready to be written."""

    cells: Mapping[tuple[str, str, str], Measured]  # task, set, model; label 1 positive
    as_paper: Mapping[tuple[str, str, str], Measured]  # the same with the paper's positive class
    outside: Mapping[tuple[str, str, str, str], Measured]  # task, set, cohort, model; the paper's positive class
    out_of_fold: Mapping[tuple[str, str], Any]
    permuted: Mapping[str, Mapping[str, np.ndarray]]
    pieces: Pieces


def measure_all(pieces: Pieces, cohort: Mapping[str, CohortTable], plan: Plan) -> Findings:
    """Measure every cell of a run."""
    found, outside = nested(pieces, cohort), left_out(pieces)
    cells = {(t, s, m): measure(p, m, plan) for (t, s), p in found.items() for m in MODELS}
    flipped = {
        (t, s, m): measure(found[t, s], m, plan, positive) if (positive := QUESTIONS[t].paper_positive) != 1 else cell
        for (t, s, m), cell in cells.items()
    }
    held = {(t, s, c, m): measure(p, m, plan, QUESTIONS[t].paper_positive) for (t, s, c), p in outside.items() for m in MODELS}
    return Findings(cells, flipped, held, found, permuted(pieces), pieces)


def write(folder: Path, f: Findings, cohort: Mapping[str, CohortTable], configuration: Mapping[str, Any]) -> None:
    """Write tables (Markdown in ``report.md``, CSV each), ``metrics.csv``, ``sheet.md``, pictures and ``results.json``;
    ``summary.md`` is the report without its pictures."""
    made = list(_tables(f, cohort))
    for table in made:
        write_file(folder / "tables" / f"{table.name}.csv", table.csv().encode())
    write_file(folder / "tables" / "metrics.csv", _flat(f).csv().encode())
    pictures = [name for name, (figure, note) in _pictures(f, cohort) for name in save(figure, folder / "pictures", name, note)]
    facts = _facts(f, cohort, configuration)
    write_file(folder / "sheet.md", sheet.markdown(facts).encode())
    guards = _guards(f, cohort)
    write_file(folder / "results.json", (json.dumps(guards, indent=1) + "\n").encode())
    shown_pictures = [p for p in pictures if p.endswith(".png")]
    for name, those in (("report.md", shown_pictures), ("summary.md", [])):
        text = _report(made, guards, facts, f, cohort, configuration, those)
        write_file(folder / name, text.encode())


def _tables(f: Findings, cohort: Mapping[str, CohortTable]) -> Iterator[Table]:
    yield tables.table_1(next(iter(cohort.values())))
    if "EGFR" in cohort:
        yield tables.table_2(f.cells, "EGFR", "table_2", "Table 2. EGFR by feature set")
    if "subtype" in cohort:
        yield tables.table_2(f.as_paper, "subtype", "table_2_subtype", "Subtype by feature set (as the paper's Table S5)")
        yield tables.table_3(f.as_paper, f.outside, "PET_clinical")
    if {"EGFR", "subtype"} <= set(cohort):
        yield tables.table_5(f.cells, f.as_paper)
    yield tables.all_models(f.cells, "AUC", MODELS, "auc", "AUC (DeLong) of every set and model, nested cross-validation")
    yield tables.all_models(f.cells, "AUPRC", MODELS, "auprc", "Average precision, nested cross-validation")
    yield tables.all_models(f.cells, "Brier", MODELS, "brier", "Brier score, nested cross-validation")
    yield _within(f)
    yield _calibration(f)
    yield _conformal(f)
    yield _paired(f)
    yield _outside(f)
    yield from _protocol(f)
    yield _selected(f)


def _within(f: Findings) -> Table:
    rows = [(t, marked(s), *(f"{found.within[m]:.3f}" for m in MODELS)) for (t, s), found in f.out_of_fold.items()]
    title = "Mean AUC within single test folds: what pooling the folds costs"
    return Table("auc_within_folds", title, ("task", "feature set", *MODELS), tuple(rows), NOTE)


def _calibration(f: Findings) -> Table:
    rows = []
    for (task, name, model), m in f.cells.items():
        c = m.calibration
        right = all(low <= target <= high for (low, high), target in ((c.slope.interval, 1), (c.intercept.interval, 0)))
        rows.append((task, marked(name), model, shown(c.slope), shown(c.intercept), "yes" if right else "no"))
    header = ("task", "feature set", "model", "slope", "intercept", "intervals hold 1 and 0")
    return Table("calibration", "Calibration in outer folds", header, tuple(rows), NOTE)


def _conformal(f: Findings) -> Table:
    """The stack's first repeat: one answer per patient, so that the binomial interval holds."""
    rows = []
    for (task, name), predicted in f.out_of_fold.items():
        found, uncertain = coverage(predicted.probability[STACK][0], predicted.y)
        cells = [f"{c.value:.2f} ({c.interval[0]:.2f} to {c.interval[1]:.2f}; {c.kept} of {c.n})" for c in found]
        nominal = all(c.interval[0] <= 1 - ALPHA <= c.interval[1] for c in found)
        rows.append((task, marked(name), *cells, "yes" if nominal else "no", f"{uncertain:.0%}"))
    header = ("task", "feature set", "kept, negative", "kept, positive", f"intervals hold {1 - ALPHA:.1f}", "told uncertain")
    title = f"Conformal answers at {1 - ALPHA:.0%} per class: share of patients whose class stays in their set"
    return Table("conformal", title, header, tuple(rows), NOTE)


def _paired(f: Findings) -> Table:
    rows = [
        (c.task, marked(c.a), marked(c.b), _signed(c.difference), f"{c.difference.p:.3f}", f"{c.adjusted_p:.3f}")
        for c in comparisons(f.out_of_fold)
    ]
    header = ("task", "set", "against", "AUC difference of the stack", "p (DeLong)", "p (Holm, per task)")
    return Table("paired", "Paired comparisons on the same patients", header, tuple(rows), NOTE)


def _signed(d: Difference) -> str:
    return f"{d.value:+.3f} ({d.interval[0]:+.3f} to {d.interval[1]:+.3f})"


def _outside(f: Findings) -> Table:
    rows = []
    for task, name, held in dict.fromkeys(key[:3] for key in f.outside):
        cells = [f.outside[task, name, held, model] for model in MODELS]
        rows.append((task, marked(name), held, f"{cells[0].n} ({cells[0].events})", *(shown(c.values["AUC"]) for c in cells)))
    header = ("task", "feature set", "tested on", "n (events)", *MODELS)
    return Table("left_out", "AUC on a cohort that the model was fitted without", header, tuple(rows), NOTE)


def _protocol(f: Findings) -> Iterator[Table]:
    first, inside = areas(f.pieces, "paper"), areas(f.pieces, "selection_inside")
    rows = []
    for (task, name), found in first.items():
        theirs = paper.of_set(task, name)
        rows += [
            (
                task,
                marked(name),
                model,
                *_spread(values),
                f"{theirs.figures['AUC'][0]:.2f}" if theirs and model == theirs.model else "–",
            )
            for model, values in found.items()
        ]
    for task in dict.fromkeys(t for t, _ in first):
        best = np.max([v for (t, _), found in first.items() if t == task for v in found.values()], axis=0)
        rows.append((task, f"best of all sets and models {tables.MARK}", "per split", *_spread(best), "–"))
    for (task, name), found in inside.items():
        rows += [(task, f"{marked(name)}, selection inside", model, *_spread(values), "–") for model, values in found.items()]
    header = ("task", "feature set", "model", "mean", "SD", "2.5 to 97.5 %", "highest", "paper")
    count = max((len(values) for found in first.values() for values in found.values()), default=0)
    title = f"The paper's protocol over {count} random 8:2 splits: selection on all patients first"
    yield Table("paper_protocol", title, header, tuple(rows), f"{NOTE} {AS_THE_PAPER}")
    leaks = areas(f.pieces, "leak")
    rows = [(task, *(f"{v.mean():.3f}" for v in found.values())) for (task, _), found in leaks.items()]
    header = ("task", *(f"selection {name}" for name in next(iter(leaks.values()), ())))
    title = "What one leaking step is worth: 19 columns by recursive elimination, LR, five-fold AUC"
    yield Table("leak", title, header, tuple(rows), f"{NOTE} {AS_THE_PAPER}")
    rows = [
        (task, marked(name), *(f"{v.mean():.3f}" for v in found.values()))
        for (task, name), found in areas(f.pieces, "reanalysis").items()
    ]
    header = ("task", "columns", *MODELS[:3])
    title = "The released columns without any selection of ours, fixed models, pooled out-of-fold AUC"
    yield Table("reanalysis", title, header, tuple(rows), f"{NOTE} {AS_THE_PAPER}")


AS_THE_PAPER = "Patients and labels as the paper has them (absent PET imputed inside folds, small-cell counted as squamous)."


def _spread(values: np.ndarray) -> tuple[str, ...]:
    low, high = np.percentile(values, (2.5, 97.5))
    sd = values.std(ddof=1) if len(values) > 1 else 0.0
    return f"{values.mean():.3f}", f"{sd:.3f}", f"{low:.2f} to {high:.2f}", f"{values.max():.2f}"


def _selected(f: Findings) -> Table:
    rows = [
        (task, marked(name), feature, f"{count / found.fits:.2f}")
        for (task, name), found in f.out_of_fold.items()
        for feature, count in sorted(found.selected.items(), key=lambda item: (-item[1], item[0]))
        if name in ("PET", QUESTIONS[task].main_set)
    ]
    title = "How often a feature was chosen over the outer fits"
    return Table("selection", title, ("task", "feature set", "feature", "share"), tuple(rows), NOTE)


def _flat(f: Findings) -> Table:
    """One row per figure, for programs."""
    rows = []
    groups = [("nested", "", f.cells)]
    groups += [("left out", held, {(t, s, m): v for (t, s, c, m), v in f.outside.items() if c == held})
               for held in dict.fromkeys(key[2] for key in f.outside)]  # fmt: skip
    for protocol, held, cells in groups:
        for (task, name, model), m in cells.items():
            both = {"calibration slope": m.calibration.slope, "calibration intercept": m.calibration.intercept}
            for metric, value in (*m.values.items(), *both.items()):
                positive = 1 if protocol == "nested" else QUESTIONS[task].paper_positive
                rows.append((protocol, held, task, name, model, metric, *(f"{v:.6f}" for v in (value.value, *value.interval)),
                             str(m.n), str(m.events), str(positive), str(int(upstream(name)))))  # fmt: skip
    header = ("protocol", "tested_on", "task", "feature_set", "model", "metric", "value", "low", "high", "n", "events",
              "label_called_positive", "ct_selected_upstream")  # fmt: skip
    return Table("metrics", "", header, tuple(rows))


def _pictures(f: Findings, cohort: Mapping[str, CohortTable]) -> Iterator[tuple[str, tuple[Any, str]]]:
    first, inside = areas(f.pieces, "paper"), areas(f.pieces, "selection_inside")
    for task, table in cohort.items():
        name, title = QUESTIONS[task].main_set, QUESTIONS[task].positive
        yield f"roc_{task}", plots.roc(f.out_of_fold, f.cells, task, title)
        yield f"forest_{task}", plots.forest(f.cells, task, title, MODELS)
        yield f"calibration_{task}", plots.calibration(f.out_of_fold, f.cells, task, name, QUESTIONS[task].words[1], MODELS)
        yield f"violin_{task}", plots.violin(f.out_of_fold, task, name, QUESTIONS[task].words, MODELS)
        yield f"decision_{task}", plots.decision_curve(f.out_of_fold, task, title)
        yield f"selection_{task}", plots.selection(f.out_of_fold, task, name, title)
        yield f"cohorts_{task}", plots.batches(QUESTIONS[task].analysed(table), task, QUESTIONS[task].words)
        if (task, "PET_CT_clinical") in inside:
            reported = 0.90 if task == "EGFR" else 0.87
            yield f"splits_{task}", plots.splits(first, inside, task, reported, title)


def _guards(f: Findings, cohort: Mapping[str, CohortTable]) -> dict[str, Any]:
    """The figures that show whether the other figures can be trusted."""
    guards: dict[str, Any] = {}
    for task, table in cohort.items():
        known = table.rows(table.known(task))
        missing = fisher_missingness(known.measured("PET"), known.labels[task])
        rows = QUESTIONS[task].analysed(table)
        joint = cohort_label(rows.cohorts, rows.labels[task].astype(int))
        guards[task] = {
            "permuted_auc_mean": {model: float(v[:, 0].mean()) for model, v in f.permuted[task].items()},
            "permuted_auc_mean_within_folds": {model: float(v[:, 1].mean()) for model, v in f.permuted[task].items()},
            "permutations": len(next(iter(f.permuted[task].values()))),
            "missing_pet": {"missing": missing.missing, "events_missing": missing.events_missing, "known": missing.known,
                            "events_known": missing.events_known, "p": missing.p},
            "cohort_label": {"events_of_n": {k: list(v) for k, v in joint.counts.items()}, "p": joint.p},
            "cohort_from_pet_auc": cohort_from_features(rows.select(("PET",)).design(), rows.cohorts),
        }  # fmt: skip
    return guards


def _facts(f: Findings, cohort: Mapping[str, CohortTable], configuration: Mapping[str, Any]) -> dict[str, str]:
    plan, source = configuration["plan"], configuration["source"]
    table = next(iter(cohort.values()))
    sizes = {t: (m.n, m.events) for (t, _, _), m in f.cells.items()}
    per = "; ".join(f"{t}: {n} patients, {e} events" for t, (n, e) in sizes.items())
    cohorts = ", ".join(f"{c} {int((table.cohorts == c).sum())}" for c in sorted(set(table.cohorts.tolist())))
    best = "; ".join(
        f"{t} {marked(QUESTIONS[t].main_set)} stack AUC {shown(f.cells[t, QUESTIONS[t].main_set, 'Stacking'].values['AUC'])}"
        for t in cohort
    )
    return {
        "source": f"{source['repository']}, commit {source['commit']}, three tables with SHA-256.",
        "participants": f"{len(table)} rows ({cohorts}). Analysed: {per}. Left out: small-cell, and patients without PET.",
        "preparation": "Median of the fold for single missing cells, standardisation of the fold; log of skewed SUV and volumes.",
        "predictors": f"Age, sex, smoking; {len(PET_FEATURES)} PET features; CT columns that the authors had selected. {NOTE}",
        "sample_size": f"Fixed by the release. {per}. With {min(e for _, e in sizes.values())} events at the least, about "
        f"{max(1, min(e for _, e in sizes.values()) // 10)} degrees of freedom are safe for an unpenalised model.",
        "missing": "Patients without PET are left out since its absence tells the label (EGFR); no block is imputed.",
        "methods": f"Nested cross-validation, {plan['repeats']} × {plan['folds']} folds, {plan['inner_folds']} inner folds; "
        "selection, grids, stacking and calibration in inner folds; leave-one-cohort-out; the paper's protocol over "
        f"{plan['splits']} splits beside them. DeLong and stratified bootstrap ({plan['resamples']}) over patients.",
        "apart": "Every step that learns is refitted in every fold, inner and outer; permuted labels give "
        + ", ".join(f"{t} {v['Stacking'][:, 0].mean():.3f}" for t, v in f.permuted.items())
        + ".",
        "open": "Command, seed, configuration and versions are in the run folder. The tables have no licence and stay out.",
        "performance": best,
        "interpretation": "See the paired comparisons: what is not shown to beat clinical data alone is said not to.",
        "limitations": "Small, retrospective, cohorts differ in scanner and label rate; CT columns are upstream-selected; no "
        "prospective or independent data.",
        "cohorts": cohorts,
        "confounding": "the cohort is tested against label and features; see the guards",
    }


def _report(
    made: list[Table],
    guards: Mapping[str, Any],
    facts: Mapping[str, str],
    f: Findings,
    cohort: Mapping[str, CohortTable],
    configuration: Mapping[str, Any],
    pictures: list[str],
) -> str:
    lines = ["# Validation on the published matrices", "", f"> {RESEARCH_USE_ONLY}", "", f"Intended population: {POPULATION}", ""]
    lines += [f"Made by `{configuration['command']}`. {facts['methods']}", "", f"Analysed: {facts['participants']}", ""]
    lines += [f"Headline: {facts['performance']}.", "", "## What is shown, and what is not", ""]
    lines += [*_verdicts(f), "", "## What must not be believed in the tables", ""]
    for task, table in cohort.items():
        lines += [f"- **{task}, {x.code}**: {x.found} *{x.handled}*" for x in table.findings if _first(x, task, cohort)]
    lines += ["", "## Guards", ""]
    for task, guard in guards.items():
        means = ", ".join(f"{m} {v:.3f}" for m, v in guard["permuted_auc_mean"].items())
        inside = ", ".join(f"{m} {v:.3f}" for m, v in guard["permuted_auc_mean_within_folds"].items())
        counts = ", ".join(f"{c} {e} of {n}" for c, (e, n) in guard["cohort_label"]["events_of_n"].items())
        lines += [
            f"- **{task}**: labels at random {guard['permutations']} times, mean AUC pooled {means}; within folds {inside} "
            "(0.5 is right; pooling folds costs a little). "
            f"Events by cohort: {counts} (exact p = {guard['cohort_label']['p']:.2g}). "
            f"The PET features tell the cohort with AUC {guard['cohort_from_pet_auc']:.2f}. "
            f"Missing PET against label: Fisher p = {guard['missing_pet']['p']:.2g}."
        ]
    lines += ["", "## Tables", ""]
    lines += [table.markdown() for table in made]
    if pictures:
        lines += ["## Pictures", "", *(f"![{name.removesuffix('.png')}](pictures/{name})" for name in pictures), ""]
    lines += ["## Where the matrices are to be had", "", where_to_get(), "", "## Versions", ""]
    lines += [", ".join(f"{k} {v}" for k, v in configuration["versions"].items()), ""]
    return "\n".join(lines)


def _verdicts(f: Findings) -> Iterator[str]:
    """One sentence per paired comparison (decided by Holm's p < 0.05) and one on calibration (decided by the intervals)."""
    for c in comparisons(f.out_of_fold):
        shown_to = "is better than" if c.difference.value > 0 else "is worse than"
        verdict = shown_to if c.adjusted_p < 0.05 else "is not shown to differ from"
        figures = f"AUC {_signed(c.difference)}, Holm's p = {c.adjusted_p:.2g}"
        yield f"- {c.task}: {marked(c.a)} {verdict} {marked(c.b)}: {figures}, stack, same patients."
    right = [row[-1] == "yes" for row in _calibration(f).rows]
    said = f"- Calibration: in {sum(right)} of {len(right)} cells the intervals of slope and intercept hold 1 and 0"
    others = [m.values["AUC"] for m, well in zip(f.cells.values(), right, strict=True) if not well]
    nothing = sum(auc.interval[0] <= 0.5 for auc in others)
    yield f"{said}; of the other {len(others)}, {nothing} have learnt nothing (their AUC is not shown to exceed 0.5)."


def _first(finding, task: str, cohort: Mapping[str, CohortTable]) -> bool:
    """True if no earlier task has made the same statement."""
    earlier = list(cohort)[: list(cohort).index(task)]
    return all(finding not in cohort[t].findings for t in earlier)
