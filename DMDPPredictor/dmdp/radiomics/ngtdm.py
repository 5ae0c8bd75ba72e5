"""Neighbouring grey tone difference features (Amadasun and King 1989; IBSI 3.9; PyRadiomics 3.0.1)."""

from __future__ import annotations

import numpy as np

MOST_COARSE = 1e6  # PyRadiomics' value where no voxel differs from its neighbours


def ngtdm_features(counts: np.ndarray, present: np.ndarray, neighbours_only: bool = False) -> dict[str, float]:
    """5 features of ``counts`` (P, 3): voxels, summed differences, and voxels without neighbours, of each grey level (P,).

    PyRadiomics counts voxels that have no neighbour; IBSI does not (``neighbours_only``).
    """
    number, s, alone = counts.T
    if neighbours_only and (number > alone).any():
        used = number > alone
        number, s, present = (number - alone)[used], s[used], present[used]
    i = present.astype(float)
    voxels, groups = number.sum(), len(i)
    p = number / voxels
    apart = i[:, None] - i[None, :]
    coarse, spread = (p * s).sum(), np.abs((i * p)[:, None] - (i * p)[None, :]).sum()
    contrast = (p[:, None] * p[None, :] * apart**2).sum() * s.sum() / voxels
    pairs = groups * (groups - 1)
    both = (p * s)[:, None] + (p * s)[None, :]
    strength = ((p[:, None] + p[None, :]) * apart**2).sum()
    return {
        "Coarseness": 1 / coarse if coarse else MOST_COARSE,
        "Contrast": contrast / pairs if pairs else 0.0,
        "Busyness": coarse / spread if spread else 0.0,
        "Complexity": (np.abs(apart) * both / (p[:, None] + p[None, :])).sum() / voxels,
        "Strength": strength / s.sum() if s.sum() else 0.0,
    }
