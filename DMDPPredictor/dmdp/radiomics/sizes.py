"""Features of matrices that count by grey level and size: runs, zones and dependences (IBSI 3.7, 3.8, 3.11)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .family import LEVELS, Family, Patch
from .first_order import EPS
from .matrices import runs, zones

GLRLM_TABLE = """
ShortRunEmphasis | 1 | rlm_sre | Σ p / j²
LongRunEmphasis | 1 | rlm_lre | Σ p j²
GrayLevelNonUniformity | 1 | rlm_glnu | Σ over levels of runs² / runs
GrayLevelNonUniformityNormalized | 1 | rlm_glnu_norm | the same / runs
RunLengthNonUniformity | 1 | rlm_rlnu | Σ over lengths of runs² / runs
RunLengthNonUniformityNormalized | 1 | rlm_rlnu_norm | the same / runs
RunPercentage | 1 | rlm_r_perc | runs / voxels
GrayLevelVariance | 1 | rlm_gl_var | variance of i
RunVariance | 1 | rlm_rl_var | variance of j
RunEntropy | bit | rlm_rl_entr | H of (i, j)
LowGrayLevelRunEmphasis | 1 | rlm_lgre | Σ p / i²
HighGrayLevelRunEmphasis | 1 | rlm_hgre | Σ p i²
ShortRunLowGrayLevelEmphasis | 1 | rlm_srlge | Σ p / (i² j²)
ShortRunHighGrayLevelEmphasis | 1 | rlm_srhge | Σ p i² / j²
LongRunLowGrayLevelEmphasis | 1 | rlm_lrlge | Σ p j² / i²
LongRunHighGrayLevelEmphasis | 1 | rlm_lrhge | Σ p i² j²
"""

GLSZM_TABLE = """
SmallAreaEmphasis | 1 | szm_sze | Σ p / j²
LargeAreaEmphasis | 1 | szm_lze | Σ p j²
GrayLevelNonUniformity | 1 | szm_glnu | Σ over levels of zones² / zones
GrayLevelNonUniformityNormalized | 1 | szm_glnu_norm | the same / zones
SizeZoneNonUniformity | 1 | szm_zsnu | Σ over sizes of zones² / zones
SizeZoneNonUniformityNormalized | 1 | szm_zsnu_norm | the same / zones
ZonePercentage | 1 | szm_z_perc | zones / voxels
GrayLevelVariance | 1 | szm_gl_var | variance of i
ZoneVariance | 1 | szm_zs_var | variance of j
ZoneEntropy | bit | szm_zs_entr | H of (i, j)
LowGrayLevelZoneEmphasis | 1 | szm_lgze | Σ p / i²
HighGrayLevelZoneEmphasis | 1 | szm_hgze | Σ p i²
SmallAreaLowGrayLevelEmphasis | 1 | szm_szlge | Σ p / (i² j²)
SmallAreaHighGrayLevelEmphasis | 1 | szm_szhge | Σ p i² / j²
LargeAreaLowGrayLevelEmphasis | 1 | szm_lzlge | Σ p j² / i²
LargeAreaHighGrayLevelEmphasis | 1 | szm_lzhge | Σ p i² j²
"""

GLDM_TABLE = """
SmallDependenceEmphasis | 1 | ngl_lde | Σ p / j²
LargeDependenceEmphasis | 1 | ngl_hde | Σ p j²
GrayLevelNonUniformity | 1 | ngl_glnu | Σ over levels of voxels² / voxels
DependenceNonUniformity | 1 | ngl_dcnu | Σ over dependences of voxels² / voxels
DependenceNonUniformityNormalized | 1 | ngl_dcnu_norm | the same / voxels
GrayLevelVariance | 1 | ngl_gl_var | variance of i
DependenceVariance | 1 | ngl_dc_var | variance of j
DependenceEntropy | bit | ngl_dc_entr | H of (i, j)
LowGrayLevelEmphasis | 1 | ngl_lgce | Σ p / i²
HighGrayLevelEmphasis | 1 | ngl_hgce | Σ p i²
SmallDependenceLowGrayLevelEmphasis | 1 | ngl_ldlge | Σ p / (i² j²)
SmallDependenceHighGrayLevelEmphasis | 1 | ngl_ldhge | Σ p i² / j²
LargeDependenceLowGrayLevelEmphasis | 1 | ngl_hdlge | Σ p j² / i²
LargeDependenceHighGrayLevelEmphasis | 1 | ngl_hdhge | Σ p i² j²
"""


def emphases(counts: np.ndarray, levels: np.ndarray, sizes: np.ndarray) -> dict[str, np.ndarray]:
    """What the three families share, one value per direction: ``counts`` (A, P, S) of elements with grey ``levels`` (P,) and
    ``sizes`` (S,). Names are neutral; :func:`named` gives those of a family."""
    number = counts.sum(axis=(1, 2))
    number = np.where(number == 0, np.nan, number)
    share = counts / number[:, None, None]
    i, j = levels[:, None].astype(float), sizes[None, :].astype(float)
    by_level, by_size = counts.sum(axis=2), counts.sum(axis=1)
    level_share, size_share = share.sum(axis=2), share.sum(axis=1)
    mean_level, mean_size = (level_share * levels).sum(axis=1), (size_share * sizes).sum(axis=1)

    def weighted(weight):
        return (share * weight).sum(axis=(1, 2))

    return {
        "Number": number,
        "Voxels": (by_size * sizes).sum(axis=1),
        "Small": weighted(1 / j**2 + 0 * i),
        "Large": weighted(j**2 + 0 * i),
        "LevelNonUniformity": (by_level**2).sum(axis=1) / number,
        "LevelNonUniformityNormalized": (by_level**2).sum(axis=1) / number**2,
        "SizeNonUniformity": (by_size**2).sum(axis=1) / number,
        "SizeNonUniformityNormalized": (by_size**2).sum(axis=1) / number**2,
        "LevelVariance": (level_share * (levels - mean_level[:, None]) ** 2).sum(axis=1),
        "SizeVariance": (size_share * (sizes - mean_size[:, None]) ** 2).sum(axis=1),
        "Entropy": -(share * np.log2(share + EPS)).sum(axis=(1, 2)),
        "Low": weighted(1 / i**2 + 0 * j),
        "High": weighted(i**2 + 0 * j),
        "SmallLow": weighted(1 / (i**2 * j**2)),
        "SmallHigh": weighted(i**2 / j**2),
        "LargeLow": weighted(j**2 / i**2),
        "LargeHigh": weighted(i**2 * j**2),
    }


def glrlm_features(counts: np.ndarray, present: np.ndarray) -> dict[str, float]:
    """16 features of run ``counts`` (A, P, longest), averaged over the directions that have runs."""
    if len(counts) > 1 and (used := counts.sum(axis=(1, 2)) > 0).any():
        counts = counts[used]
    e = _trimmed(counts, present)
    e["Percentage"] = e["Number"] / e["Voxels"]
    return {name: _mean(e[key]) for name, key in _names("Run", "RunLength", "Run", "ShortRun", "LongRun").items()}


def glszm_features(zones: np.ndarray, present: np.ndarray) -> dict[str, float]:
    """16 features of ``zones``, rows of (rank of the level in ``present`` (P,), voxels)."""
    sizes, column = np.unique(zones[:, 1], return_inverse=True)
    counts = np.zeros((1, len(present), len(sizes)))
    np.add.at(counts[0], (zones[:, 0], column), 1)
    e = emphases(counts, present, sizes)
    e["Percentage"] = e["Number"] / e["Voxels"]
    return {name: float(e[key][0]) for name, key in _names("Zone", "SizeZone", "Zone", "SmallArea", "LargeArea").items()}


def gldm_features(counts: np.ndarray, present: np.ndarray) -> dict[str, float]:
    """14 features of dependence ``counts`` (P, 2A+1); the size is one more than the number of dependent neighbours."""
    e = _trimmed(counts[None], present)
    names = _names("Dependence", "Dependence", "Dependence", "SmallDependence", "LargeDependence")
    for level in ("Low", "High"):
        names[f"{level}GrayLevelEmphasis"] = level
    left_out = ("DependencePercentage", "GrayLevelNonUniformityNormalized", "LowGrayLevelDependenceEmphasis",
                "HighGrayLevelDependenceEmphasis")  # fmt: skip
    return {name: float(e[key][0]) for name, key in names.items() if name not in left_out}


def _trimmed(counts: np.ndarray, levels: np.ndarray) -> dict[str, np.ndarray]:
    used = counts.sum(axis=(0, 1)) > 0
    used[0] = True  # so that a matrix without any count gives NaN, not 0
    return emphases(counts[:, :, used], levels, np.flatnonzero(used) + 1)


def _names(element: str, size: str, percentage: str, small: str, large: str) -> dict[str, str]:
    """PyRadiomics' names of a family → the neutral ones."""
    return {
        f"{small}Emphasis": "Small",
        f"{large}Emphasis": "Large",
        "GrayLevelNonUniformity": "LevelNonUniformity",
        "GrayLevelNonUniformityNormalized": "LevelNonUniformityNormalized",
        f"{size}NonUniformity": "SizeNonUniformity",
        f"{size}NonUniformityNormalized": "SizeNonUniformityNormalized",
        f"{percentage}Percentage": "Percentage",
        "GrayLevelVariance": "LevelVariance",
        f"{element}Variance": "SizeVariance",
        f"{element}Entropy": "Entropy",
        f"LowGrayLevel{element}Emphasis": "Low",
        f"HighGrayLevel{element}Emphasis": "High",
        f"{small}LowGrayLevelEmphasis": "SmallLow",
        f"{small}HighGrayLevelEmphasis": "SmallHigh",
        f"{large}LowGrayLevelEmphasis": "LargeLow",
        f"{large}HighGrayLevelEmphasis": "LargeHigh",
    }


def _mean(values: Sequence[float] | np.ndarray) -> float:
    known = np.asarray(values)[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _runs(patch: Patch) -> dict[str, float]:
    return glrlm_features(runs(patch.levels, patch.nearest), patch.levels.present)


def _zones(patch: Patch) -> dict[str, float]:
    return glszm_features(zones(patch.levels, patch.nearest), patch.levels.present)


def _dependences(patch: Patch) -> dict[str, float]:
    return gldm_features(patch.neighbourhood[1], patch.levels.present)


GLRLM = Family("glrlm", LEVELS, _runs, GLRLM_TABLE, ibsi="{tag}_{place}_avg", pyradiomics=True)
GLSZM = Family("glszm", LEVELS, _zones, GLSZM_TABLE, pyradiomics=True)
GLDM = Family("gldm", LEVELS, _dependences, GLDM_TABLE, pyradiomics=True)
