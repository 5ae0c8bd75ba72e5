"""What an ablation found, as tables: Table 4 of Jiang et al. 2026 with more rows, differences, and the controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dmdp import RESEARCH_USE_ONLY
from dmdp.atomic import write_file
from scipy.special import expit

from ...learning.examples import label_array
from ...simulate.labels import MODALITIES
from ...statistics.roc import Difference, compare, delong, holm
from ..published.tables import Table
from .data import Patients
from .pieces import INTACT, WITHOUT
from .plan import AblationPlan
from .variants import FULL, NO_RADIOMICS, PERMUTED, VARIANTS

STACK_TITLE = "Stacking ensemble (no network)"
COMMAND = "dmdp validate ablation --out RUN"


@dataclass(frozen=True, eq=False)
class Findings:
    """``pieces`` by (variant or stack, seed); ``device`` in words."""

    plan: AblationPlan
    pieces: Mapping[tuple[str, int], Mapping[str, Any]]
    patients: Patients
    device: str

    @property
    def names(self) -> tuple[str, ...]:
        """The compared models in the order of the tables; the permuted control is not one."""
        return (*(n for n in self.plan.variants if n != PERMUTED.name), "stack")

    @property
    def truth(self) -> np.ndarray:
        """Labels of the held-out patients, int (N, tasks)."""
        return label_array(self.patients.held_out, self.plan.tasks).astype(int)

    def scores(self, name: str, task: int, how: str = INTACT) -> np.ndarray:
        """Log-odds (seeds, N) of a model for a task."""
        return np.array([self.pieces[name, seed]["logits"][how] for seed in range(self.plan.seeds)])[:, :, task]


def title(name: str) -> str:
    """A model's name in a table."""
    return VARIANTS[name].title if name in VARIANTS else STACK_TITLE


def areas(f: Findings) -> Table:
    """AUC by task and its mean over the tasks."""
    rows = []
    for name in f.names:
        cells, values = [], []
        for task in range(len(f.plan.tasks)):
            found = delong(f.scores(name, task), f.truth[:, task])
            values.append(found.value)
            cells.append(_with_interval(found.value, found.interval))
        rows.append((title(name), *cells, f"{np.mean(values):.3f}", _spread(f, name)))
    note = (
        f"AUC on {len(f.truth)} held-out simulated patients, mean over {f.plan.seeds} seed(s), with the 95 % interval over "
        "patients (DeLong); last column: lowest and highest mean AUC of a seed."
    )
    return Table("auc", "AUC by label", ("model", *f.plan.tasks, "mean", "seeds"), tuple(rows), note)


def calls(f: Findings) -> Table:
    """Sensitivity and specificity, as in Table 4 of Jiang et al. 2026."""
    rows = []
    for name in f.names:
        cells = []
        for task in range(len(f.plan.tasks)):
            y = f.truth[:, task] == 1
            thresholds = np.array([f.pieces[name, s]["thresholds"][task] for s in range(f.plan.seeds)])
            positive = expit(f.scores(name, task)) >= thresholds[:, None]
            cells.append(f"{positive[:, y].mean():.2f} / {(~positive[:, ~y]).mean():.2f}")
        rows.append((title(name), *cells))
    note = "Sensitivity / specificity, mean over the seeds, at the threshold that was best on the patients of early stopping."
    return Table(
        "table_4", "Sensitivity and specificity (shape of the paper's Table 4)", ("model", *f.plan.tasks), tuple(rows), note
    )


def differences(f: Findings) -> Table:
    """Every other model against the full one, paired over patients."""
    others = [name for name in f.names if name != FULL.name]
    found = {
        (name, task): compare(f.scores(FULL.name, task), f.scores(name, task), f.truth[:, task])
        for name in others
        for task in range(len(f.plan.tasks))
    }
    adjusted = dict(zip(found, holm(np.array([d.p for d in found.values()])), strict=True))
    rows = [
        (title(name), *(_signed(found[name, task], adjusted[name, task]) for task in range(len(f.plan.tasks)))) for name in others
    ]
    note = "Positive where the full model is better; 95 % interval over patients; * p < 0.05 (DeLong, Holm over the whole table)."
    return Table("differences", "Full model minus the other", ("model", *f.plan.tasks), tuple(rows), note)


def controls(f: Findings, name: str) -> Table:
    """A model as it is and with each modality taken away, images and what was measured on them."""
    rows = []
    for task, label in enumerate(f.plan.tasks):
        cells = [", ".join(MODALITIES[label]).upper()]
        for how in (INTACT, *WITHOUT):
            found = delong(f.scores(name, task, how), f.truth[:, task])
            cells.append(_with_interval(found.value, found.interval))
        rows.append((label, *cells))
    note = "A modality that is taken away is filled with air or no uptake, and the values that were measured on it are unknown."
    header = ("label", "shows in", "as it is", "CT taken away", "PET taken away")
    return Table(f"controls_{name}", f"Modalities taken away: {title(name).lower()} (AUC)", header, tuple(rows), note)


def chance(f: Findings) -> Table:
    """The results of training on the labels of other patients and testing on the true ones."""
    rows, means = [], []
    for task, label in enumerate(f.plan.tasks):
        seeds = [delong(row, f.truth[:, task]).value for row in f.scores(PERMUTED.name, task)]
        means.append(np.mean(seeds))
        rows.append((label, ", ".join(f"{value:.3f}" for value in seeds), f"{means[-1]:.3f}"))
    rows.append(("all labels", "", f"{np.mean(means):.3f}"))
    note = "The network without radiomics, trained on permuted labels; 0.5 is what a sound protocol gives."
    return Table("chance", "Labels at random (AUC)", ("label", "by seed", "mean"), tuple(rows), note)


def size(f: Findings) -> Table:
    """The size of each model and its best epoch. No time is given, as it would differ in a run that was stopped and resumed."""
    rows = []
    for name in f.names:
        pieces = [f.pieces[name, seed] for seed in range(f.plan.seeds)]
        tables = [len(p["table"]) for p in pieces]
        rows.append(
            (
                title(name),
                f"{pieces[0].get('parameters', 0) / 1e6:.2f} M" if "parameters" in pieces[0] else "–",
                f"{min(tables)}–{max(tables)}" if min(tables) != max(tables) else str(tables[0]),
                ", ".join(str(p["epoch"]) for p in pieces) if "epoch" in pieces[0] else "–",
            )
        )
    header = ("model", "parameters", "table columns", "best epoch by seed")
    return Table("size", "Size", header, tuple(rows))


def verdict(f: Findings) -> str:
    """Which models come before the full one, in words."""
    mean = {n: np.mean([delong(f.scores(n, t), f.truth[:, t]).value for t in range(len(f.plan.tasks))]) for n in f.names}
    better = sorted((n for n in mean if mean[n] > mean[FULL.name]), key=lambda n: -mean[n])
    if not better:
        return f"The full model has the highest mean AUC ({mean[FULL.name]:.3f})."
    listed = ", ".join(f"{title(n)} ({mean[n]:.3f})" for n in better)
    return f"The full model (mean AUC {mean[FULL.name]:.3f}) does not win: higher are {listed}."


def write(folder: Path, f: Findings) -> None:
    """``report.md``, a CSV file per table, and ``plan.json``."""
    tables = [areas(f), calls(f), differences(f)]
    tables += [controls(f, v.name) for v in (FULL, NO_RADIOMICS) if v.name in f.plan.variants]
    tables += [*([chance(f)] if PERMUTED.name in f.plan.variants else []), size(f)]
    for table in tables:
        write_file(folder / f"{table.name}.csv", table.csv().encode())
    write_file(folder / "report.md", _page(f, tables).encode())


def _page(f: Findings, tables: list[Table]) -> str:
    p = f.plan
    lines = [
        "# Ablation of the DMDP network on simulated patients",
        "",
        f"{verdict(f)}",
        "",
        f"Simulated patients with invented labels: this shows what the architecture can learn, and nothing about real ones. "
        f"{RESEARCH_USE_ONLY}",
        "",
        f"- Made by `{command(p)}` on {f.device}; a stopped run goes on where it was.",
        f"- {p.learn} patients to learn from and {p.stop} for early stopping (15 % of their labels unknown), {p.held_out} "
        f"others, balanced in every label, for the figures below; {p.epochs} epochs at most, {p.seeds} seed(s) per variant.",
        "- Radiomics here: our PET features and nine numbers of the CT inside and round the lesion; the networks' tables are "
        "selected on the patients to learn from only (mRMR, LASSO). The stack reads the same values, and never the images.",
        "- `sim_interaction` is an exclusive or of a PET and a CT factor: neither modality alone tells it.",
        "",
    ]
    return "\n".join([*lines, *(table.markdown() for table in tables)])


def command(plan: AblationPlan) -> str:
    """The command line of a plan."""
    changed = {k: v for k, v in plan.to_json().items() if v != AblationPlan().to_json()[k] and k not in ("variants", "tasks")}
    names = {"learn": "patients", "stop": "stop", "held_out": "held-out", "learning_rate": "learning-rate"}
    given = [f"--{names.get(k, k)} {v}" for k, v in changed.items()]
    if plan.variants != AblationPlan().variants:
        given.append(f"--variants {','.join(plan.variants)}")
    return " ".join([COMMAND, *given])


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def _signed(d: Difference, p: float) -> str:
    return f"{d.value:+.3f} ({d.interval[0]:+.3f} to {d.interval[1]:+.3f}){' *' if p < 0.05 else ''}"


def _spread(f: Findings, name: str) -> str:
    by_seed = np.mean([[delong(row, f.truth[:, t]).value for row in f.scores(name, t)] for t in range(len(f.plan.tasks))], axis=0)
    return f"{by_seed.min():.3f}–{by_seed.max():.3f}"
