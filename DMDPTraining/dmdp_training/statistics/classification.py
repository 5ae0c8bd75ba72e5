"""Measures of a yes-or-no call at a threshold that was fixed on training data."""

from __future__ import annotations

import numpy as np

MEASURES = ("accuracy", "balanced_accuracy", "F1", "sensitivity", "specificity", "PPV", "NPV", "MCC")


def youden(probability: np.ndarray, y: np.ndarray) -> float:
    """The threshold that maximises sensitivity + specificity on (n,) probabilities: half-way to the next lower value."""
    order = np.argsort(-probability, kind="stable")
    p = probability[order]
    gain = np.cumsum(y[order] == 1) / (y == 1).sum() - np.cumsum(y[order] == 0) / (y == 0).sum()
    gain[:-1][p[:-1] == p[1:]] = -np.inf  # equal values are called alike
    best = int(np.argmax(gain))
    return float(p[best] if best + 1 == len(p) else (p[best] + p[best + 1]) / 2)


def measures(calls: np.ndarray, y: np.ndarray, w: np.ndarray) -> dict[str, np.ndarray]:
    """Each of :data:`MEASURES` per row of patient weights ``w`` (B, n), mean over the repeats of ``calls`` (R, n) bool.

    Calls are those of label 1. Undefined ratios are NaN.
    """
    calls = np.atleast_2d(calls)
    tp, fp = w @ (calls & (y == 1)).T, w @ (calls & (y == 0)).T
    fn, tn = w @ (~calls & (y == 1)).T, w @ (~calls & (y == 0)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
        found = {
            "accuracy": (tp + tn) / (tp + tn + fp + fn),
            "balanced_accuracy": (sensitivity + specificity) / 2,
            "F1": 2 * tp / (2 * tp + fp + fn),
            "sensitivity": sensitivity,
            "specificity": specificity,
            "PPV": tp / (tp + fp),
            "NPV": tn / (tn + fn),
            "MCC": (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)),
        }
    return {name: value.mean(axis=1) for name, value in found.items()}
