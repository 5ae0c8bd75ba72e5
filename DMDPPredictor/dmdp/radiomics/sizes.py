"""Features of matrices that count by grey level and size: runs, zones and dependences (IBSI 3.7, 3.8, 3.11)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .first_order import EPS


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
    used[0] = True  # so that nothing counted is nothing known, not zero
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


def _mean(values: Sequence[float]) -> float:
    known = np.asarray(values)[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
