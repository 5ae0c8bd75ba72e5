"""The base learners of the stack (as in Jiang et al. 2026: LR, RF, extremely randomised trees) and their small grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True, eq=False)
class Learner:
    """An unfitted classifier, its ``name`` as in Jiang et al. 2026 (DMDP), and the ``grid`` that inner folds choose from."""

    name: str
    estimator: ClassifierMixin
    grid: Mapping[str, Sequence[Any]]


def learners(seed: int = 0, trees: int = 100, tuned: bool = True) -> tuple[Learner, ...]:
    """LR, RF and EXT. Class imbalance is met by balanced weights, and undone by calibration.

    ``tuned`` False fixes the settings of the re-analysis of the released features (C 0.1, at least 3 patients per leaf).
    """
    forest = {"n_estimators": trees, "min_samples_leaf": 3, "random_state": seed, "n_jobs": 1}
    leaves = {"min_samples_leaf": [3, 10]} if tuned else {}
    return (
        Learner(
            "LR", LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000), {"C": [0.01, 0.1, 1.0]} if tuned else {}
        ),
        Learner("RF", RandomForestClassifier(class_weight="balanced_subsample", **forest), leaves),
        Learner("EXT", ExtraTreesClassifier(class_weight="balanced", **forest), leaves),
    )
