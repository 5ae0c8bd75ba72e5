"""From a row of the cohort to its example, read once and kept: image files are slow, and crops are small."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from dmdp.delineation.pet import delineate
from dmdp.errors import Cancelled, DmdpError, InputError, remade
from dmdp.images.volume import SUVBW, Volume
from dmdp.inputs import clinical_values
from dmdp.intake.load import load_ct, load_mask, load_pet
from dmdp.intake.prepare import CaseRequest, carry_over, prepare_case
from dmdp.network.crop import crop_pair, normalise
from dmdp.patients.case import Lesion
from dmdp.pet_features import pet_features
from dmdp.progress import Progress, silent

from .cache import Content, kept
from .cohort_csv import PATHS, Entry
from .examples import Example, mask_on

VERSION = 2  # of what is kept; raise it when crops or features change


def read_examples(entries: Sequence[Entry], cache: str | Path, spacing: int = 1, progress: Progress = silent) -> list[Example]:
    """The examples of a cohort in voxels of ``spacing`` mm; each is computed once and kept in ``cache`` as safetensors,
    without the patient's name.

    Raises :class:`InputError` (or what kept a scan from being read) with the row of the cohort file, and where two patients have
    the same CT or PET round the lesion.
    """
    found, seen = [], {}
    for number, entry in enumerate(entries):
        progress(number / len(entries), f"reading scan {number + 1} of {len(entries)}")
        try:
            found.append(cached_example(entry, Path(cache), spacing))
        except Cancelled:
            raise
        except DmdpError as error:
            raise _placed(error, entry.line) from error
        _check_other(found[-1], entry, seen)
    return found


def _placed(error: DmdpError, line: int) -> DmdpError:
    """The same sort of error with its row."""
    found = f"Row {line} of the cohort file: {error.found}"
    return remade(type(error), error.code, found, error.expected, error.remedy)


def _check_other(example: Example, entry: Entry, seen: dict[bytes, Entry]) -> None:
    """Refuse the scan of an earlier patient under another name: it would be learned from and tested on."""
    for name, image, there in zip(("CT", "PET"), example.images, example.present, strict=True):
        if not there or not np.ptp(image):  # an even image is nobody's
            continue
        first = seen.setdefault(name.encode() + hashlib.sha256(image.tobytes()).digest(), entry)
        if first.patient != entry.patient:
            raise InputError(
                "cohort.twice",
                f"Rows {first.line} and {entry.line} of the cohort file are two patients with the same {name} round the lesion.",
                "every scan under one patient.",
                "Give both rows the same patient, or delete one of them.",
            )


def cached_example(entry: Entry, cache: Path, spacing: int = 1) -> Example:
    """The example of one row, from ``cache`` where it is there and whole."""
    images, lesion, present, values = kept(cache / f"{_key(entry, spacing)}.safetensors", lambda: _compute(entry, spacing))
    values = {**values, **clinical_values(entry.clinical), **entry.values}
    return Example(entry.patient, images, values, entry.labels, present, entry.site, lesion)


def _key(entry: Entry, spacing: int) -> str:
    """A hash of everything that the crop depends on: the files and their times, the lesion, the voxels, the version."""
    facts = {key: str(value) for key, value in asdict(entry).items() if key in (*PATHS, "seed", "method", "pet_is_suv")}
    files = [_files(path) for name in PATHS if (path := getattr(entry, name)) is not None]
    return hashlib.sha256(json.dumps([VERSION, spacing, facts, files]).encode()).hexdigest()[:32]


def _files(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of a file, or of all in a folder: a folder's own time tells nothing of its files."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [(file.relative_to(path).as_posix(), (facts := file.stat()).st_size, facts.st_mtime_ns) for file in files]


def _compute(entry: Entry, spacing: int) -> Content:
    if entry.ct is not None and entry.pet is not None and (entry.mask or entry.pet_mask or entry.seed):
        case = prepare_case(
            CaseRequest(
                entry.ct,
                entry.pet,
                entry.pet_is_suv,
                entry.mask,
                entry.pet_mask,
                entry.ct_mask,
                entry.seed,
                entry.method,
            )
        )
        ct, pet, lesion = case.ct, case.pet, case.pet_lesion
        features = _features(pet, lesion)
    elif entry.ct is not None and entry.pet is not None:  # a contour of the CT only
        ct, pet = load_ct(entry.ct)[0], load_pet(entry.pet, pet_is_suv=entry.pet_is_suv).pet
        lesion = _outlined(entry, ct, "CT")
        features = _features(pet, carry_over(lesion, pet.geometry, "PET"))
    elif entry.ct is not None:
        ct = load_ct(entry.ct)[0]
        lesion, features = _outlined(entry, ct, "CT"), {}
        pet = Volume(np.zeros(ct.geometry.shape), ct.geometry, SUVBW)
    else:
        pet = load_pet(entry.pet, pet_is_suv=entry.pet_is_suv).pet
        lesion = _outlined(entry, pet, "PET")
        features = _features(pet, lesion)
        ct = Volume(np.full(pet.geometry.shape, -1000.0), pet.geometry, "HU")
    crop = crop_pair(ct, pet, lesion.centroid, spacing)
    return (
        normalise(crop).astype(np.float16),
        mask_on(crop.geometry, lesion),
        (entry.ct is not None, entry.pet is not None),
        features,
    )


def _outlined(entry: Entry, image: Volume, modality: str) -> Lesion:
    file = entry.mask or (entry.ct_mask if modality == "CT" else entry.pet_mask)
    if file is not None:
        return Lesion(load_mask(file, image.geometry)[0], image.geometry, "manual", modality)
    if entry.seed is None:
        raise InputError(
            "lesion.choice", f"The lesion is not given on the {modality}.", f"a mask on the {modality}.", "Add the mask."
        )
    return delineate(image, entry.seed, entry.method)


def _features(pet: Volume, lesion: Lesion) -> dict[str, float]:
    return {name: float(f.value) for name, f in pet_features(pet, lesion).items() if np.isfinite(f.value)}
