"""From what a person gives (paths, a seed or contours, clinical facts) to a case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..delineation.pet import delineate
from ..errors import ImageMissing
from ..images.volume import SUVBW, Volume
from ..patients.case import CT, PET, Case, Clinical, Lesion
from ..pet_features.intensity import hottest_point
from ..progress import Progress, silent
from .load import load_images, load_mask
from .row import IMAGES, PATHS, Located, PatientRow
from .source import ImageSource

HEADER_NOTE = "The DICOM header says"
COLD_NOTE = "The contour lies where there is hardly any uptake"
COLD_SUV = 1.0


def read_from(row: PatientRow) -> tuple[Path, ...]:
    """What is read: folders and files; of listed DICOM files one of each folder that they lie in."""
    given = {name: value for name in PATHS if (value := getattr(row, name)) is not None}
    images = [path for name in IMAGES.values() if name in given for path in ImageSource.of(given.pop(name)).read_from]
    return tuple(map(Path, (*images, *(mask for mask in given.values() if isinstance(mask, str | Path)))))


def prepare_case(row: PatientRow, progress: Progress = silent) -> Case:
    """Read the images that there are, convert a PET to SUV, and find or read the lesion, if one is given, on each of them.

    Raises :class:`InputError` subclasses.
    """
    progress(0.0, "reading the images")
    case = load_images(row.ct, row.pet, pet_is_suv=row.pet_is_suv)
    if row.has_lesion:
        progress(0.7, "outlining the lesion")
        lesions, notes = _lesions(row, case)
        case = replace(case, lesions=lesions, notes=(*case.notes, *notes))
    return replace(case, clinical=row.clinical, notes=(*case.notes, *_cold(case), *_unused(row.clinical, case.header)))


def _cold(case: Case) -> tuple[str, ...]:
    """A note if a contour holds less uptake than blood does: it lies beside the lesion, or outside the body."""
    lesion = case.lesions.get(PET)
    if lesion is None or lesion.method != "manual":
        return ()
    highest = float(case.pet.array[lesion.mask.array].max()) if lesion.mask else 0.0
    if highest >= COLD_SUV:
        return ()
    return (
        f"{COLD_NOTE} (SUVmax {highest:.2f}): check that the mask was drawn on these images, and that its file kept their place "
        "(origin, spacing and axes).",
    )


def _unused(given: Clinical, header: Clinical) -> tuple[str, ...]:
    """A note on what the header says and the person did not: it is not used unasked, as headers are often wrong."""
    known = [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name in ("age", "sex")
        if getattr(given, name) is None and (value := getattr(header, name)) is not None
    ]
    return (f"{HEADER_NOTE} {' and '.join(known)}; give it to have it used.",) if known else ()


def _lesions(row: PatientRow, case: Case) -> tuple[dict[str, Lesion], tuple[str, ...]]:
    """The lesion on each image, and notes: as it was drawn there, else carried over from the other image."""
    if row.seed is not None:
        if not case.has(PET):
            raise ImageMissing(
                "seed.no_pet",
                "A seed point is given, and no PET in which a lesion can be outlined from it.",
                "a PET, or a mask of the lesion on the CT.",
                "Give the PET, or --mask.",
            )
        lesion = delineate(case.pet, row.seed, row.method)
        return _carried({PET: lesion}, case), lesion.notes
    drawn = {PET: row.pet_mask, CT: row.ct_mask} if row.mask is None else dict.fromkeys((PET, CT), row.mask)
    lesions, notes = {}, list[str]()
    for modality, mask in drawn.items():
        if mask is not None and case.has(modality):
            on = "both" if row.mask is not None and case.has(PET, CT) else modality
            lesions[modality], said = _drawn(mask, row.segment, case.require(modality), on)
            notes += said
    if not lesions:
        ((wanted, other),) = [(m, o) for m, o in ((PET, CT), (CT, PET)) if drawn[m] is not None]
        raise ImageMissing(
            "mask.no_image",
            f"The mask was drawn on the {wanted}, and only a {other} is given.",
            f"a mask for the {other}.",
            f"Give the {wanted}, or --mask, which holds for any image.",
        )
    return _carried(lesions, case), tuple(dict.fromkeys(notes))


def _drawn(mask: Located, segment: str | None, image: Volume, modality: str) -> tuple[Lesion, tuple[str, ...]]:
    found, notes = load_mask(mask, image.geometry, segment)
    lesion = Lesion(found, "manual", modality)
    return (replace(lesion, seed=hottest_point(image, lesion)) if image.unit == SUVBW else lesion), notes


def _carried(lesions: dict[str, Lesion], case: Case) -> dict[str, Lesion]:
    """The lesion on every image of a case."""
    (first, *_) = lesions.values()
    return {name: lesions.get(name) or first.onto(image.geometry, name) for name, image in case.images.items()}
