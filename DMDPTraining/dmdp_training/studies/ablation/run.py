"""The ablation as a run that can be killed: every training is a piece, and within a piece every epoch is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from dmdp import __version__
from dmdp.atomic import write_file
from dmdp.network.config import SIZES
from dmdp.progress import Progress, part, silent

from ...learning.simulated import VERSION
from ...runs.store import open_run, running
from .data import Patients, simulate
from .pieces import network_piece, stack_piece
from .plan import AblationPlan
from .report import Findings, write
from .variants import VARIANTS

STACK = "stack"


def run_ablation(out: str | Path, plan: AblationPlan, progress: Progress = silent) -> Findings:
    """Train every variant from every seed, fit the stack on the same patients, and write ``report.md`` into ``out``.

    Where ``out`` holds a stopped run of the same plan, it goes on. Raises :class:`dmdp.errors.OutputError` where it holds
    something else.
    """
    facts = {"dmdp": __version__, "torch": torch.__version__, "simulation": VERSION}
    with running(out):
        folder = open_run(out, {"ablation": plan.to_json(), "versions": facts})
        patients = simulate(plan, SIZES[plan.size]().spacing, folder / "crops", part(progress, 0.0, 0.1))
        work = [(name, seed) for seed in range(plan.seeds) for name in (*plan.variants, STACK)]
        found: dict[tuple[str, int], Mapping[str, Any]] = {}
        for number, (name, seed) in enumerate(work):
            step = part(progress, 0.1 + 0.9 * number / len(work), 0.1 + 0.9 * (number + 1) / len(work))
            found[name, seed] = _piece(folder, plan, name, seed, patients, step)
        findings = Findings(plan, found, patients, _device(plan))
        write(folder, findings)
    progress(1.0, "report written")
    return findings


def _piece(folder: Path, plan: AblationPlan, name: str, seed: int, patients: Patients, progress: Progress) -> Mapping[str, Any]:
    file = folder / "pieces" / f"{name}-{seed}.json"
    training = folder / "trainings" / f"{name}-{seed}"
    if file.is_file():
        shutil.rmtree(training, ignore_errors=True)
        return json.loads(file.read_text(encoding="utf-8"))

    def said(share: float, words: str) -> None:
        progress(share, f"{name}, seed {seed}: {words}")

    if name == STACK:
        said(0.0, "fitting")
        found = stack_piece(plan, seed, patients)
    else:
        found = network_piece(plan, VARIANTS[name], seed, patients, training, said)
    write_file(file, json.dumps(found).encode())
    shutil.rmtree(training, ignore_errors=True)  # the scores are what is kept
    return found


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
