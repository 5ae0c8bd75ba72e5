"""``dmdp validate ablation``: the network's variants against each other, on simulated patients."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.commands.options import add_executor, executor_for
from dmdp.errors import MissingPackage, UsageError
from dmdp.network.config import SIZE_HELP, SIZES
from dmdp.progress import Progress

COUNTS = {"patients": "learn", "stop": "stop", "held_out": "held_out", "seeds": "seeds", "epochs": "epochs", "batch": "batch"}


def add_arguments(parser: ArgumentParser) -> None:
    """The size of the ablation, and the run folder."""
    parser.add_argument("--size", choices=SIZES, help=SIZE_HELP)
    parser.add_argument("--patients", type=int, metavar="N", help="simulated patients to learn from (default 320)")
    parser.add_argument("--stop", type=int, metavar="N", help="further ones for early stopping (default 80)")
    parser.add_argument("--held-out", type=int, metavar="N", help="further ones for the result, a multiple of 8 (default 400)")
    parser.add_argument("--seeds", type=int, metavar="N", help="trainings of each variant (default 3)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the patients (default 10)")
    parser.add_argument("--batch", type=int, metavar="N", help="patients at a time (default 8)")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="highest learning rate (default 0.002)")
    parser.add_argument("--variants", metavar="A,B", help="only these variants")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="where to train (default cpu)")
    parser.add_argument("--quick", action="store_true", help="a few patients and epochs: that it runs, not a result")
    add_executor(parser)
    parser.add_argument("--out", required=True, metavar="RUN", help="run folder to write, or to go on with")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Run the ablation, and say who comes first."""
    try:
        import torch  # noqa: F401 (said before any patient is simulated)
    except ImportError as error:
        raise MissingPackage("torch", "the network", "network") from error
    from ..studies.ablation.plan import QUICK, AblationPlan
    from ..studies.ablation.report import verdict
    from ..studies.ablation.run import run_ablation
    from ..studies.ablation.variants import VARIANTS

    given = {field: arguments[name] for name, field in COUNTS.items() if arguments.get(name) is not None}
    given |= {n: arguments[n] for n in ("size", "learning_rate", "device") if arguments.get(n) is not None}
    if arguments.get("variants"):
        names = tuple(dict.fromkeys(("full", *arguments["variants"].split(","))))
        strange = [name for name in names if name not in VARIANTS]
        if strange:
            raise UsageError(
                "ablation.variant", f"No variant {strange}.", f"some of {', '.join(VARIANTS)}.", "Correct --variants."
            )
        given["variants"] = names
    out = Path(arguments["out"])
    found = run_ablation(
        out, replace(QUICK if arguments.get("quick") else AblationPlan(), **given), progress, executor_for(arguments)
    )
    return f"Ablation written to {out / 'report.md'}\n{verdict(found)}\n{RESEARCH_USE_ONLY}"
