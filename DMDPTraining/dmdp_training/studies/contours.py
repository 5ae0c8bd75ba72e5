"""How much of a feature's variation is between lesions and how much between contours: ICC over contours a millimetre apart."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.commands.said import said
from dmdp.delineation.perturb import STEP_MM, perturbed
from dmdp.errors import InputError, LesionError
from dmdp.features.ct import bspline_onto
from dmdp.intake.prepare import prepare_case
from dmdp.intake.row import PatientRow
from dmdp.jobs.functions import piece_function
from dmdp.patients.case import CT, PET, Case
from dmdp.pet_features import pet_features
from dmdp.progress import Progress
from dmdp.radiomics.backend import find_settings
from dmdp.radiomics.engine import extract_present
from dmdp.radiomics.profile import Profile
from dmdp.regions.ct_regions import ROOM_MM
from dmdp.regions.grid import fine_grid

from ..statistics.agreement import Agreement

AS_DRAWN = "as drawn"
GOOD = 0.75  # Koo and Li, J Chiropr Med 2016;15:155
COLUMNS = ("image", "feature", "icc1", "icc1_low", "icc1_high", "icc3", "icc3_low", "icc3_high", "lesions", "contours")

ByContour = dict[str, Mapping[str, float]]


@piece_function
def measure_contours(description: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """The features of the lesion of a ``row`` by image, as far as there are these images, and contour, the CT's by ``profile``;
    and what its reading notes.

    Raises :class:`dmdp.errors.DmdpError` if the row cannot be read or measured.
    """
    profile = find_profile(description["profile"])
    case = prepare_case(PatientRow.of(description["row"]))
    found = {PET: pet_by_contour(case)} if case.has(PET) else {}
    found |= {CT: ct_by_contour(case, profile)} if case.has(CT) else {}
    return {**found, "notes": said(case.notes, case.suv_audit)}


def find_profile(name: str) -> Profile:
    """A profile of the radiomics engine, by its name or file. Raises :class:`InputError` for the settings of PyRadiomics."""
    profile = find_settings(name)
    if not isinstance(profile, Profile):
        raise InputError("contours.profile", "A PyRadiomics parameter file.", "a profile of the engine.", "Name a profile.")
    return profile


def pet_by_contour(case: Case) -> ByContour:
    """The PET features of a lesion as drawn, grown, shrunk and shifted; a contour that leaves too little is left out."""
    found: ByContour = {}
    for name, lesion in {AS_DRAWN: case.pet_lesion, **perturbed(case.pet_lesion)}.items():
        try:
            found[name] = {key: float(feature.value) for key, feature in pet_features(case.pet, lesion).items()}
        except LesionError:
            continue
    return found


def ct_by_contour(case: Case, profile: Profile) -> ByContour:
    """Radiomics of the whole lesion on the CT, on a 1 mm grid, for the same contours; all share one preparation."""
    grid = fine_grid(case.ct_lesion, ROOM_MM)
    lesion = replace(case.ct_lesion, mask=case.ct_lesion.mask.onto(grid))
    masks = {name: other.mask.array for name, other in {AS_DRAWN: lesion, **perturbed(lesion)}.items()}
    found, _ = extract_present(bspline_onto(case.ct, grid), masks, profile)
    return {name: {key: float(value) for key, value in values.items()} for name, values in found.items()}


def agreement_csv(images: Mapping[str, Mapping[str, Agreement]], profile: Profile) -> str:
    """A row per image (CT, PET) and feature; empty if the ICC is unknown."""
    text = io.StringIO()
    text.write(f"# {RESEARCH_USE_ONLY}\n")
    text.write(f"# contours as drawn, {STEP_MM:g} mm larger and smaller, and shifted six ways; ICC(1,1) and ICC(3,1), 95 %\n")
    text.write(f"# CT by profile {profile.name}, SHA-256 {profile.hash}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for image, features in images.items():
        for name, a in features.items():
            values = (a.icc1, *a.icc1_interval, a.icc3, *a.icc3_interval)
            writer.writerow((image, name, *("" if v != v else f"{v:.4f}" for v in values), a.lesions, a.contours))
    return text.getvalue()


def steady(agreements: Sequence[Agreement]) -> int:
    """How many features are good even at the low end of their interval."""
    return sum(a.icc1_interval[0] >= GOOD for a in agreements)
