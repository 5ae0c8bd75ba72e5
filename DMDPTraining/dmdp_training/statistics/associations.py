"""Whether something that is not biology predicts the label; missing values and the cohort are the usual causes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import fisher_exact
from scipy.stats.contingency import crosstab
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline


@dataclass(frozen=True)
class Missingness:
    """Fisher's exact test of "measured or not" against the label, two-sided ``p``."""

    missing: int
    events_missing: int
    known: int
    events_known: int
    p: float


def fisher_missingness(measured: np.ndarray, y: np.ndarray) -> Missingness:
    """Test whether patients without a measurement, ``measured`` (n,) bool, differ in their label ``y`` (n,) 0/1."""
    table = [[int(((measured == m) & (y == label)).sum()) for label in (1, 0)] for m in (False, True)]
    return Missingness(sum(table[0]), table[0][0], sum(table[1]), table[1][0], float(fisher_exact(table).pvalue))


@dataclass(frozen=True)
class CohortLabel:
    """Events and patients per cohort, and the exact (Freeman-Halton) test of independence, two-sided ``p``."""

    counts: dict[str, tuple[int, int]]
    p: float


def cohort_label(cohorts: np.ndarray, y: np.ndarray, seed: int = 0) -> CohortLabel:
    """Test whether the cohort, (n,) str, tells the label ``y`` (n,) 0/1.

    Two cohorts: Fisher's exact test. More: Fisher's statistic with 9,999 permutations, as SciPy does for larger tables.
    """
    names, table = crosstab(cohorts, y)
    rng = np.random.default_rng(seed)
    p = fisher_exact(table).pvalue if table.shape == (2, 2) else _larger(table, rng) if len(table) > 1 else 1.0
    counts = {str(c): (int(y[cohorts == c].sum()), int((cohorts == c).sum())) for c in names[0]}
    return CohortLabel(counts, float(p))


def _larger(table: np.ndarray, rng: np.random.Generator) -> float:
    from scipy.stats import PermutationMethod

    return float(fisher_exact(table, method=PermutationMethod(n_resamples=9_999, rng=rng)).pvalue)


def cohort_from_features(values: np.ndarray, cohorts: np.ndarray, seed: int = 0) -> float:
    """How well the inputs (n, p) tell the cohort: cross-validated one-against-rest AUC of extra trees, 0.5 = not at all.

    A high value means that a model may learn the scanner or the centre in place of the disease.
    """
    names = np.unique(cohorts)
    if len(names) < 2:
        return 0.5
    model = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        ExtraTreesClassifier(200, min_samples_leaf=3, class_weight="balanced", random_state=seed),
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    found = cross_val_predict(model, values, cohorts, cv=folds, method="predict_proba")
    if len(names) == 2:
        return float(roc_auc_score(cohorts == names[1], found[:, 1]))
    return float(roc_auc_score(cohorts, found, multi_class="ovr"))
