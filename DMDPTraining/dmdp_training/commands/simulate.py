"""``dmdp simulate``: digital PET/CT patients as DICOM or as plain volumes, with known truth."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.atomic import SIMULATION, result_folder
from dmdp.command import Command
from dmdp.commands.options import add_overwrite
from dmdp.errors import UsageError
from dmdp.progress import Progress

from .checks import at_least


def add_arguments(parser: ArgumentParser) -> None:
    """Number of patients, seed, and output folder."""
    parser.add_argument("--patients", type=int, metavar="N", help="how many (default 1)")
    parser.add_argument("--seed", type=int, metavar="K", help="seed of the first; the next have K+1, … (default 0)")
    parser.add_argument(
        "--cohort", action="store_true", help="patients of the cohort with hard labels, and cohort.csv for 'train network'"
    )
    parser.add_argument("--volumes", action="store_true", help="ct.nrrd (HU) and pet.nrrd (SUVbw) instead of DICOM")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write; one sub-folder per patient")
    add_overwrite(parser, "other simulated patients")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Write the patients; the folder appears when all are there."""
    from ..simulate import simulate_hard_patient, simulate_patient, write_patient, write_volumes
    from ..simulate.cohort_file import cohort_row, cohort_text

    given = {key: value for key, value in arguments.items() if value is not None}
    count, first = at_least("patients", given.get("patients", 1), 1), at_least("seed", given.get("seed", 0), 0)
    hard, volumes, rows = bool(arguments.get("cohort")), bool(arguments.get("volumes")), []
    if hard and volumes:
        raise UsageError(
            "simulate.cohort", "--cohort with --volumes.", "one of them: a cohort is read as DICOM.", "Leave out one."
        )
    out = Path(arguments["out"])
    with result_folder(out, SIMULATION, overwrite=bool(arguments.get("overwrite"))) as aside:
        folder = aside.folder
        aside.made_from({"seed": first, "patients": count, "cohort": hard, "volumes": volumes})
        for i in range(count):
            progress(i / count, f"simulating patient {i + 1} of {count}")
            patient = (simulate_hard_patient if hard else simulate_patient)(first + i)
            written = (write_volumes if volumes else write_patient)(patient, folder / f"patient_{first + i:04d}")
            rows.append(cohort_row(patient, written.name))
        if hard:
            (folder / "cohort.csv").write_text(cohort_text(rows), encoding="utf-8")
        note = {"schema": 1, "note": "Simulated patients; their labels are invented.", "research_use_only": RESEARCH_USE_ONLY}
        (folder / SIMULATION.marker).write_text(json.dumps(note), encoding="utf-8")
    progress(1.0, "patients written")
    images = "ct.nrrd, pet.nrrd (SUVbw)" if volumes else "ct/, pet/ (DICOM)"
    return f"{count} simulated patient(s) in {out}: {images}, true masks and truth.json. {RESEARCH_USE_ONLY}"


COMMAND = Command("simulate", "Make digital PET/CT patients with known truth.", add_arguments, run)
