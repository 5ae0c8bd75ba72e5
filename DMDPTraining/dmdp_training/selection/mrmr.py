"""Minimum redundancy, maximum relevance: the first step for CT (Jiang et al. 2026, DMDP: top 20 of 130 per region)."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class Mrmr(SelectorMixin, BaseEstimator):
    """scikit-lego's mRMR (F statistic over summed absolute correlation), for tables that may hold fewer than ``k`` columns.

    ``k`` features are kept, all of them if there are no more. Columns that do not vary are never kept before others.

    Source of the method: Ding and Peng, J Bioinform Comput Biol 2005;3:185.
    """

    def __init__(self, k: int = 20):
        self.k = k

    def fit(self, X, y):  # noqa: N803
        """Choose from ``X`` (n, p), finite, for labels ``y`` (n,) 0/1."""
        X = validate_data(self, X)  # noqa: N806
        self.support_ = np.ones(X.shape[1], bool)
        if X.shape[1] > self.k:
            from sklego.feature_selection import MaximumRelevanceMinimumRedundancy

            with warnings.catch_warnings():  # 0/0 of columns that do not vary; the library turns it into no relevance
                warnings.simplefilter("ignore", RuntimeWarning)
                warnings.filterwarnings("ignore", message="Features .* are constant", category=UserWarning)
                found = MaximumRelevanceMinimumRedundancy(k=self.k, kind="classification").fit(X, np.asarray(y))
            self.support_ = found.get_support()
        return self

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self.support_
