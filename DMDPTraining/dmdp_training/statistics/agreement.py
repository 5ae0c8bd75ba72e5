"""Intraclass correlation of features over lesions and contours (Shrout and Fleiss, Psychol Bull 1979;86:420).

ICC(1,1) treats the contours of a lesion as exchangeable and ICC(3,1) as the same fixed set for every lesion, so that a constant
offset between two ways of drawing does not count against a feature. 1: all variation is between lesions; 0 or less: none is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEAST_LESIONS = 3


@dataclass(frozen=True)
class Agreement:
    """ICC(1,1) and ICC(3,1) of one feature with their intervals, over ``lesions`` with ``contours`` each; NaN if unknown."""

    icc1: float
    icc1_interval: tuple[float, float]
    icc3: float
    icc3_interval: tuple[float, float]
    lesions: int
    contours: int


def intraclass_correlation(values: np.ndarray, level: float = 0.95) -> Agreement:
    """Of one feature: ``values`` (lesions, contours). Lesions with a value that is not finite are left out.

    NaN with fewer than three lesions or two contours, or if no value varies.
    """
    values = np.asarray(values, float)
    values = values[np.isfinite(values).all(axis=1)]
    n, k = values.shape
    nothing = (float("nan"), (float("nan"), float("nan")))
    if n < LEAST_LESIONS or k < 2 or np.ptp(values) == 0:
        return Agreement(*nothing, *nothing, n, k)
    values = values - values.mean()
    lesions, contours = values.mean(axis=1), values.mean(axis=0)
    between = k * (lesions**2).sum() / (n - 1)
    within = ((values - lesions[:, None]) ** 2).sum()
    error = max(within - n * (contours**2).sum(), 0.0)
    one = _icc(between, within / (n * (k - 1)), k, n - 1, n * (k - 1), level)
    three = _icc(between, error / ((n - 1) * (k - 1)), k, n - 1, (n - 1) * (k - 1), level)
    return Agreement(*one, *three, n, k)


def agreement(lesions: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Agreement]:
    """By feature: ``lesions`` holds, per lesion, contour → feature → value.

    A lesion that lacks a contour is left out for all features, and a feature that one of the others lacks is left out.
    """
    contours = list(dict.fromkeys(name for lesion in lesions for name in lesion))
    whole = [lesion for lesion in lesions if set(lesion) == set(contours)]
    if not whole:
        return {}
    names = [name for name in whole[0][contours[0]] if all(name in lesion[c] for lesion in whole for c in contours)]
    values = np.array([[[lesion[c][name] for name in names] for c in contours] for lesion in whole])
    return {name: intraclass_correlation(values[:, :, column]) for column, name in enumerate(names)}


def _icc(between: float, within: float, k: int, n_between: int, n_within: int, level: float) -> tuple[float, tuple[float, float]]:
    """(ICC, its interval) from two mean squares and their degrees of freedom; 1 if nothing varies within lesions."""
    if within <= 1e-24 * between:
        return 1.0, (1.0, 1.0)
    ratio, tail = between / within, 0.5 + level / 2
    low = ratio / stats.f.ppf(tail, n_between, n_within)
    high = ratio * stats.f.ppf(tail, n_within, n_between)
    icc, lower, upper = ((f - 1) / (f + k - 1) for f in (ratio, low, high))
    return float(icc), (float(lower), float(upper))
