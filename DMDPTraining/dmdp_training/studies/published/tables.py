"""Tables shaped like Tables 1, 2, 3 and 5 of Jiang et al. 2026 (DMDP), with the published figure in the next column."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...cohorts.published import AS_PUBLISHED
from ...cohorts.table import CohortTable
from ...selection.feature_sets import UPSTREAM
from ...statistics.bootstrap import Value
from . import paper
from .plan import EXTERNAL
from .results import Measured, upstream

COLUMNS = ("AUC", "accuracy", "F1", "sensitivity", "specificity")
MARK = "†"
NOTE = f"{MARK} CT columns {UPSTREAM}."


@dataclass(frozen=True)
class Table:
    """``name`` is its file name; every cell is a string."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def markdown(self) -> str:
        """The table as GitHub-flavoured Markdown, with title and note."""
        lines = [" | ".join(row).join(("| ", " |")) for row in (self.header, ("---",) * len(self.header), *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines, *(("", self.note) if self.note else ())]) + "\n"

    def csv(self) -> str:
        """The same as CSV, without title and note."""
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows((self.header, *self.rows))
        return stream.getvalue()


def shown(value: Value | tuple[float, float, float] | None) -> str:
    """``0.71 (0.63 to 0.79)``, or a dash if there is nothing."""
    if value is None:
        return "–"
    v, low, high = value if isinstance(value, tuple) else (value.value, *value.interval)
    return "–" if not np.isfinite(v) else f"{v:.2f} ({low:.2f} to {high:.2f})"


def marked(feature_set: str) -> str:
    """The name of a set, with the mark if its CT columns were selected on all patients."""
    return f"{feature_set} {MARK}" if upstream(feature_set) else feature_set


def table_1(table: CohortTable) -> Table:
    """Patients per cohort as the file has them, beside the paper's Table 1."""
    found: dict[str, dict[str, str]] = {name: {} for name in paper.TABLE_1}
    sex, smoking, age = (table.column(name) for name in ("sex", "smoking", "age"))
    small = (table.labels[AS_PUBLISHED] == 1) & (table.labels["subtype"] != 1)
    for cohort in ("GD", "NR", "LPCD"):
        here = table.cohorts == cohort
        low, middle, high = np.nanpercentile(age[here], (25, 50, 75))
        found["age, years"][cohort] = f"{middle:.0f} [{low:.0f}, {high:.0f}]"
        masks = {
            "female": sex == 1, "male": sex == 0, "never smoked": smoking == 0, "ever smoked": smoking == 1,
            "EGFR wild type": table.labels["EGFR"] == 0, "EGFR mutant": table.labels["EGFR"] == 1,
            "squamous": table.labels["subtype"] == 1, "adenocarcinoma": table.labels["subtype"] == 0, "small cell": small,
        }  # fmt: skip
        for name, mask in masks.items():
            found[name][cohort] = str(int((mask & here).sum()))
    sizes = {c: int((table.cohorts == c).sum()) for c in ("GD", "NR", "LPCD")}
    header = ["", *(word for c, n in sizes.items() for word in (f"{c} (n = {n})", f"{c}, paper"))]
    rows = [(name, *(w for c in sizes for w in (found[name][c], paper.TABLE_1[name][c]))) for name in paper.TABLE_1]
    return Table("table_1", "Table 1. Patients by cohort", tuple(header), tuple(rows), TABLE_1_NOTE)


TABLE_1_NOTE = (
    "Counts are those of the released files; unknown values are in neither row. The paper's sex labels are swapped. Smoking in "
    "GD is constant in the file and counts as unknown here. The paper counts the small-cell carcinomas as squamous."
)


def table_2(found: Mapping[tuple[str, str, str], Measured], task: str, name: str, title: str) -> Table:
    """Per feature set: the model that the paper calls best, by nested cross-validation, each figure beside the paper's.

    ``found`` maps (task, feature set, model). If the paper gives no row the stack is shown.
    """
    rows = []
    for feature_set in dict.fromkeys(s for t, s, _ in found if t == task):
        theirs = paper.of_set(task, feature_set)
        model = theirs.model if theirs else "Stacking"
        ours = found[task, feature_set, model]
        figures = theirs.figures if theirs else {}
        cells = (word for c in COLUMNS for word in (shown(ours.values[c]), shown(figures.get(c))))
        rows.append((marked(feature_set), model, f"{ours.n} ({ours.events})", *cells))
    header = ("feature set", "model", "n (events)", *(w for c in COLUMNS for w in (c, f"{c}, paper")))
    return Table(name, title, header, tuple(rows), f"Ours: nested cross-validation. Paper: one 8:2 split. {NOTE}")


def table_3(
    internal: Mapping[tuple[str, str, str], Measured], external: Mapping[tuple[str, str, str, str], Measured], feature_set: str
) -> Table:
    """The subtype models inside and on the external cohort; adenocarcinoma counts as positive, as in the paper."""
    rows = []
    for inside, outside in zip(paper.TABLE_3_INTERNAL, paper.TABLE_3_EXTERNAL, strict=True):
        ours_in = internal["subtype", feature_set, inside.model]
        ours_out = external.get(("subtype", feature_set, EXTERNAL, inside.model))
        cells = []
        for ours, theirs in ((ours_in, inside), (ours_out, outside)):
            for c in ("AUC", "accuracy", "F1"):
                cells += [shown(ours.values[c] if ours else None), shown(theirs.figures.get(c))]
        rows.append((inside.model, *cells))
    words = [
        f"{where} {c}{who}" for where in ("internal", "external") for c in ("AUC", "accuracy", "F1") for who in ("", ", paper")
    ]
    size = internal["subtype", feature_set, "LR"]
    outside = external.get(("subtype", feature_set, EXTERNAL, "LR"))
    note = f"{feature_set}. Internal: nested cross-validation, n = {size.n}. "
    note += f"External: fitted without {EXTERNAL}, tested on it, n = {outside.n} ({outside.events} squamous). " if outside else ""
    return Table("table_3", "Table 3. Subtype, internal and external", ("model", *words), tuple(rows), f"{note}{POSITIVE}")


POSITIVE = "Adenocarcinoma is the positive class of accuracy, F1, sensitivity and specificity, as in the paper."


def table_5(egfr: Mapping[tuple[str, str, str], Measured], subtype: Mapping[tuple[str, str, str], Measured]) -> Table:
    """The paper's best models of both tasks beside ours; the network has no trained counterpart here."""
    rows = []
    for task, found in (("EGFR", egfr), ("subtype", subtype)):
        for theirs in paper.TABLE_5[task]:
            ours = found.get((task, theirs.feature_set, theirs.model))
            cells = (w for c in COLUMNS for w in (shown(ours.values[c] if ours else None), shown(theirs.figures[c])))
            rows.append((marked(theirs.feature_set), theirs.model, task, *cells))
    header = ("feature set", "model", "task", *(w for c in COLUMNS for w in (c, f"{c}, paper")))
    note = f"The network of this project is trained on simulated patients only, hence the dashes. {POSITIVE} {NOTE}"
    return Table("table_5", "Table 5. Best models of both tasks", header, tuple(rows), note)


def all_models(
    found: Mapping[tuple[str, str, str], Measured], metric: str, models: Sequence[str], name: str, title: str
) -> Table:
    """One figure of every set and model."""
    rows = []
    for task, feature_set in dict.fromkeys((t, s) for t, s, _ in found):
        row = [found[task, feature_set, model] for model in models]
        cells = (shown(m.values[metric]) for m in row)
        rows.append((task, marked(feature_set), f"{row[0].n} ({row[0].events})", *cells))
    return Table(name, title, ("task", "feature set", "n (events)", *models), tuple(rows), NOTE)
