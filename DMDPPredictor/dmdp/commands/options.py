"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..delineation.methods import METHODS
from ..errors import UsageError
from ..jobs.executor import Executor
from ..jobs.executors import ALONE, EXECUTORS, executor_of
from ..patients.case import Clinical

if TYPE_CHECKING:
    from ..intake.prepare import CaseRequest

SEED_HELP = "a point in the lesion: X,Y,Z in mm, LPS (in Slicer: R,A,S with the first two signs changed)"
SEGMENT_HELP = "the lesion in a mask that holds several labels or segments: its name (.seg.nrrd) or its number"
PET_IS_SUV_HELP = "the PET file holds SUVbw (g/ml) already; needed for NIfTI and NRRD"


def point(value: Any) -> tuple[float, float, float] | None:
    """``X,Y,Z`` (text) or a list of three numbers as an LPS point in mm; None stays None."""
    if value is None:
        return None
    try:
        parts = value.split(",") if isinstance(value, str) else value
        x, y, z = (float(part) for part in parts)
    except (TypeError, ValueError) as error:
        raise UsageError(
            "seed.malformed",
            f"The seed is '{value}'.",
            "three numbers X,Y,Z: an LPS point in mm.",
            "Give it as --seed X,Y,Z without spaces.",
        ) from error
    return x, y, z


def add_case_arguments(parser: ArgumentParser) -> None:
    """The images and the lesion, for every command that reads a whole case."""
    parser.add_argument("--ct", required=True, metavar="C", help="DICOM folder (a series or the study), or NIfTI/NRRD in HU")
    parser.add_argument("--pet", required=True, metavar="P", help="DICOM folder (a series or the study), or NIfTI/NRRD in SUV")
    parser.add_argument("--pet-is-suv", action="store_true", help=PET_IS_SUV_HELP)
    lesion = parser.add_mutually_exclusive_group(required=True)
    lesion.add_argument("--mask", metavar="F", help="the lesion on both images (NIfTI/NRRD, any grid)")
    lesion.add_argument("--pet-mask", metavar="F", help="the lesion as drawn on the PET")
    lesion.add_argument("--seed", metavar="X,Y,Z", help=SEED_HELP)
    parser.add_argument("--ct-mask", metavar="F", help="with --pet-mask: the lesion as drawn on the CT")
    parser.add_argument("--segment", metavar="NAME|NUMBER", help=SEGMENT_HELP)
    add_method(parser)


def add_method(parser: ArgumentParser) -> None:
    """--method, for every command that outlines a lesion."""
    about = "; ".join(f"{method.name}: {method.help}" for method in METHODS.values())
    parser.add_argument(
        "--method", choices=METHODS, metavar="M", help=f"how to outline (default auto). {about}".replace("%", "%%")
    )


def add_overwrite(parser: ArgumentParser, what: str) -> None:
    """--overwrite, for every command that writes what a person names; ``what`` is then replaced."""
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


def case_request(given: Mapping[str, Any]) -> CaseRequest:
    """What :func:`add_case_arguments` asked for, and the clinical facts where the command asks for them."""
    from ..intake.prepare import CaseRequest
    from ..intake.source import ImageSource

    return CaseRequest(
        ct=ImageSource.of(required(given, "ct")),
        pet=ImageSource.of(required(given, "pet")),
        pet_is_suv=bool(given.get("pet_is_suv")),
        **{key: _mask(given[key]) for key in ("mask", "pet_mask", "ct_mask") if given.get(key) is not None},
        seed=point(given.get("seed")),
        method=given.get("method") or "auto",
        segment=None if given.get("segment") in (None, "") else str(given["segment"]),
        clinical=Clinical(given.get("age"), given.get("sex"), given.get("smoking")),
    )


def _mask(given: Any) -> Path | Mapping[str, Any]:
    return given if isinstance(given, Mapping) else Path(given)


def required(arguments: Mapping[str, Any], name: str) -> Any:
    """The value of an option that a job file must hold; raises :class:`UsageError` without it."""
    value = arguments.get(name)
    if value is None:
        raise UsageError(
            "option.missing",
            f"'{name}' is not given.",
            f"a value for '{name}'.",
            f"Add '{name}' to the job, or --{name.replace('_', '-')} to the command.",
        )
    return value
