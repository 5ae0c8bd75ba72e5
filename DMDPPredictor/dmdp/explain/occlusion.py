"""A second opinion on a heatmap, without gradients: how much an answer falls when a cube of the image is blanked.

Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..endpoints.base import widths
from ..network.config import MODALITIES, NetworkConfig
from ..network.dmdp import MISSING
from ..progress import Progress, silent

CUBE_MM, STEP_MM, BATCH = 16, 8, 16


def occlusion(
    forwards: Sequence[Callable[[Tensor, Tensor | None], Tensor]],
    config: NetworkConfig,
    images: Tensor,
    values: Tensor | None,
    progress: Progress = silent,
    cube_mm: int = CUBE_MM,
    step_mm: int = STEP_MM,
) -> dict[tuple[str, str], np.ndarray]:
    """The fall of each task's log-odds by (task, modality), float32 of the crop's shape; positive where the image speaks for the
    positive class.

    ``forwards`` are functions (images (B, 2, z, y, x), values (B, F) or None) → outputs (B, widths), one per member of an
    ensemble, over which the fall is averaged; ``images`` (1, 2, z, y, x). Cubes of ``cube_mm`` are filled with air (CT) or no
    uptake (PET), every ``step_mm``; between their centres the map is interpolated.
    """
    spacing, shape = config.spacing, tuple(images.shape[2:])
    half, step = max(cube_mm // spacing // 2, 1), max(step_mm // spacing, 1)
    centres = [np.arange(step // 2, n, step) for n in shape]
    places = list(product(*centres))
    before = _mean(forwards, images, values)
    found = {}
    for order, modality in enumerate(config.modalities):
        channel, falls = MODALITIES.index(modality), []
        for start in range(0, len(places), BATCH):
            progress((order + start / len(places)) / len(config.modalities), f"covering the {modality.upper()} bit by bit")
            some = places[start : start + BATCH]
            changed = images.repeat(len(some), 1, 1, 1, 1)
            for row, place in enumerate(some):
                cube = tuple(slice(max(c - half, 0), c + half) for c in place)
                changed[row, channel][cube] = MISSING[modality]
            falls.append(before - _mean(forwards, changed, None if values is None else values.expand(len(some), -1)))
        fall = torch.cat(falls)
        for endpoint, own in zip(config.endpoints, widths(config.endpoints), strict=True):
            found[endpoint.name, modality] = _between(endpoint.score(fall[:, own]).reshape(tuple(map(len, centres))), shape)
    return found


@torch.no_grad()
def _mean(forwards, images: Tensor, values: Tensor | None) -> Tensor:
    return torch.stack([forward(images, values).float().cpu() for forward in forwards]).mean(dim=0)


def _between(fall: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """Trilinear between the middles of the cubes, which lie half a voxel before their centre voxels."""
    return interpolate(fall[None, None], size=shape, mode="trilinear", align_corners=False)[0, 0].numpy()
