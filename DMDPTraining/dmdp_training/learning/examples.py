"""A patient as training sees them: the network's crop, which images it has, values and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from dmdp.errors import InputError
from dmdp.images.resampling import sample
from dmdp.images.volume import Geometry
from dmdp.inputs import LOGARITHMIC, usable
from dmdp.network.crop import crop_case, normalise
from dmdp.patients.case import PET, Case, Lesion
from dmdp.pet_features import pet_features

ALIKE = 1e-6  # a relative deviation below which values differ by rounding only


@dataclass(frozen=True, eq=False)
class Example:
    """``images`` float16 (2, 48, 96, 96), or (2, 24, 48, 48) at 2 mm, as :func:`dmdp.network.crop.normalise` makes them, an
    absent one filled with
    ``dmdp.network.dmdp.MISSING``; ``present`` says whether CT and PET are there; ``values`` raw, by name; ``labels`` the known
    ones, 0/1 by task; ``lesion`` bool (z, y, x) on the crop, where it is known."""

    patient: str
    images: np.ndarray
    values: Mapping[str, float]
    labels: Mapping[str, int]
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
    """Labels float32 (N, tasks), NaN where unknown."""
    return np.array([[e.labels.get(task, np.nan) for task in tasks] for e in examples], np.float32).reshape(-1, len(tasks))


def standardisation(examples: Sequence[Example], names: Sequence[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of the named values among these patients only; the logarithm of those in ``LOGARITHMIC``.

    Raises :class:`InputError` for a value that nobody has.
    """
    means, deviations = [], []
    for name in names:
        column = np.array([e.values[name] for e in examples if usable(e.values, name)])
        if not len(column):
            raise InputError("cohort.value", f"No patient has '{name}'.", "one at least.", "Leave this value out.")
        column = np.log(column) if name in LOGARITHMIC else column
        means.append(float(column.mean()))
        deviations.append(spread(column))
    return tuple(means), tuple(deviations)


def spread(column: np.ndarray) -> float:
    """The standard deviation of some values, 1 where they are all alike but for rounding."""
    deviation = float(np.std(column))
    return deviation if deviation > ALIKE * max(abs(float(np.mean(column))), 1.0) else 1.0
