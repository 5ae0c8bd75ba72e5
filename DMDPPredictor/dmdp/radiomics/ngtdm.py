"""Neighbouring grey tone difference features (Amadasun and King 1989; IBSI 3.9; PyRadiomics 3.0.1)."""

from __future__ import annotations

import numpy as np

from .family import LEVELS, Family, Patch

MOST_COARSE = 1e6  # PyRadiomics' value if no voxel differs from its neighbours
TABLE = """
Coarseness | 1 | ngt_coarseness | 1 / Σ p s; 10⁶ where no voxel differs from its neighbours
Contrast | 1 | ngt_contrast | Σ p p (i − j)² / (N (N − 1)) × Σ s / n; 0 for one grey level
Busyness | 1 | ngt_busyness | Σ p s / Σ |i p − j p|; 0 for one grey level
Complexity | 1 | ngt_complexity | Σ |i − j| (p s + p s) / (p + p) / n
Strength | 1 | ngt_strength | Σ (p + p) (i − j)² / Σ s; 0 where no voxel differs from its neighbours
"""


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


def _of(patch: Patch) -> dict[str, float]:
    return ngtdm_features(patch.neighbourhood[2], patch.levels.present, patch.profile.ibsi)


FAMILY = Family("ngtdm", LEVELS, _of, TABLE, pyradiomics=True)
