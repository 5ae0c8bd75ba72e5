"""A patient as training sees them: the network's crop, which images it has, values and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from dmdp.endpoints.base import Label, targets_of
from dmdp.endpoints.registry import endpoint_of
from dmdp.errors import InputError
from dmdp.images.resampling import sample
from dmdp.images.volume import Geometry
from dmdp.inputs import as_read, usable
from dmdp.network.crop import crop_case, normalise
from dmdp.patients.case import PET, Case, Lesion
from dmdp.pet_features import pet_features

from ..statistics.platt import spread


@dataclass(frozen=True, eq=False)
class Example:
    """``images`` float16 (2, 48, 96, 96), or (2, 24, 48, 48) at 2 mm, as :func:`dmdp.network.crop.normalise` makes them, an
    absent one filled with
    ``dmdp.network.dmdp.MISSING``; ``present`` says whether CT and PET are there; ``values`` raw, by name; ``labels`` the known
    ones by task; ``lesion`` bool (z, y, x) on the crop, if it is known."""

    patient: str
    images: np.ndarray
    values: Mapping[str, float]
    labels: Mapping[str, Label]
    present: tuple[bool, bool] = (True, True)
    site: str = field(default="")
    lesion: np.ndarray | None = None


def example_of(case: Case, spacing: int = 1) -> Example:
    """What a case's images say, in voxels of ``spacing`` mm: without the patient, the labels, and what is known clinically."""
    crop = crop_case(case, spacing)
    measured = pet_features(case.pet, case.pet_lesion) if case.has(PET) else {}
    values = {name: float(feature.value) for name, feature in measured.items() if np.isfinite(feature.value)}
    lesion = mask_on(crop.geometry, case.lesion)
    return Example("", normalise(crop).astype(np.float16), values, {}, crop.present, lesion=lesion)


def mask_on(crop: Geometry, lesion: Lesion) -> np.ndarray:
    """A lesion on the voxels of a crop, bool (z, y, x)."""
    return sample(lesion.mask.array.astype(np.float32), lesion.geometry, crop, order=1, outside=0.0) > 0.5


def label_array(examples: Iterable[Example], tasks: Sequence[str]) -> np.ndarray:
    """The labels as the endpoints of the tasks make targets of them: float32 (N, targets), of binary ones (N, tasks) of 0 and 1;
    NaN if unknown."""
    return targets_of((e.labels for e in examples), [endpoint_of(task) for task in tasks])


def standardisation(examples: Sequence[Example], names: Sequence[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of the named values among these patients only, as a model reads them.

    Raises :class:`InputError` for a value that is known of no patient.
    """
    means, deviations = [], []
    for name in names:
        column = as_read([e.values[name] for e in examples if usable(e.values, name)], name)
        if not len(column):
            raise InputError("cohort.value", f"No patient has '{name}'.", "one at least.", "Leave this value out.")
        means.append(float(column.mean()))
        deviations.append(spread(column))
    return tuple(means), tuple(deviations)
