"""``dmdp demo``: a simulated patient through the whole way."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dmdp.command import Command
from dmdp.commands.options import add_overwrite
from dmdp.progress import Progress, part

DEMO_SEED = 7


def add_arguments(parser: ArgumentParser) -> None:
    """Where the result goes."""
    parser.add_argument("--out", required=True, metavar="DIR", help="result folder; DIR-patient gets the simulated DICOM")
    add_overwrite(parser, "an earlier result of other images")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Simulate, write DICOM beside the result, and predict from it exactly as for a real patient."""
    from dmdp.commands.predict import COMMAND as PREDICT
    from dmdp.commands.predict import DEFAULT_MODELS, DEMONSTRATION

    from ..simulate import simulate_patient
    from .simulate import COMMAND as SIMULATE

    out = Path(arguments["out"])
    source = out.with_name(f"{out.name}-patient")
    SIMULATE.run(
        {"patients": 1, "seed": DEMO_SEED, "out": str(source), "overwrite": arguments.get("overwrite")}, part(progress, 0.0, 0.3)
    )
    patient = simulate_patient(DEMO_SEED)
    study = source / f"patient_{DEMO_SEED:04d}"
    said = PREDICT.run(
        {
            "ct": str(study / "ct"),
            "pet": str(study / "pet"),
            "seed": list(patient.seed_lps),
            "age": patient.clinical.age,
            "sex": patient.clinical.sex,
            "smoking": patient.clinical.smoking,
            "model": [*DEFAULT_MODELS, DEMONSTRATION],  # the patient is simulated, and so may the network be
            "out": str(out),
            "overwrite": arguments.get("overwrite"),
        },
        part(progress, 0.3, 1.0),
    )
    return f"A simulated patient ({study}); nothing here is about a real one.\n{said}"


COMMAND = Command("demo", "Run the whole way on a simulated patient.", add_arguments, run)
