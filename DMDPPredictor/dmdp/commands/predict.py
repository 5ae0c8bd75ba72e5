"""``dmdp predict``: the whole way for one patient, into a folder."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..errors import UsageError
from ..jobs.job import required
from ..network.config import BACKENDS
from ..patients.case import SEXES, SMOKING
from ..patients.row import PatientRow
from ..progress import Progress
from ..tasks import TASKS
from .options import add_case_arguments, add_overwrite

PREVALENCE_HELP = "local share of positives, e.g. EGFR=0.45, for the displayed probability only; may be repeated"
MODEL_HELP = "bundle name or path; may be repeated (default published-pet-clinical; demo-network adds heatmaps)"
OPINION_HELP = "occlusion maps beside Grad-CAM; under a minute more for a lite network, minutes for a full one"
DEFAULT_MODELS = ("published-pet-clinical",)
DEMONSTRATION = "demo-network"


def add_arguments(parser: ArgumentParser) -> None:
    """Images, lesion, clinical facts, models, device and output."""
    add_case_arguments(parser)
    parser.add_argument("--age", type=float, metavar="N", help="years; left out = not provided")
    parser.add_argument("--sex", choices=SEXES, help="left out = not provided")
    parser.add_argument("--smoking", choices=SMOKING, help="left out = not provided")
    parser.add_argument("--prevalence", action="append", metavar="TASK=P", help=PREVALENCE_HELP)
    parser.add_argument("--model", action="append", metavar="BUNDLE", help=MODEL_HELP)
    parser.add_argument("--device", choices=("cpu", "cuda", "auto"), help="for the network (default auto)")
    parser.add_argument("--second-opinion", action="store_true", help=OPINION_HELP)
    parser.add_argument("--backend", choices=BACKENDS, help="for occlusion maps on the CPU (default auto)")
    parser.add_argument("--out", required=True, metavar="DIR", help="result folder; an earlier one of these images is replaced")
    add_overwrite(parser, "an earlier result of other images")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Predict and write; returns the verdict, the probabilities unless the case is outside, and where to look."""
    from ..intake.prepare import COLD_NOTE, HEADER_NOTE
    from ..jobs.job import Job
    from ..workflow import predict_to_folder

    given = {key: value for key, value in arguments.items() if value is not None}
    row = PatientRow.of(given)
    row.require_lesion()
    out = Path(required(given, "out"))
    job = Job("predict", {key: value for key, value in given.items() if key not in ("out", "overwrite")}, str(out))
    models = given.get("model") or DEFAULT_MODELS
    prevalence = local_prevalence(given.get("prevalence") or ())
    prediction = predict_to_folder(
        row,
        models,
        out,
        job,
        device=given.get("device", "auto"),
        prevalence=prevalence,
        second_opinion=bool(given.get("second_opinion")),
        backend=given.get("backend", "auto"),
        progress=progress,
        overwrite=bool(given.get("overwrite")),
    )
    lines = [f"Applicability: {prediction.applicability.verdict}"]
    lines += [f"  {reason.level}: {reason.found} Expected: {reason.expected}" for reason in prediction.applicability.reasons]
    lines += [note for note in prediction.notes if note.startswith((HEADER_NOTE, COLD_NOTE))]
    if prediction.applicability.verdict == "outside":
        lines.append("The probabilities are in prediction.json, and in the report behind 'show anyway'.")
    else:
        for name, task in prediction.tasks.items():
            low, high = task.interval
            lines.append(
                f"{name}: {task.probability:.2f} ({low:.2f} to {high:.2f}) {task.positive}, {task.set or 'no conformal answer'}; "
                f"n = {task.n}, {task.events} {task.positive}, cohorts {task.cohort}, {task.sub_model}"
            )
            if task.adjusted:
                lines.append(f"  at a local prevalence of {task.adjusted.prevalence:.2f}: {task.adjusted.probability:.2f}")
            lines += [f"  {note}" for note in task.notes]
    return "\n".join([*lines, f"Report: {out / 'report.html'}", RESEARCH_USE_ONLY])


def local_prevalence(given: Sequence[str]) -> dict[str, float]:
    """``EGFR=0.45`` and the like as a mapping. Raises :class:`UsageError` for an unknown task or a share beyond (0, 1)."""
    found = {}
    for text in given:
        name, _, share = str(text).partition("=")
        try:
            found[name] = float(share)
        except ValueError:
            found[name] = 0.0
        if name not in TASKS or not 0 < found[name] < 1:
            raise UsageError(
                "predict.prevalence",
                f"'{text}' is no local prevalence.",
                f"one of {', '.join(TASKS)}, and a share between 0 and 1, as in EGFR=0.45.",
                "Correct it, or leave it out.",
            )
    return found


COMMAND = Command("predict", "Predict EGFR and subtype for one patient; write report, tables and maps.", add_arguments, run)
