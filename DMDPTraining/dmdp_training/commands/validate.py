"""``dmdp validate``: how well the models do on patients that they have not seen."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.command import Command
from dmdp.commands.options import add_executor, executor_for
from dmdp.progress import Progress

from . import ablation, contours


def add_arguments(parser: ArgumentParser) -> None:
    """published, its data, and the run folder."""
    sub = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    published = sub.add_parser("published", help="on the authors' released tables; a stopped run goes on where it was")
    published.add_argument("--data", required=True, metavar="D", help="folder with the three released tables")
    published.add_argument("--out", required=True, metavar="RUN", help="run folder to write, or to go on with")
    published.add_argument("--quick", action="store_true", help="one repeat, small forests: a look, not a result")
    published.add_argument("--seed", type=int, metavar="K", help="random seed (default 0)")
    add_executor(published, "2, or 1 on one core")
    contours.add_arguments(sub.add_parser("contours", help="features by their agreement over contours a millimetre apart"))
    ablation.add_arguments(sub.add_parser("ablation", help="what each part of the network is worth, on simulated patients"))


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Validate, and say the headline of every task."""
    if arguments["what"] == "ablation":
        return ablation.run(arguments, progress)
    if arguments["what"] == "contours":
        return contours.run(arguments, progress)
    from ..studies.published.plan import DEFAULT, QUESTIONS, QUICK
    from ..studies.published.study import replaced, validate_published
    from ..studies.published.tables import NOTE, marked, shown

    executor = executor_for(arguments, min(2, os.cpu_count() or 1))
    plan = replaced(QUICK if arguments.get("quick") else DEFAULT, arguments.get("seed") or 0)
    out = Path(arguments["out"])
    found = validate_published(arguments["data"], out, plan, executor, progress)
    lines = [f"Validation written to {out / 'report.md'}"]
    for task, question in QUESTIONS.items():
        for shown_set in dict.fromkeys(("clinical", "PET", question.main_set)):
            m = found.cells[task, shown_set, "Stacking"]
            lines.append(f"  {task} {marked(shown_set)}: AUC {shown(m.values['AUC'])}, n = {m.n} ({m.events} events), stack")
        mean = found.permuted[task]["Stacking"][:, 0].mean()
        lines.append(f"  {task}, labels at random: mean AUC {mean:.3f}")
    return "\n".join([*lines, f"95 % intervals over patients. {NOTE}", RESEARCH_USE_ONLY])


COMMAND = Command("validate", "Validate the models on published data, or the network on simulated patients.", add_arguments, run)
