"""Calibration of a network's out-of-fold log-odds, with targets that keep the slope finite where the classes do not overlap."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from ..ensembles.stacking import FLAT, Platt
from .examples import spread


def smoothed_platt(logits: np.ndarray, y: np.ndarray) -> Platt:
    """Platt's calibration of log-odds (repeats, N) for labels ``y`` (N,) 0/1; all repeats are fitted together, since what is used
    later is one ensemble and not the mean of several.

    The targets are (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2) (Platt, Advances in Large Margin Classifiers, 2000, 61). A score that points
    the wrong way is made flat, as :func:`dmdp_training.ensembles.stacking.platt` does.
    """
    positive, negative = int(y.sum()), int((1 - y).sum())
    targets = np.tile(np.where(y == 1, (positive + 1) / (positive + 2), 1 / (negative + 2)), len(logits))
    x = np.asarray(logits, float).reshape(-1, 1)
    width = spread(x)  # the solver's tolerance is absolute
    both, classes = np.concatenate([x, x]) / width, np.repeat([1, 0], len(x))
    fit = LogisticRegression(C=np.inf).fit(both, classes, sample_weight=np.concatenate([targets, 1 - targets]))
    slope = float(fit.coef_[0, 0]) / width
    if slope > FLAT:
        return Platt(slope, float(fit.intercept_[0]))
    return Platt(FLAT, float(np.log(positive / negative) - FLAT * x.mean()))
