"""How a patient's values become the numbers that a sub-model reads. The one place for these codings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from .patients.case import CT, PET, Clinical

CLINICAL_INPUTS = ("age", "sex", "smoking")
# Right-skewed positive quantities: the log-odds are taken as linear in their logarithm, which also limits the largest lesions.
LOGARITHMIC = frozenset({"suv_max", "suv_peak", "suv_mean", "suv_median", "suv_sd", "MTV_3", "TLG_3", "TLG_4"})


def image_of(name: str) -> str | None:
    """The modality of the image that an input is measured in; None for a clinical one."""
    from .pet_features.table import DEFINITIONS  # scipy, which takes its time to import

    return None if name in CLINICAL_INPUTS else PET if name in DEFINITIONS else CT


def clinical_values(clinical: Clinical) -> dict[str, float]:
    """The known clinical inputs as numbers: age in years, sex 1 = female, smoking 1 = ever."""
    values: dict[str, float] = {}
    if clinical.age is not None:
        values["age"] = float(clinical.age)
    if clinical.sex is not None:
        values["sex"] = float(clinical.sex == "F")
    if clinical.smoking is not None:
        values["smoking"] = float(clinical.smoking == "ever")
    return values


def as_read(values: ArrayLike, name: str) -> np.ndarray:
    """Values of ``name`` as a model reads them: the natural logarithm of the quantities in ``LOGARITHMIC``, NaN if they are not
    positive."""
    raw = np.asarray(values, float)
    return np.log(raw, where=raw > 0, out=np.full(raw.shape, np.nan)) if name in LOGARITHMIC else raw


def vector(values: Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    """The row (1, len(names)) that a sub-model reads."""
    return np.array([[as_read(values[name], name) for name in names]])


def usable(values: Mapping[str, float], name: str) -> bool:
    """True if ``name`` is known and finite (and positive, if its logarithm is taken)."""
    value = values.get(name, np.nan)
    return bool(np.isfinite(value) and (value > 0 or name not in LOGARITHMIC))
