"""The ablation as a run that can be killed: every training is a piece, and within a piece every epoch is kept."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from dmdp import __version__
from dmdp.jobs.executor import Executor, Piece
from dmdp.jobs.functions import function_name, piece_function, shared_input, sharing
from dmdp.jobs.here import HERE
from dmdp.jobs.pieces import run_pieces
from dmdp.network.config import SIZES
from dmdp.progress import Progress, part, silent

from ...learning.simulated import VERSION
from ...runs.store import open_run, running
from .data import simulate
from .pieces import network_piece, stack_piece
from .plan import AblationPlan
from .report import Findings, write
from .variants import VARIANTS

STACK, CROPS = "stack", "crops"


def run_ablation(out: str | Path, plan: AblationPlan, progress: Progress = silent, executor: Executor = HERE) -> Findings:
    """Train every variant from every seed, fit the stack on the same patients, and write ``report.md`` into ``out``.

    If ``out`` holds a stopped run of the same plan, it goes on. Raises :class:`dmdp.errors.OutputError` if it holds
    something else.
    """
    facts = {"dmdp": __version__, "torch": torch.__version__, "simulation": VERSION}
    with running(out):
        folder = open_run(out, {"ablation": plan.to_json(), "versions": facts}).absolute()
        patients = simulate(plan, SIZES[plan.size]().spacing, folder / CROPS, part(progress, 0.0, 0.1))
        work = {f"{name}-{seed}": (name, seed) for seed in range(plan.seeds) for name in (*plan.variants, STACK)}
        pieces = [_piece(folder, plan, name, *what) for name, what in work.items()]
        found: dict[str, Mapping[str, Any]] = {}
        with sharing({_key(folder, plan): patients}):
            for piece, answer in run_pieces(folder, pieces, executor, part(progress, 0.1, 1.0)):
                shutil.rmtree(_training(folder, piece.name), ignore_errors=True)  # the scores are what is kept
                found[piece.name] = answer
        findings = Findings(plan, {what: found[name] for name, what in work.items()}, patients, _device(plan))
        write(folder, findings)
    progress(1.0, "report written")
    return findings


@piece_function
def compute_piece(description: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Train the ``variant`` of a ``plan`` from a ``seed``, or fit the stack, on the patients whose crops the ``run`` keeps."""
    plan, folder = AblationPlan.from_json(description["plan"]), Path(description["run"])
    name, seed = description["variant"], description["seed"]
    patients = shared_input(_key(folder, plan), lambda: simulate(plan, SIZES[plan.size]().spacing, folder / CROPS))
    if name == STACK:
        progress(0.0, "fitting")
        return stack_piece(plan, seed, patients)
    return network_piece(plan, VARIANTS[name], seed, patients, _training(folder, f"{name}-{seed}"), progress)


def _piece(folder: Path, plan: AblationPlan, name: str, variant: str, seed: int) -> Piece:
    description = {"run": str(folder), "plan": plan.to_json(), "variant": variant, "seed": seed}
    return Piece(name, function_name(compute_piece), description, f"{variant}, seed {seed}")


def _key(folder: Path, plan: AblationPlan) -> str:
    return f"patients of {plan} in {folder}"


def _training(folder: Path, name: str) -> Path:
    return folder / "trainings" / name


def _device(plan: AblationPlan) -> str:
    if plan.device == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU ({_processor()}), {torch.get_num_threads()} thread(s)"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown processor"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
