"""The curves of trainings, from their logs: parts of the loss and score by epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..runs.figures import COLOURS, save
from .trainer import LOG

Log = Sequence[Mapping[str, Any]]


def read_logs(folder: Path) -> dict[str, Log]:
    """Every ``log.jsonl`` below ``folder`` by the name of its training, such as ``fold-1-2/member-1``; half lines left out."""
    found = {}
    for path in sorted(folder.rglob(LOG)):
        records = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:  # a kill in the middle of a line
                continue
        if records:
            found[path.parent.relative_to(folder).as_posix()] = records
    return found


def draw_curves(folder: Path) -> list[str]:
    """``curves.png`` and ``curves.svg`` of all trainings below ``folder``; none if no epoch is done yet."""
    logs = read_logs(folder)
    return save(_figure(logs), folder, "curves", _note(logs)) if logs else []


def _figure(logs: Mapping[str, Log]) -> Figure:
    figure = Figure(figsize=(11, 3.6))
    parts, loss, area = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.06, right=0.98, bottom=0.22, top=0.88, wspace=0.25)
    names = list(dict.fromkeys(name for log in logs.values() for record in log for name in record["losses"]))
    tasks = list(dict.fromkeys(task for log in logs.values() for record in log for task in record["auc"]))
    for log in logs.values():
        for number, name in enumerate(names):
            _line(parts, log, lambda r, name=name: r["losses"].get(name), COLOURS[number])
        _line(loss, log, lambda r: r["validation_loss"], COLOURS[0])
        for number, task in enumerate(tasks):
            _line(area, log, lambda r, task=task: r["auc"].get(task), COLOURS[number % len(COLOURS)])
    for axes, title, labels in (
        (parts, "parts of the loss, learning", names),
        (loss, "task loss, patients of early stopping", []),
        (area, "AUC or c-index, patients of early stopping", tasks),
    ):
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("epoch", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if labels:
            handles = [axes.plot([], [], color=COLOURS[i % len(COLOURS)])[0] for i in range(len(labels))]
            axes.legend(handles, labels, fontsize=7, frameon=False)
    area.set_ylim(0.0, 1.02)
    area.axhline(0.5, color="#999999", linewidth=0.8, linestyle=":")
    return figure


def _line(axes, log: Log, value, colour: str) -> None:
    points = [(r["epoch"], v) for r in log if (v := value(r)) is not None]
    if points:
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.0, alpha=0.7, marker="." if len(points) == 1 else None)


def _note(logs: Mapping[str, Log]) -> str:
    epochs = sum(len(log) for log in logs.values())
    return f"{len(logs)} training(s), {epochs} epochs in all; the AUC chose the epoch that was kept and is optimistic."
