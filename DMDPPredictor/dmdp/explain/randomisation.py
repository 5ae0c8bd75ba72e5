"""Whether a heatmap depends on what the network has learned (Adebayo et al., Sanity checks for saliency maps, 2018).

The weights are replaced by fresh ones: a map that hardly changes shows the images, not the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from ..network.config import NetworkConfig
from ..network.dmdp import Dmdp
from .gradcam import Key, gradcam

ALIKE = 0.5  # rank correlation above which a map is called unchanged
NETWORKS, AT_MOST = 3, 9
EVERY = 4  # voxels: cells of a map are 8 to 16 mm, and ranks of every voxel would say the same


@dataclass(frozen=True)
class RandomisationCheck:
    """``correlation`` by map: mean rank correlation (Spearman) with the maps of up to ``NETWORKS`` untrained networks; None if
    it cannot be told, as the map, or that of every untrained network, is flat."""

    correlation: Mapping[Key, float | None]

    @property
    def unchanged(self) -> tuple[Key, ...]:
        """The maps that hardly depend on what was learned."""
        return tuple(key for key, value in self.correlation.items() if value is not None and value > ALIKE)

    @property
    def unknown(self) -> tuple[Key, ...]:
        """The maps that could not be compared."""
        return tuple(key for key, value in self.correlation.items() if value is None)


def untrained(config: NetworkConfig, seed: int) -> Dmdp:
    """A network with fresh weights and running statistics, in evaluation mode; the caller's random numbers are not touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Dmdp(config).eval()


def randomisation_check(
    maps: Mapping[Key, np.ndarray],
    config: NetworkConfig,
    images: Tensor,
    values: Tensor | None,
    ready: Callable[[Dmdp], Dmdp] = lambda network: network,
) -> RandomisationCheck:
    """Compare the ``maps`` (z, y, x) of a patient (``images`` (1, 2, z, y, x)) with those of untrained networks.

    ``ready`` puts an untrained network where the images are. A flat map has no ranks: if an untrained network gives one, a
    further network is drawn, up to ``AT_MOST``.
    """
    found: dict[Key, list[float]] = {key: [] for key, one in maps.items() if _coarse(one).std() > 0}
    for seed in range(AT_MOST):
        wanted = [key for key, values_found in found.items() if len(values_found) < NETWORKS]
        if not wanted:
            break
        _, others = gradcam([ready(untrained(config, seed))], images, values)
        for key in wanted:
            other = _coarse(others[key])
            if other.std() > 0:
                found[key].append(float(spearmanr(_coarse(maps[key]).ravel(), other.ravel()).statistic))
    return RandomisationCheck({key: float(np.mean(found[key])) if found.get(key) else None for key in maps})


def _coarse(heatmap: np.ndarray) -> np.ndarray:
    return heatmap[::EVERY, ::EVERY, ::EVERY]
