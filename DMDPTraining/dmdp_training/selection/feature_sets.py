"""The feature sets that Jiang et al. 2026 (DMDP) compare in Table 2, as pipelines that are fitted inside folds only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import RFECV
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ..cohorts.table import Column
from ..statistics.metrics import auc
from .lasso import LassoSelector
from .mrmr import Mrmr

REGIONS = ("CT_reg1", "CT_reg2", "CT_reg5", "CT_reg6")
UPSTREAM = "selected upstream on all patients: optimistic"


@dataclass(frozen=True)
class FeatureSet:
    """``name`` as in Table 2 of Jiang et al. 2026, and the ``blocks`` of columns that it draws from."""

    name: str
    blocks: tuple[str, ...]

    @property
    def upstream(self) -> bool:
        """True if its CT columns were selected by the authors on all patients."""
        return any(block.startswith("CT_") for block in self.blocks)


FEATURE_SETS: dict[str, FeatureSet] = {
    s.name: s
    for s in (
        FeatureSet("clinical", ("clinical",)),
        *(FeatureSet(region, (region,)) for region in REGIONS),
        FeatureSet("CT_reg_all", REGIONS),
        FeatureSet("PET", ("PET",)),
        FeatureSet("PET_clinical", ("PET", "clinical")),
        FeatureSet("PET_CT_clinical", ("PET", *REGIONS, "clinical")),
    )
}


def feature_pipeline(columns: Sequence[Column], feature_set: FeatureSet, seed: int = 0) -> Pipeline:
    """An unfitted pipeline from a cohort's columns to the selected features of a set.

    Per block: median of the fold for single missing cells, standardisation of the fold, then PET by recursive elimination
    (logistic regression, AUC, inner five-fold), each CT region by mRMR (top 20) and all regions together by LASSO; clinical
    columns are all kept. Output columns are named ``block__column``.
    """
    blocks = [(block, [i for i, c in enumerate(columns) if c.block == block]) for block in feature_set.blocks]
    clinical = ColumnTransformer([(b, _prepared(), i) for b, i in blocks if b == "clinical"])
    pet = ColumnTransformer([(b, make_pipeline(*_prepared(), _elimination(seed)), i) for b, i in blocks if b == "PET"])
    regions = ColumnTransformer([(b, make_pipeline(*_prepared(), Mrmr(20)), i) for b, i in blocks if b in REGIONS])
    parts = []
    everything = slice(0, len(columns))
    if clinical.transformers:
        parts.append(("clinical", clinical, everything))
    if pet.transformers:
        parts.append(("PET", pet, everything))
    if regions.transformers:
        parts.append(("CT", make_pipeline(regions, LassoSelector(random_state=seed)), everything))
    return Pipeline([("blocks", ColumnTransformer(parts, verbose_feature_names_out=False))])


def plain_pipeline() -> Pipeline:
    """Median, standardisation, no selection: what the re-analysis of the released features uses."""
    return _prepared()


def selected_names(fitted: Pipeline, columns: Sequence[Column]) -> tuple[str, ...]:
    """The names of the columns that a fitted pipeline of :func:`feature_pipeline` kept."""
    found = fitted.get_feature_names_out([column.name for column in columns])
    return tuple(str(name).rsplit("__", 1)[-1] for name in found)


def _prepared() -> Pipeline:
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())


def _elimination(seed: int) -> RFECV:
    return RFECV(
        LogisticRegression(C=0.1, class_weight="balanced", solver="newton-cholesky"),
        cv=StratifiedKFold(5, shuffle=True, random_state=seed),
        scoring=area,
        min_features_to_select=1,
        n_jobs=1,
    )


def area(model, x: np.ndarray, y: np.ndarray) -> float:
    """AUC of a fitted linear model: scikit-learn's ``roc_auc`` scorer without its checks, which cost more than the fit."""
    return float(auc(model.decision_function(x), y))
