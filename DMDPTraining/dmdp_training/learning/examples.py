"""A patient as training sees them: the network's crop, which images it has, values and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from dmdp.errors import InputError
from dmdp.images.resampling import sample
from dmdp.images.volume import Geometry
from dmdp.inputs import as_read, usable
from dmdp.patients.case import Lesion

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


def mask_on(crop: Geometry, lesion: Lesion) -> np.ndarray:
    """A lesion on the voxels of a crop, bool (z, y, x)."""
    return sample(lesion.mask.astype(np.float32), lesion.geometry, crop, order=1, outside=0.0) > 0.5


def label_array(examples: Iterable[Example], tasks: Sequence[str]) -> np.ndarray:
    """Labels float32 (N, tasks), NaN where unknown."""
    return np.array([[e.labels.get(task, np.nan) for task in tasks] for e in examples], np.float32).reshape(-1, len(tasks))


def standardisation(examples: Sequence[Example], names: Sequence[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of the named values among these patients only, as a model reads them.

    Raises :class:`InputError` for a value that nobody has.
    """
    means, deviations = [], []
    for name in names:
        column = as_read([e.values[name] for e in examples if usable(e.values, name)], name)
        if not len(column):
            raise InputError("cohort.value", f"No patient has '{name}'.", "one at least.", "Leave this value out.")
        means.append(float(column.mean()))
        deviations.append(spread(column))
    return tuple(means), tuple(deviations)


def spread(column: np.ndarray) -> float:
    """The standard deviation of some values, 1 where they are all alike but for rounding."""
    deviation = float(np.std(column))
    return deviation if deviation > ALIKE * max(abs(float(np.mean(column))), 1.0) else 1.0
