"""Folds of whole patients, alike in site and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from dmdp.errors import InputError


def patient_folds(patients: Sequence[str], strata: Sequence[str], folds: int, seed: int, repeat: int = 0) -> np.ndarray:
    """The fold (0…folds − 1) of each row, (N,) int: rows of one ``patient`` share it, and every stratum is spread evenly.

    ``strata`` (N,) are words such as :func:`stratum` makes; a patient's is that of the first row. Patients of a stratum are
    shuffled and dealt out in turn, where the previous stratum stopped, so that small strata even out as well. Raises
    :class:`InputError` with fewer patients than folds.
    """
    first: dict[str, str] = {}
    for patient, word in zip(patients, strata, strict=True):
        first.setdefault(patient, word)
    if not 2 <= folds <= len(first):
        raise InputError(
            "folds.few",
            f"{folds} folds of {len(first)} patients.",
            "at least two folds, and a patient for each.",
            "Ask for fewer folds, or bring more patients.",
        )
    rng = np.random.default_rng([seed, repeat])
    dealt: dict[str, int] = {}
    for word in sorted(set(first.values())):
        members = sorted(patient for patient, own in first.items() if own == word)
        for patient in rng.permutation(members):
            dealt[str(patient)] = len(dealt) % folds
    names = rng.permutation(folds)
    return np.array([names[dealt[patient]] for patient in patients])


def stratum(site: str, labels: Mapping[str, int], tasks: Sequence[str]) -> str:
    """Site and classes in one word; an unknown class is one of its own."""
    return "|".join([site, *(str(labels.get(task, "?")) for task in tasks)])


def inner_split(
    patients: Sequence[str], strata: Sequence[str], seed: int, share: float = 0.2, attempt: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to learn from and to stop on, both sorted: about ``share`` of the patients, alike in their strata; another
    split for each ``attempt``."""
    folds = patient_folds(patients, strata, max(2, round(1 / share)), seed, attempt)
    return np.flatnonzero(folds != 0), np.flatnonzero(folds == 0)
