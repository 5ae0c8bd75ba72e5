"""``dmdp train network``: a network for a cohort of images, or, without one, the demonstration network."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.bundles.card import Metric
from dmdp.commands.options import add_executor, executor_for
from dmdp.errors import InputError, MissingPackage, UsageError
from dmdp.network.config import CHOICES, DEVICES, SIZE_HELP, SIZES
from dmdp.progress import Progress

from .checks import at_least

WITHOUT_COHORT = ("what", "patients", "epochs", "seed", "out", "overwrite")  # what the network without a cohort can be told
SETTINGS = ("epochs", "batch", "accumulate", "learning_rate", "patience", "ema", "alignment", "queue", "seed")


def add_arguments(parser: ArgumentParser) -> None:
    """The cohort, the network, the training."""
    parser.add_argument("--cohort", metavar="CSV", help="cohort file; without it simulated patients (the demonstration network)")
    parser.add_argument("--name", metavar="NAME", help="of the bundle (default cohort-network)")
    parser.add_argument("--tasks", metavar="A,B", help="columns of labels (default: all tasks that the CSV tells)")
    parser.add_argument(
        "--values", metavar="A,B", help="the network's table: PET features, age, sex, smoking, or columns of the CSV"
    )
    parser.add_argument("--no-table", action="store_true", help="images only")
    parser.add_argument("--size", choices=SIZES, help=SIZE_HELP)
    parser.add_argument("--modalities", choices=("ct", "pet", "ct,pet"), help="images that the network looks at (default both)")
    parser.add_argument("--fusion", choices=CHOICES["fusion"], help="how CT and PET meet (default attention)")
    parser.add_argument("--head", choices=CHOICES["head"], help="one head per task, or one over all answers")
    parser.add_argument("--norm", choices=CHOICES["norm"], help="normalisation of maps (default batch)")
    parser.add_argument("--decoder", action="store_true", help="learn to outline the lesion as well")
    parser.add_argument("--folds", type=int, metavar="N", help="folds of the cross-validation (default 5)")
    parser.add_argument("--repeats", type=int, metavar="N", help="repeats of it (default 1)")
    parser.add_argument("--members", type=int, metavar="N", help="networks of each ensemble (default 3)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the patients at most (default 150; 16 without CSV)")
    parser.add_argument("--patience", type=int, metavar="N", help="epochs without improvement before it stops (default 25)")
    parser.add_argument("--batch", type=int, metavar="N", help="patients at a time (default 8)")
    parser.add_argument("--accumulate", type=int, metavar="N", help="batches per step (default 4)")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="highest learning rate (default 0.0003)")
    parser.add_argument("--ema", type=float, metavar="X", help="decay of the averaged weights (default 0.999)")
    parser.add_argument("--alignment", type=float, metavar="X", help="weight of the contrastive losses (default 0.1; 0: none)")
    parser.add_argument("--queue", type=int, metavar="N", help="patients kept as further negatives (default 256)")
    parser.add_argument("--learned-weights", action="store_true", help="learn the weights of the parts of the loss")
    parser.add_argument("--no-augmentation", action="store_true", help="show every patient as they are")
    parser.add_argument("--device", choices=DEVICES, help="where to train (default auto)")
    add_executor(parser)
    parser.add_argument("--patients", type=int, metavar="N", help="without CSV: simulated patients (default 160)")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Train, and say what was found on patients that were not learned from."""
    given = {key: value for key, value in arguments.items() if value is not None and value is not False}
    try:
        import torch
    except ImportError as error:
        raise MissingPackage("torch", "the network", "network") from error
    if "cohort" not in given:
        return _demonstration(given, progress)
    if "patients" in given:
        raise UsageError("train.options", "--patients and --cohort.", "one of them.", "Leave one out.")
    if "overwrite" in given:
        raise UsageError(
            "train.options",
            "--overwrite with --cohort.",
            "a run, which goes on where it was.",
            "Name a new folder for another run.",
        )
    from ..learning.cohort_run import train_on_cohort
    from ..learning.tasks import tasks_of

    tasks, said = (_words(given["tasks"]), "") if given.get("tasks") else tasks_of(given["cohort"])
    if said:
        progress(0.0, said)
    plan = plan_of(given, tasks, torch.cuda.is_available())
    result = train_on_cohort(given["cohort"], given["out"], plan, progress, executor_for(given))
    where = "GPU" if plan.settings.device == "cuda" else "CPU"
    return "\n".join(
        [
            f"{result.bundle.name} written to {given['out']}/bundle (trained on the {where})",
            *([said] if said else []),
            *(_line(metric) for metric in result.metrics),
            *result.notes,
            RESEARCH_USE_ONLY,
        ]
    )


def plan_of(given: Mapping[str, Any], tasks: tuple[str, ...], cuda: bool):
    """The plan for ``tasks`` that the options describe; ``cuda`` says whether there is a GPU to train on."""
    from dmdp.inputs import CLINICAL_INPUTS
    from dmdp.pet_features.table import DEFINITIONS

    from ..learning.augment import NONE
    from ..learning.plan import DEFAULT_VALUES, NetworkPlan
    from ..learning.settings import TrainingSettings

    if given.get("no_table") and given.get("values"):
        raise UsageError("train.table", "--values and --no-table.", "one of them.", "Leave one out.")
    device = given.get("device", "auto")
    if device == "cuda" and not cuda:
        raise InputError("training.device", "CUDA cannot be used here.", "a CUDA device.", "Train with --device cpu or auto.")
    device = "cuda" if cuda and device != "cpu" else "cpu"
    settings = {name: given[name] for name in SETTINGS if name in given}
    changes = {name: given[name] for name in CHOICES if name in given}
    if given.get("modalities", "ct,pet") != "ct,pet":
        changes |= {"modalities": (given["modalities"],), "align_modalities": False}
    if given.get("fusion") == "early":
        changes["align_modalities"] = False
    if given.get("decoder"):
        changes["decoder"] = True
    if given.get("no_augmentation"):
        settings["augmentation"] = NONE
    values = () if given.get("no_table") else _words(given.get("values")) or DEFAULT_VALUES
    known = {*DEFINITIONS, *CLINICAL_INPUTS}
    return NetworkPlan(
        tasks=tasks,
        values=values,
        columns=tuple(name for name in values if name not in known),
        size=given.get("size", "lite"),
        changes=changes,
        **{name: given[name] for name in ("folds", "repeats", "members", "name") if name in given},
        settings=TrainingSettings(
            **settings, learned_weights=bool(given.get("learned_weights")), device=device, amp=device == "cuda"
        ),
    )


def _demonstration(given: Mapping[str, Any], progress: Progress) -> str:
    from ..networks import train_network

    others = [key for key in given if key not in WITHOUT_COHORT]
    if others:
        raise UsageError(
            "train.options",
            f"{', '.join('--' + key.replace('_', '-') for key in others)} without --cohort.",
            "--patients, --epochs and --seed only: the demonstration network is always built the same way.",
            "Name a cohort file with --cohort, or leave these options out.",
        )
    patients, epochs = at_least("patients", given.get("patients", 160), 1), at_least("epochs", given.get("epochs", 16), 1)
    bundle = train_network(given["out"], patients, given.get("seed", 0), epochs, progress, overwrite="overwrite" in given)
    lines = [_line(metric) for metric in bundle.manifest.metrics]
    return "\n".join([f"{bundle.name} written to {given['out']}", *lines, RESEARCH_USE_ONLY])


def _line(metric: Metric) -> str:
    return f"  {metric.task}: {metric.metric} {metric.figure}, n = {metric.n}, {metric.protocol}"


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in (text or "").split(",") if word.strip()))
