"""``dmdp batch``: the whole way for many patients."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..errors import UsageError
from ..jobs.job import required
from ..network.config import DEVICES
from ..progress import Progress
from .options import add_overwrite
from .said import said


def add_arguments(parser: ArgumentParser) -> None:
    """The cohort, the models, how many at a time."""
    parser.add_argument(
        "cohort", metavar="COHORT.csv", help="columns id, ct, pet (or one of them), seed or mask, age, sex, smoking, …"
    )
    parser.add_argument("--model", action="append", metavar="BUNDLE", help="bundle name or path; may be repeated")
    parser.add_argument("--device", choices=DEVICES, help="for the network (default auto)")
    parser.add_argument("--jobs", type=int, metavar="N", help="patients at a time (default 1); each takes about 1.5 GB of memory")
    parser.add_argument("--resume", action="store_true", help="skip patients that have a result already")
    parser.add_argument("--out", required=True, metavar="DIR", help="a folder per patient, and summary.csv")
    add_overwrite(parser, "results of other images and the summary of other patients")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Predict for every patient; say how many succeeded, why the others did not, and what was decided on the way in."""
    from ..batch import DONE, FAILED, SKIPPED, predict_batch, read_notes
    from ..endpoints.base import columns_of
    from ..endpoints.registry import ENDPOINTS
    from ..intake.table import SUMMARY, read_table

    jobs = 1 if arguments.get("jobs") is None else int(arguments["jobs"])
    if jobs < 1:
        raise UsageError("batch.jobs", f"{jobs} patients at a time.", "1 or more.", "Give --jobs 1.")
    table = read_table(required(arguments, "cohort"), known=columns_of(ENDPOINTS.values()), others=False)
    out = Path(required(arguments, "out"))
    outcomes = predict_batch(
        table,
        out,
        models=arguments.get("model") or (),
        device=arguments.get("device") or "auto",
        jobs=jobs,
        resume=bool(arguments.get("resume")),
        overwrite=bool(arguments.get("overwrite")),
        inputs=(required(arguments, "cohort"),),
        progress=progress,
    )
    counts = ", ".join(f"{sum(o.outcome == word for o in outcomes)} {word}" for word in (DONE, SKIPPED, FAILED))
    failed = [f"  {o.id}: {o.reason}" for o in outcomes if o.outcome == FAILED]
    noted = [f"  {o.id}: {words}" for o in outcomes if o.outcome == DONE for words in said(*read_notes(out / o.id))]
    return "\n".join([f"{counts}; {out / SUMMARY}", *failed, *noted, RESEARCH_USE_ONLY])


COMMAND = Command("batch", "Predict for many patients, listed in a CSV file.", add_arguments, run)
