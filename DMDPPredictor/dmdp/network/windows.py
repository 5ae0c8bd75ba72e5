"""A second look at each modality: what soft tissue and uptake patterns are like whatever the lung's air and the lesion's SUV.

Ours. The network's input spans −1000…400 HU and SUV 0…25, in which two densities within a tumour, or two foci of uptake,
differ by a few per cent; the encoder gets both views.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .crop import CT_RANGE, PET_MAX

CENTRE_HU, HALF_WIDTH_HU = 40.0, 120.0
CENTRE_MM = 48  # the cube round the crop's centre whose hottest voxel is the unit of the second PET view
MIN_SUV, MAX_RELATIVE = 0.5, 1.5


def soft_tissue(ct: Tensor) -> Tensor:
    """CT as the network reads it (B, 1, z, y, x) → a window of −80…160 HU as −1…1, the same shape."""
    low, high = CT_RANGE
    hu = (ct + 1) / 2 * (high - low) + low
    return ((hu - CENTRE_HU) / HALF_WIDTH_HU).clamp(-1, 1)


def relative_uptake(pet: Tensor, spacing: int) -> Tensor:
    """PET as the network reads it (B, 1, z, y, x) → SUV as a share of the maximum near the centre, 0…1.5, the same shape."""
    suv = torch.expm1(pet * torch.log1p(torch.tensor(PET_MAX, device=pet.device)))
    half = CENTRE_MM // 2 // spacing
    middle = [slice(max(n // 2 - half, 0), n // 2 + half) for n in pet.shape[2:]]
    top = suv[:, :, *middle].amax(dim=(2, 3, 4), keepdim=True)
    return (suv / top.clamp(min=MIN_SUV)).clamp(0, MAX_RELATIVE)


def views(images: Tensor, modality: str, spacing: int) -> Tensor:
    """Both views (B, 2, z, y, x) of ``ct`` or ``pet`` (B, 1, z, y, x)."""
    return torch.cat([images, soft_tissue(images) if modality == "ct" else relative_uptake(images, spacing)], dim=1)
