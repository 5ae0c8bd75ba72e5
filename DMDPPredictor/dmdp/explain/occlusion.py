"""A second opinion on a heatmap, without gradients: how much an answer falls when a cube of the image is taken away.

Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from torch import Tensor

from ..network.config import MODALITIES
from ..network.dmdp import MISSING, Dmdp
from .gradcam import enlarged

CUBE_MM, STEP_MM, BATCH = 16, 8, 16


@torch.no_grad()
def occlusion(network: Dmdp, images: Tensor, values: Tensor | None, cube_mm: int = CUBE_MM, step_mm: int = STEP_MM):
    """The fall of each task's log-odds by (task, modality), float32 of the crop's shape; positive where the image speaks for the
    positive class.

    ``images`` (1, 2, z, y, x). Cubes of ``cube_mm`` are filled with air (CT) or no uptake (PET), every ``step_mm``; between their
    centres the map is interpolated.
    """
    network.eval()
    spacing, shape = network.config.spacing, images.shape[2:]
    half, step = max(cube_mm // spacing // 2, 1), max(step_mm // spacing, 1)
    centres = [np.arange(step // 2, n, step) for n in shape]
    grid = tuple(map(len, centres))
    before = network(images, values).logits[0]
    found = {}
    for modality in network.config.modalities:
        channel, places = MODALITIES.index(modality), list(product(*centres))
        falls = []
        for start in range(0, len(places), BATCH):
            some = places[start : start + BATCH]
            changed = images.repeat(len(some), 1, 1, 1, 1)
            for row, place in enumerate(some):
                cube = tuple(slice(max(c - half, 0), c + half) for c in place)
                changed[(row, channel, *cube)] = MISSING[modality]
            falls.append(before - network(changed, None if values is None else values.expand(len(some), -1)).logits)
        fall = torch.cat(falls).T.reshape(len(network.config.tasks), *grid)
        for number, task in enumerate(network.config.tasks):
            found[task, modality] = enlarged(fall[number], tuple(shape))
    return found
