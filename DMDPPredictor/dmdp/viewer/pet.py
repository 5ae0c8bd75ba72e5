"""Questions about the PET: how it becomes SUV, the lesion at a point, and the measures of a contour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..delineation.pet import delineate
from ..documents.codec import plain
from ..errors import LesionError
from ..intake.packed import pack, unpack
from ..intake.row import point
from ..jobs.job import required
from ..patients.case import Case, Lesion
from ..pet_features.intensity import intensity
from ..progress import Progress
from .held import HeldPet

MEASURES = ("suv_max", "suv_peak", "suv_mean", "MTV_3", "TLG_3")


def convert(arguments: Mapping[str, Any], held: HeldPet, progress: Progress) -> dict[str, Any]:
    """How the PET becomes SUV: ``audit`` (null if it came as SUV) and ``factor``, by which its stored values are multiplied."""
    progress(0.0, "reading the PET")
    return _conversion(held(arguments))


def propose(arguments: Mapping[str, Any], held: HeldPet, progress: Progress) -> dict[str, Any]:
    """The lesion at ``seed`` (LPS mm) by ``method``: its ``mask`` on the PET's grid (packed), ``method``, ``seed``, ``notes``."""
    progress(0.0, "reading the PET")
    pet = held(arguments)
    progress(0.8, "outlining the lesion")
    lesion = delineate(pet.pet, point(required(arguments, "seed")), arguments.get("method") or "auto")
    return {
        **_conversion(pet),
        "mask": pack(lesion.mask),
        "method": lesion.method,
        "seed": lesion.seed and list(lesion.seed),
        "notes": list(lesion.notes),
    }


def measure(arguments: Mapping[str, Any], held: HeldPet, progress: Progress) -> dict[str, Any]:
    """SUV (g/ml), volume (ml) and glycolysis (g) of a packed ``mask``, which may come on any grid; definitions as in the report.

    Raises :class:`LesionError` if nothing of it lies on the PET.
    """
    progress(0.0, "reading the PET")
    pet = held(arguments)
    on_pet = unpack(required(arguments, "mask")).onto(pet.pet.geometry)
    if not on_pet:
        raise LesionError(
            "lesion.outside", "The contour lies outside the PET.", "a contour within the image.", "Draw the lesion on the PET."
        )
    found = intensity(pet.pet, Lesion(on_pet, "manual"))
    return {**_conversion(pet), "voxels": on_pet.voxels, **{name: found[name] for name in MEASURES}}


def _conversion(pet: Case) -> dict[str, Any]:
    audit = pet.suv_audit
    return {"audit": plain(audit), "factor": None if audit is None else audit.factors["SUVbw"]}
