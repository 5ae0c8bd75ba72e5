"""``dmdp features``: PET features and radiomics of the CT regions of one patient, as a table."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..errors import LesionError
from ..intake.row import PatientRow
from ..jobs.job import required
from ..patients.case import CT, PET, Case
from ..progress import Progress, part
from ..radiomics import BACKENDS, DEFAULT_PROFILE
from .options import add_case_arguments, add_overwrite
from .said import said

if TYPE_CHECKING:
    from ..features.ct import CtFeatures
    from ..radiomics.parameters import Parameters
    from ..radiomics.profile import Profile

PROFILE_HELP = f"{DEFAULT_PROFILE} (default), another installed profile, a profile's JSON file or a PyRadiomics parameter file"
BACKEND_HELP = "auto (default) is the engine, and PyRadiomics for settings that the engine does not know"


def add_arguments(parser: ArgumentParser) -> None:
    """Images, lesion, profile and output."""
    add_case_arguments(parser)
    parser.add_argument("--profile", metavar="NAME|FILE", help=PROFILE_HELP)
    parser.add_argument("--backend", choices=BACKENDS, help=BACKEND_HELP)
    parser.add_argument("--out", required=True, metavar="FILE.csv", help="table to write")
    add_overwrite(parser, "a file that is there already")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Write the table; say how many features of which regions, which regions are absent, and what a missing image cost."""
    from ..applicability.images import without_images
    from ..atomic import put_file
    from ..intake.prepare import prepare_case, read_from
    from ..pet_features import pet_features
    from ..radiomics.backend import find_settings, is_settings_file
    from ..report.tables import ct_features_csv

    out = Path(required(arguments, "out"))
    settings = find_settings(arguments.get("profile") or DEFAULT_PROFILE)
    row = PatientRow.of(_with_label(arguments, settings))
    row.require_lesion()
    file = arguments["profile"] if is_settings_file(arguments.get("profile")) else None
    inputs = [*read_from(row), *([file] if file else ())]
    with put_file(out, overwrite=bool(arguments.get("overwrite")), inputs=inputs) as made:
        case = prepare_case(row, part(progress, 0.0, 0.4))
        progress(0.4, "measuring the CT regions")
        found = _of_ct(case, settings, arguments.get("backend") or "auto") if case.has(CT) else None
        progress(0.9, "measuring the PET")
        pet = pet_features(case.pet, case.pet_lesion) if case.has(PET) else {}
        made.write_bytes(ct_features_csv(found, pet, file).encode())
    progress(1.0, "table written")
    measured = [f"{len(pet)} PET features"] if pet else []
    lines = []
    if found is not None:
        present = [name for name in found.regions if name not in found.absent]
        measured.append(f"{found.report().computed} of the CT regions {', '.join(present)}")
        lines = [
            f"Profile {found.profile}, SHA-256 {found.profile_hash[:12]}…, computed by {found.backend}, {found.contour}.",
            *(f"{name} is absent: {why.rstrip('.')}." for name, why in found.absent.items()),
        ]
    lines += said((*without_images(case.missing), *case.notes, *(found.notes if found is not None else ())), case.suv_audit)
    return "\n".join([f"{' and '.join(measured)}: {out}", *lines, RESEARCH_USE_ONLY])


def _of_ct(case: Case, settings: Profile | Parameters, backend: str) -> CtFeatures:
    """The features of all CT regions; raises :class:`LesionError` for a contour that is none of one lesion."""
    from ..features.ct import SIX, ct_features
    from ..regions.ct_regions import ct_regions
    from ..regions.thorax import find_thorax

    regions = ct_regions(case.ct, case.ct_lesion, find_thorax(case.ct))
    if regions is None:
        raise LesionError(
            "region.too_wide", "The CT contour is empty or wider than 26 cm.", "one lesion.", "Check the contour on the CT."
        )
    return ct_features(case, regions, settings, tuple(dict.fromkeys((*SIX, *regions.masks()))), backend)


def _with_label(arguments: Mapping[str, Any], settings: Profile | Parameters) -> Mapping[str, Any]:
    """The arguments with the mask's label from a parameter file, if it names one and the person has named no segment."""
    label = getattr(settings, "label", None)
    masked = any(arguments.get(key) is not None for key in ("mask", "pet_mask", "ct_mask"))
    if label is None or not masked or arguments.get("segment") not in (None, ""):
        return arguments
    return {**arguments, "segment": label}


COMMAND = Command("features", "Measure PET features and radiomics of the CT regions.", add_arguments, run)
