"""From what a person gives (paths, a seed or contours, clinical facts) to a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..delineation.pet import delineate
from ..errors import UsageError
from ..images.resampling import resample_mask
from ..images.volume import Geometry, Volume
from ..patients.case import Case, Clinical, Lesion
from ..progress import Progress, silent
from .load import load_mask, load_pair
from .source import ImageSource

HEADER_NOTE = "The DICOM header says"
COLD_NOTE = "The contour lies where there is hardly any uptake"
COLD_SUV = 1.0


@dataclass(frozen=True)
class CaseRequest:
    """Where a patient's data lie: images as in :class:`.source.ImageSource`, masks as files or packed, ``seed`` in LPS mm.

    Exactly one of ``mask`` (the lesion on both images), ``pet_mask`` (optionally with ``ct_mask``) or ``seed``. ``segment`` names
    or numbers the lesion in mask files that hold several.
    """

    ct: Path | ImageSource
    pet: Path | ImageSource
    pet_is_suv: bool = False
    mask: Path | Mapping[str, Any] | None = None
    pet_mask: Path | Mapping[str, Any] | None = None
    ct_mask: Path | Mapping[str, Any] | None = None
    seed: tuple[float, float, float] | None = None
    method: str = "auto"
    clinical: Clinical = Clinical()
    segment: str | int | None = None

    def __post_init__(self) -> None:
        given = [self.mask, self.pet_mask, self.seed]
        if sum(value is not None for value in given) != 1 or (self.ct_mask is not None and self.pet_mask is None):
            raise UsageError(
                "lesion.choice",
                "The lesion is given in no way, or in more than one.",
                "either a mask, or a PET mask (with or without a CT mask), or a seed point.",
                "Give one of --mask, --pet-mask [--ct-mask] or --seed.",
            )
        if self.segment is not None and self.seed is not None:
            raise UsageError(
                "lesion.segment",
                f"The segment '{self.segment}' is named, and there is no mask.",
                "a segment of a mask, or a seed point.",
                "Leave out --segment, or give --mask.",
            )

    def paths(self) -> tuple[Path, ...]:
        """What is read: folders and files; of listed DICOM files one of each folder that they lie in."""
        found = [path for source in (self.ct, self.pet) for path in ImageSource.of(source).read_from]
        found += [mask for mask in (self.mask, self.pet_mask, self.ct_mask) if isinstance(mask, str | Path)]
        return tuple(map(Path, found))


def prepare_case(request: CaseRequest, progress: Progress = silent) -> Case:
    """Read the images, convert the PET to SUV, and find or read the lesion. Raises :class:`InputError` subclasses."""
    progress(0.0, "reading the images")
    pair = load_pair(request.ct, request.pet, pet_is_suv=request.pet_is_suv)
    progress(0.7, "outlining the lesion")
    pet_lesion, ct_lesion, notes = _lesions(request, pair.ct, pair.pet)
    return Case(
        pair.ct,
        pair.pet,
        pet_lesion,
        ct_lesion,
        request.clinical,
        pair.suv_audit,
        (*pair.notes, *notes, *_cold(pair.pet, pet_lesion), *_unused(request.clinical, pair.header)),
    )


def _cold(pet: Volume, lesion: Lesion) -> tuple[str, ...]:
    """Say so where a contour holds less uptake than blood does: it lies beside the lesion, or outside the body."""
    highest = float(pet.array[lesion.mask].max()) if lesion.voxels else 0.0
    if lesion.method != "manual" or highest >= COLD_SUV:
        return ()
    return (
        f"{COLD_NOTE} (SUVmax {highest:.2f}): check that the mask was drawn on these images, and that its file kept their place "
        "(origin, spacing and axes).",
    )


def _unused(given: Clinical, header: Clinical) -> tuple[str, ...]:
    """Say what the header knows and the person did not give: it is not used unasked, as headers are often wrong."""
    known = [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name in ("age", "sex")
        if getattr(given, name) is None and (value := getattr(header, name)) is not None
    ]
    return (f"{HEADER_NOTE} {' and '.join(known)}; give it to have it used.",) if known else ()


def _lesions(request: CaseRequest, ct: Volume, pet: Volume) -> tuple[Lesion, Lesion, tuple[str, ...]]:
    if request.seed is not None:
        lesion = delineate(pet, request.seed, request.method)
        return lesion, carry_over(lesion, ct.geometry, "CT"), lesion.notes
    if request.mask is not None:
        mask, pet_notes = load_mask(request.mask, pet.geometry, request.segment)
        on_ct, ct_notes = load_mask(request.mask, ct.geometry, request.segment)
        notes = tuple(dict.fromkeys((*pet_notes, *ct_notes)))
        return (
            Lesion(mask, pet.geometry, "manual", "both", hottest_point(pet, mask)),
            Lesion(on_ct, ct.geometry, "manual", "both"),
            notes,
        )
    mask, notes = load_mask(request.pet_mask, pet.geometry, request.segment)
    lesion = Lesion(mask, pet.geometry, "manual", "PET", hottest_point(pet, mask))
    if request.ct_mask is None:
        return lesion, carry_over(lesion, ct.geometry, "CT"), notes
    on_ct, ct_notes = load_mask(request.ct_mask, ct.geometry, request.segment)
    return lesion, Lesion(on_ct, ct.geometry, "manual", "CT"), (*notes, *ct_notes)


def hottest_point(pet: Volume, mask: np.ndarray) -> tuple[float, float, float]:
    """LPS point (mm) of the voxel of highest uptake inside ``mask`` (z, y, x)."""
    return tuple(float(v) for v in pet.geometry.to_lps(pet.hottest(mask)))


def carry_over(lesion: Lesion, onto: Geometry, image: str) -> Lesion:
    """The lesion on another image's grid (nearest neighbour); its ``modality`` still says where it was drawn."""
    mask, residual = resample_mask(lesion.mask, lesion.geometry, onto)
    note = f"The {image} contour is the {lesion.modality} contour carried over (volume changed by {residual:+.1%})."
    return Lesion(mask, onto, lesion.method, lesion.modality, lesion.seed, (note,))
