"""A fitted forest of classification trees as plain arrays, checked before use.

scikit-learn's own tree is not used, since it trusts the child indices of a file: wrong ones make it read foreign memory. Arrays
are also a tenth of the size, load at once, and leave prediction without scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LEAF = -1
FIELDS = {"feature": np.int16, "threshold": np.float64, "left": np.int32, "right": np.int32, "value": np.float32}


@dataclass(frozen=True, eq=False)
class Forest:
    """Nodes of all trees one after another; ``roots`` (T,) are the first nodes of the trees.

    ``feature`` (N,) is the input that a node compares, −1 at a leaf; ``x <= threshold`` goes ``left``, else ``right``
    (indices into the nodes); ``value`` (N,) is the share of the positive class at a node.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    roots: np.ndarray

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], prefix: str, inputs: int) -> Forest:
        """The forest whose arrays are named ``prefix.feature`` … Raises ``ValueError`` if they are not a forest on
        ``inputs`` columns: a child that does not come after its parent could never end."""
        forest = cls(**{name: np.asarray(tensors[f"{prefix}.{name}"]) for name in (*FIELDS, "roots")})
        nodes, count = np.arange(len(forest.feature)), len(forest.feature)
        inner = forest.feature != LEAF
        sound = (
            all(getattr(forest, name).shape == (count,) for name in FIELDS)
            and all(getattr(forest, name).dtype == kind for name, kind in FIELDS.items())
            and forest.roots.dtype == np.int32
            and len(forest.roots) > 0
            and np.isin(forest.roots, nodes).all()
            and ((forest.feature >= LEAF) & (forest.feature < inputs)).all()
            and all(((child > nodes) & (child < count))[inner].all() for child in (forest.left, forest.right))
            and np.isfinite(forest.threshold).all()
            and ((forest.value >= 0) & (forest.value <= 1)).all()
        )
        if not sound:
            raise ValueError(f"'{prefix}' is no forest of trees on {inputs} inputs")
        return forest

    def tensors(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays by the names that :meth:`from_tensors` reads."""
        return {f"{prefix}.{name}": getattr(self, name) for name in (*FIELDS, "roots")}

    def probability(self, rows: np.ndarray) -> np.ndarray:
        """Mean share of the positive class over the trees, (n,), for ``rows`` (n, p); compared in single precision."""
        rows = np.asarray(rows, np.float32)
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots))).copy()
        row = np.arange(len(rows))[:, None]
        while (inner := self.feature[node] != LEAF).any():
            goes_left = rows[row, self.feature[node]] <= self.threshold[node]
            node = np.where(inner, np.where(goes_left, self.left[node], self.right[node]), node)
        return self.value[node].astype(np.float64).mean(axis=1)
