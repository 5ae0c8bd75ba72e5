"""Options that several commands share."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from ..delineation.methods import METHODS
from ..jobs.executor import Executor
from ..jobs.executors import ALONE, EXECUTORS, executor_of

SEED_HELP = "a point in the lesion: X,Y,Z in mm, LPS (in Slicer: R,A,S with the first two signs changed)"
SEGMENT_HELP = "the lesion in a mask that holds several labels or segments: its name (.seg.nrrd) or its number"
PET_IS_SUV_HELP = "the PET file holds SUVbw (g/ml) already; needed for NIfTI and NRRD"


def add_case_arguments(parser: ArgumentParser) -> None:
    """The images and the lesion, for every command that reads a whole case."""
    parser.add_argument(
        "--ct", metavar="C", help="DICOM folder (a series or the study), or NIfTI/NRRD in HU; one image is enough"
    )
    parser.add_argument("--pet", metavar="P", help="DICOM folder (a series or the study), or NIfTI/NRRD in SUV")
    parser.add_argument("--pet-is-suv", action="store_true", help=PET_IS_SUV_HELP)
    lesion = parser.add_mutually_exclusive_group()
    lesion.add_argument("--mask", metavar="F", help="the lesion on all images (NIfTI/NRRD, any grid)")
    lesion.add_argument("--pet-mask", metavar="F", help="the lesion as drawn on the PET")
    lesion.add_argument("--seed", metavar="X,Y,Z", help=SEED_HELP)
    parser.add_argument("--ct-mask", metavar="F", help="the lesion as drawn on the CT, alone or with --pet-mask")
    parser.add_argument("--segment", metavar="NAME|NUMBER", help=SEGMENT_HELP)
    add_method(parser)


def add_method(parser: ArgumentParser) -> None:
    """--method, for every command that outlines a lesion."""
    about = "; ".join(f"{method.name}: {method.help}" for method in METHODS.values())
    parser.add_argument(
        "--method", choices=METHODS, metavar="M", help=f"how to outline (default auto). {about}".replace("%", "%%")
    )


def add_overwrite(parser: ArgumentParser, what: str) -> None:
    """--overwrite, for every command that writes to a place that a person names; the help text says that ``what`` is replaced."""
    parser.add_argument("--overwrite", action="store_true", help=f"replace {what}; never anything that others put there")


def add_executor(parser: ArgumentParser, default: str = "1") -> None:
    """--jobs and --executor, for every command whose work is made of pieces."""
    parser.add_argument("--jobs", type=int, metavar="N", help=f"pieces at a time (default {default})")
    said = "who does the pieces: this process, joblib, or worker processes (default here for one job, joblib for more)"
    parser.add_argument("--executor", choices=tuple(EXECUTORS), help=said)


def executor_for(arguments: Mapping[str, Any], jobs: int = 1) -> Executor:
    """What :func:`add_executor` asked for, ``jobs`` at a time unless told otherwise; raises :class:`UsageError`."""
    name, given = arguments.get("executor"), arguments.get("jobs")
    return executor_of(int(given) if given is not None else 1 if name == ALONE else jobs, name)
