"""From a map to a vector: its mean over space, and its mean near the lesion's centre."""

from __future__ import annotations

import torch
from torch import Tensor

from .config import CROP_MM

SIGMA_MM = 14.0  # a lesion of 3 cm fills what counts


def mean_pool(x: Tensor) -> Tensor:
    """(B, C, z, y, x) → (B, C)."""
    return x.mean(dim=(2, 3, 4))


def centre_pool(x: Tensor, spacing: float) -> Tensor:
    """(B, C, z, y, x) of the whole crop → (B, C): the mean weighted by a Gaussian round its centre, the lesion (ours).

    ``spacing`` is the edge of the crop's voxels in mm. A cell lies where its convolutions are centred: cell i of a stage with
    step s on voxel s·i, so that the last one is further from the crop's end than the first from its beginning.
    """
    weights = torch.ones((), device=x.device, dtype=torch.float32)
    for axis, (count, length) in enumerate(zip(x.shape[2:], CROP_MM, strict=True)):
        place = torch.arange(count, device=x.device) * (length / count) - (length - spacing) / 2
        along = torch.exp(-((place / SIGMA_MM) ** 2) / 2)
        weights = weights * (along / along.sum()).view([-1 if a == axis else 1 for a in range(3)])
    return (x * weights.to(x.dtype)).sum(dim=(2, 3, 4))
