"""``dmdp predict``: the whole way for one patient, into a folder."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..endpoints.binary import Binary
from ..endpoints.registry import ENDPOINTS
from ..errors import UsageError
from ..intake.row import PatientRow
from ..jobs.functions import piece_function
from ..jobs.job import required
from ..network.config import BACKENDS, DEVICES
from ..patients.case import SEXES, SMOKING
from ..progress import Progress
from .options import add_case_arguments, add_overwrite
from .said import said

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
    parser.add_argument("--device", choices=DEVICES, help="for the network (default auto)")
    parser.add_argument("--second-opinion", action="store_true", help=OPINION_HELP)
    parser.add_argument("--backend", choices=BACKENDS, help="for occlusion maps on the CPU (default auto)")
    parser.add_argument("--out", required=True, metavar="DIR", help="result folder; an earlier one of these images is replaced")
    add_overwrite(parser, "an earlier result of other images")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Predict and write; returns the verdict, what was decided on the way in, the probabilities unless the case is outside, and
    where to look."""
    from ..jobs.job import Job
    from ..results.layout import PREDICTION, REPORT
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
    lines += said(prediction.notes, prediction.suv_audit)
    if prediction.applicability.verdict == "outside":
        lines.append(f"The probabilities are in {PREDICTION}, and in the report behind 'show anyway'.")
    else:
        lines += [line for name, answer in prediction.tasks.items() for line in answer.lines(name)]
    return "\n".join([*lines, f"Report: {out / REPORT}", RESEARCH_USE_ONLY])


@piece_function
def predict_patient(arguments: Mapping[str, Any], progress: Progress) -> dict[str, str]:
    """:func:`run` as a piece of a batch."""
    return {"said": run(arguments, progress)}


def local_prevalence(given: Sequence[str]) -> dict[str, float]:
    """``EGFR=0.45`` and the like as a mapping. Raises :class:`UsageError` for an unknown task or a share beyond (0, 1)."""
    found, binary = {}, [name for name, endpoint in ENDPOINTS.items() if isinstance(endpoint, Binary)]
    for text in given:
        name, _, share = str(text).partition("=")
        try:
            found[name] = float(share)
        except ValueError:
            found[name] = 0.0
        if name not in binary or not 0 < found[name] < 1:
            raise UsageError(
                "predict.prevalence",
                f"'{text}' is no local prevalence.",
                f"one of {', '.join(binary)}, and a share between 0 and 1, as in EGFR=0.45.",
                "Correct it, or leave it out.",
            )
    return found


COMMAND = Command("predict", "Predict EGFR and subtype for one patient; write report, tables and maps.", add_arguments, run)
