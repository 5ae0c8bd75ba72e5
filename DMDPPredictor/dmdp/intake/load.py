"""From paths to a CT in HU and a PET in SUV that belong together, or one of them, and masks on their grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..dicom.hounsfield import has_air_and_tissue, in_hounsfield
from ..dicom.named import check_image_file
from ..dicom.patient import patient_of
from ..dicom.read import read_series
from ..dicom.series import Series, choose, discover, no_overlap, overlap_mm, pair
from ..dicom.suv import pet_header, suv_factors, to_suv
from ..errors import InputError, LesionError, SuvError, UsageError
from ..images.files import read_volume, unplaced
from ..images.mask import Mask
from ..images.volume import SUVBW, Geometry, Volume
from ..patients.case import CT, MIN_VOXELS, PET, Case
from .masks import read_segment
from .packed import unpack
from .source import Given, ImageSource

TOP_SUV = (0.5, 1000.0)  # the highest in an image; brain, heart or bladder are in most


def load_images(ct: Given | None = None, pet: Given | None = None, *, pet_is_suv: bool = False) -> Case:
    """Read a CT, a PET, or both of one patient in one space, each from a DICOM folder (a series, or the whole study), an image
    file, or what a viewer shows; the case has no lesion yet.

    Raises :class:`UsageError` if neither is given, and :class:`InputError` subclasses if one is absent, unusable, or not of the
    same space as the other.
    """
    if pet is not None:
        return load_pet(pet, pet_is_suv=pet_is_suv) if ct is None else load_pair(ct, pet, pet_is_suv=pet_is_suv)
    if ct is None:
        raise UsageError("image.none", "Neither a CT nor a PET is given.", "at least one of them.", "Give --ct, --pet, or both.")
    return load_ct(ct)


def load_pair(ct: Given, pet: Given, *, pet_is_suv: bool = False) -> Case:
    """Read a CT and a PET of one patient in one space, as :func:`load_images`."""
    ct, pet = _existing(ct), _existing(pet)
    if ct.is_dicom and pet.is_dicom and not (ct.listed and pet.listed):
        found = discover(ct.where)
        pairing = pair(found, found if pet == ct else discover(pet.where))
        if pairing.swapped:
            ct, pet = pet, ct
        loaded, ct_volume = _pet_from(pairing.pet, pet), ct.placed(read_series(pairing.ct))
        return _joined(ct_volume, loaded, (*pairing.notes, *_notes(ct_volume), *loaded.notes))
    loaded, ct_case = load_pet(pet, pet_is_suv=pet_is_suv), load_ct(ct)
    notes = ct_case.notes
    if not ct.is_dicom and not pet.is_dicom and _is_other(ct_case.ct, loaded.pet):
        loaded, ct_case = load_pet(ct, pet_is_suv=pet_is_suv), load_ct(pet)
        notes = (*ct_case.notes, "CT and PET were given in each other's place; each was taken for what its values show.")
    if overlap_mm(ct_case.ct.geometry, loaded.pet.geometry) <= 0:
        raise no_overlap()
    return _joined(ct_case.ct, loaded, (*loaded.notes, *notes, *_frames(ct_case.ct, loaded.pet)))


def _joined(ct: Volume, pet: Case, notes: tuple[str, ...]) -> Case:
    return replace(pet, images={CT: ct, **pet.images}, notes=notes)


def load_ct(ct: Given) -> Case:
    """Read a CT in HU from a DICOM folder, from what a viewer shows or from an image file.

    Raises :class:`InputError` subclasses if it is absent or unusable.
    """
    source = _existing(ct)
    if source.is_dicom:
        series, notes = choose(discover(source.where), "CT")
        volume = source.placed(read_series(series))
        return Case({CT: volume}, notes=(*notes, *_notes(volume)))
    check_image_file(source.paths[0])
    name = f"The CT file '{source.paths[0].name}'"
    volume, notes = in_hounsfield(source.placed(read_volume(source.paths[0], "HU")), name)
    return Case({CT: volume}, notes=(*notes, *_placeless(volume, name)))


def load_pet(pet: Given, *, pet_is_suv: bool = False) -> Case:
    """Read a PET as SUVbw, from a DICOM folder, from what a viewer shows or, with ``pet_is_suv``, from an image file.

    Raises :class:`SuvError` if SUV cannot be had.
    """
    source = _existing(pet)
    if source.is_dicom:
        series, notes = choose(discover(source.where), "PT")
        loaded = _pet_from(series, source)
        return replace(loaded, notes=(*notes, *loaded.notes))
    path = source.paths[0]
    check_image_file(path)
    if not pet_is_suv:
        raise SuvError(
            "suv.unknown",
            f"'{path.name}' does not say whether it holds SUV.",
            "PET as DICOM, or a file in SUVbw (g/ml).",
            "Give the DICOM folder, or add --pet-is-suv if the file is in SUVbw.",
        )
    volume = source.placed(read_volume(path, SUVBW))
    notes = (*_placeless(volume, f"The PET file '{path.name}'"), *_improbable(volume))
    return Case({PET: volume}, notes=("The PET file was taken to be in SUVbw, as told.", *notes))


def load_mask(
    given: str | Path | Mapping[str, Any], onto: Geometry, segment: str | int | None = None
) -> tuple[Mask, tuple[str, ...]]:
    """A mask (a file, or packed) on the grid ``onto``, by nearest neighbour if it comes on another, and notes about that.

    ``segment`` names or numbers one of several in a file. Raises :class:`LesionError` if it is to be named and is not, if the
    mask is empty, lies outside the image, or holds a single voxel.
    """
    if not isinstance(given, Mapping):
        (path,) = _existing(given).paths
        (mask, notes), name = read_segment(path, segment), path.name
    else:
        mask, name, notes = unpack(given), "drawn contour", ()
    if not mask:
        raise LesionError(
            "lesion.empty",
            f"The mask '{name}' is empty.",
            "at least one voxel above 0.",
            "Draw the lesion and save the mask again.",
        )
    carried = mask.onto(onto)
    voxels = carried.voxels
    if voxels == 0:
        raise LesionError(
            "lesion.outside",
            f"The mask '{name}' has no voxel inside the image.",
            "a lesion within the field of view, in the same frame of reference.",
            "Check that the mask was drawn on these images, and that its file kept their place (origin, spacing and axes).",
        )
    if voxels < MIN_VOXELS:
        raise LesionError(
            "lesion.too_small",
            f"The mask '{name}' has {voxels} voxel on the image's grid.",
            f"at least {MIN_VOXELS} voxels.",
            "Draw the whole lesion; lesions of one voxel cannot be measured.",
        )
    if mask.geometry.same_grid(onto):
        return carried, notes
    if _displaced(mask.geometry, onto):
        notes = (
            *notes,
            f"The mask '{name}' has as many voxels as the image, {' × '.join(map(str, onto.shape[::-1]))}, but says that they "
            "lie elsewhere: perhaps it was saved without its header (origin, spacing and axes).",
        )
    elif unplaced(mask.geometry):
        notes = (*notes, f"The mask '{name}' places its first voxel at 0, 0, 0: perhaps it was saved without its header.")
    change = f"{mask.change(carried):+.1%}"
    return carried, (*notes, f"The mask '{name}' came on another grid (nearest neighbour; volume changed by {change}).")


def _placeless(volume: Volume, name: str) -> tuple[str, ...]:
    """A note if an image has lost its position: it may lie beside the other one, or turned to the other side."""
    if not unplaced(volume.geometry):
        return ()
    return (
        f"{name} places its first voxel at 0, 0, 0 with axes that are not turned, as files do that have lost their place in the "
        "patient: check left and right, and that CT, PET and mask lie on one another.",
    )


def _improbable(pet: Volume) -> tuple[str, ...]:
    """A note if no voxel, or one by far, has an SUV that tissue can have: the values may be in another unit."""
    top, (low, high) = float(pet.array.max()), TOP_SUV
    if low <= top <= high:
        return ()
    return (f"The highest SUV of the PET is {top:.3g}, while {low:g} to {high:g} are plausible: its values may be no SUVbw.",)


def _displaced(mask: Geometry, image: Geometry) -> bool:
    """Whether two grids have the same numbers of voxels, in whatever order, but fill different boxes in space."""
    if sorted(mask.shape) != sorted(image.shape):
        return False
    here, there = ([corners.min(axis=0), corners.max(axis=0)] for corners in (mask.corners(), image.corners()))
    return bool(np.abs(np.subtract(here, there)).max() > max(image.spacing))


def _frames(ct: Volume, pet: Volume) -> tuple[str, ...]:
    """What is known of the spaces of two images that were chosen one by one."""
    frames = [volume.provenance.get("frame_of_reference_uid") for volume in (ct, pet)]
    if None in frames:
        return ("Frames of reference were not compared, as not both images are DICOM.",)
    if frames[0] != frames[1]:
        return ("CT and PET have different frames of reference; they are used as they lie on one another in the viewer.",)
    return ()


def _pet_from(series: Series, source: ImageSource) -> Case:
    factors = suv_factors(pet_header(series.headers))
    volume = source.placed(read_series(series))
    patient, notes = patient_of(series.headers[0])
    suv = to_suv(volume, factors)
    said = (*_notes(volume), *_improbable(suv), *notes)
    return Case({PET: suv}, suv_audit=factors.audit, notes=said, header=patient)


def _notes(volume: Volume) -> tuple[str, ...]:
    """What was decided while a series was read."""
    return tuple(volume.provenance.get("notes", ()))


def _is_other(ct: Volume, pet: Volume) -> bool:
    """True if the file given as the CT has no value below 0, and the one given as the PET shows air and tissue in HU."""
    return float(ct.array.min()) >= 0.0 and has_air_and_tissue(pet.array)


def _existing(given: Given) -> ImageSource:
    source = ImageSource.of(given)
    missing = [path for path in source.paths if not path.exists()]
    if missing:
        raise InputError("path.missing", f"'{missing[0]}' does not exist.", "a folder or file.", "Check the path.")
    return source
