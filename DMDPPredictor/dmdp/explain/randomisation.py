"""Does a heatmap depend on what the network has learned? (Adebayo et al., Sanity checks for saliency maps, 2018.)

The weights are replaced by fresh ones; a map that stays as it was shows the images, not the network.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from ..network.dmdp import Dmdp
from .gradcam import Key, class_maps, enlarged

ALIKE = 0.5  # rank correlation above which a map is called unchanged


@dataclass(frozen=True)
class RandomisationCheck:
    """``correlation`` by map: mean rank correlation (Spearman) with the maps of ``networks`` untrained networks."""

    correlation: dict[Key, float]
    networks: int

    @property
    def unchanged(self) -> tuple[Key, ...]:
        """The maps that hardly depend on what was learned."""
        return tuple(key for key, value in self.correlation.items() if value > ALIKE)


def untrained(network: Dmdp, seed: int) -> Dmdp:
    """A copy with fresh weights and running statistics; the given network is not touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = Dmdp(network.config)
    copy = deepcopy(network)
    copy.load_state_dict(fresh.state_dict())
    return copy.eval()


def randomisation_check(network: Dmdp, images: Tensor, values: Tensor | None, networks: int = 3) -> RandomisationCheck:
    """Compare the maps of a patient (``images`` (1, 2, z, y, x)) with those of untrained networks; an empty map counts as 0."""
    size = tuple(images.shape[2:])
    own = _maps(network, images, values, size)
    found: dict[Key, list[float]] = {key: [] for key in own}
    for seed in range(networks):
        for key, other in _maps(untrained(network, seed), images, values, size).items():
            flat = own[key].std() == 0 or other.std() == 0
            found[key].append(0.0 if flat else float(spearmanr(own[key].ravel(), other.ravel()).statistic))
    return RandomisationCheck({key: float(np.mean(values)) for key, values in found.items()}, networks)


def _maps(network: Dmdp, images: Tensor, values: Tensor | None, size: tuple[int, ...]) -> dict[Key, np.ndarray]:
    """Maps at half the crop's resolution: ranks of every voxel would cost more and say the same."""
    half = tuple(max(n // 2, 1) for n in size)
    return {key: enlarged(one, half) for key, one in class_maps(network, images, values)[1].items()}
