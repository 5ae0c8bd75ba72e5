"""From a row of the cohort to its example, which is read once and kept: image files are slow to read, and crops are small."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from dmdp.errors import Cancelled, DmdpError, InputError, remade
from dmdp.inputs import clinical_values
from dmdp.intake.prepare import prepare_case
from dmdp.intake.row import PATHS, PatientRow
from dmdp.progress import Progress, silent

from .cache import kept
from .examples import Example, example_of

VERSION = 2  # of what is kept; raise it when crops or features change


def read_examples(rows: Sequence[PatientRow], cache: str | Path, spacing: int = 1, progress: Progress = silent) -> list[Example]:
    """The examples of a cohort in voxels of ``spacing`` mm; each is computed once and kept in ``cache`` as safetensors,
    without the patient's name.

    Raises :class:`InputError` (or what kept a scan from being read) with the row of the cohort file, and if two patients have
    the same CT or PET round the lesion.
    """
    found, seen = [], {}
    for number, row in enumerate(rows):
        progress(number / len(rows), f"reading scan {number + 1} of {len(rows)}")
        try:
            found.append(cached_example(row, Path(cache), spacing))
        except Cancelled:
            raise
        except DmdpError as error:
            raise _placed(error, row.line) from error
        _check_other(found[-1], row, seen)
    return found


def _placed(error: DmdpError, line: int) -> DmdpError:
    """The same sort of error with its row."""
    found = f"Row {line} of the cohort file: {error.found}"
    return remade(type(error), error.code, found, error.expected, error.remedy)


def _check_other(example: Example, row: PatientRow, seen: dict[bytes, PatientRow]) -> None:
    """Refuse a scan that an earlier patient has, too: the network would be trained and tested on the same scan."""
    for name, image, there in zip(("CT", "PET"), example.images, example.present, strict=True):
        if not there or not np.ptp(image):  # a uniform image does not tell whose it is
            continue
        first = seen.setdefault(name.encode() + hashlib.sha256(image.tobytes()).digest(), row)
        if first.patient != row.patient:
            raise InputError(
                "cohort.twice",
                f"Rows {first.line} and {row.line} of the cohort file are two patients with the same {name} round the lesion.",
                "every scan under one patient.",
                "Give both rows the same patient, or delete one of them.",
            )


def cached_example(row: PatientRow, cache: Path, spacing: int = 1) -> Example:
    """The example of one row, from ``cache`` if it is there and whole."""
    found = kept(cache / f"{_key(row, spacing)}.safetensors", lambda: example_of(prepare_case(row), spacing))
    values = {**found.values, **clinical_values(row.clinical), **row.values}
    return replace(found, patient=row.patient, values=values, labels=row.labels, site=row.site)


def _key(row: PatientRow, spacing: int) -> str:
    """A hash of everything that the crop depends on: the files and their times, the lesion, the voxels, the version."""
    facts = {name: str(getattr(row, name)) for name in (*PATHS, "segment", "seed", "method", "pet_is_suv")}
    files = [_files(path) for name in PATHS if (path := getattr(row, name)) is not None]
    return hashlib.sha256(json.dumps([VERSION, spacing, facts, files]).encode()).hexdigest()[:32]


def _files(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of a file, or of all in a folder: a folder's own time tells nothing of its files."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [(file.relative_to(path).as_posix(), (facts := file.stat()).st_size, facts.st_mtime_ns) for file in files]
