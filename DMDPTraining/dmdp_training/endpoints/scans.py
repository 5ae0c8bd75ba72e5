"""From scans to patients: a patient's scans are averaged, and count once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def by_patient(names: Sequence[str], logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean log-odds (repeats, P) and label (P,) 0/1 of every patient, over their scans with a known label: from the patients'
    ``names``, log-odds (repeats, N) and ``labels`` (N,) of scans."""
    rows = np.flatnonzero(np.isfinite(labels))
    _, first, own = np.unique(np.array(names)[rows], return_index=True, return_inverse=True)
    share = own[:, None] == np.arange(len(first))
    return logits[:, rows] @ (share / share.sum(axis=0)), labels[rows][first].astype(int)
