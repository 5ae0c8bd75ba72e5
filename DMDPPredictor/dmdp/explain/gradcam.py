"""Grad-CAM of every task and stage in one forward pass and one gradient call per task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from ..endpoints.base import widths
from ..images.resampling import sample
from ..images.volume import Geometry, Volume
from ..network.dmdp import Dmdp

Key = tuple[str, str, str]  # task, modality, stage


def class_maps(network: Dmdp, images: Tensor, values: Tensor | None) -> tuple[Tensor, dict[Key, Tensor]]:
    """Outputs (widths,) and, by (task, modality, stage), the rectified maps (z, y, x) at the stage's own scale.

    ``images`` (1, 2, z, y, x). Selvaraju et al. 2017: the channels of a stage weighted by the mean gradient of the task's
    score (its log-odds), summed, rectified.
    """
    network.eval()
    with torch.enable_grad():
        output = network(images, values)
        found: dict[Key, Tensor] = {}
        endpoints = network.config.endpoints
        for endpoint, own in zip(endpoints, widths(endpoints), strict=True):
            last = endpoint is endpoints[-1]
            score = endpoint.score(output.logits[0, own])
            gradients = torch.autograd.grad(score, list(output.maps.values()), retain_graph=not last)
            for ((modality, stage), activation), gradient in zip(output.maps.items(), gradients, strict=True):
                weights = gradient.mean(dim=(2, 3, 4), keepdim=True)
                found[endpoint.name, modality, stage] = torch.relu((weights * activation).sum(dim=1))[0].detach()
    return output.logits[0].detach(), found


def gradcam(networks: Sequence[Dmdp], images: Tensor, values: Tensor | None) -> tuple[Tensor, dict[Key, np.ndarray]]:
    """Outputs (members, widths) on the CPU, and heatmaps by (task, modality, stage), each float32 of the crop's shape, in 0…1.

    The maps of :func:`class_maps` on the crop's voxels, scaled so that the 99th percentile of the positive part is 1; of several
    ``networks``, the members of an ensemble, their mean. Networks, ``images`` and ``values`` are on one device.
    """
    logits, total = [], dict[Key, np.ndarray]()
    size = tuple(images.shape[2:])
    for network in networks:
        found, maps = class_maps(network, images, values)
        logits.append(found.cpu())
        for key, one in maps.items():
            total[key] = total.get(key, 0.0) + scaled(enlarged(one, size)) / len(networks)
    return torch.stack(logits), {key: scaled(one) if len(networks) > 1 else one for key, one in total.items()}


def enlarged(small: Tensor, size: tuple[int, ...]) -> np.ndarray:
    """A map (z, y, x) of cells on the voxels of the crop (``size``), trilinear, float32.

    A cell of a stage with step s is centred on voxel s·i, where its convolutions (3³, padded by 1) and its skip look. The usual
    enlargement, which puts it on s·i + (s − 1)/2, would draw every map up to a centimetre off.
    """
    steps = [-(-n // cells) for n, cells in zip(size, small.shape, strict=True)]
    between = [(cells - 1) * step + 1 for cells, step in zip(small.shape, steps, strict=True)]
    full = interpolate(small[None, None].float(), size=between, mode="trilinear", align_corners=True)
    missing = [max(n - have, 0) for n, have in zip(size, between, strict=True)]  # beyond the last cell its value goes on
    full = pad(full, [0, missing[2], 0, missing[1], 0, missing[0]], mode="replicate")
    return full[0, 0, : size[0], : size[1], : size[2]].cpu().numpy()


def scaled(full: np.ndarray) -> np.ndarray:
    """Clipped to 0…1 where 1 is the 99th percentile of the positive part; a map without one stays 0."""
    positive = full[full > 0]
    return np.clip(full / np.percentile(positive, 99), 0.0, 1.0) if positive.size else full


def heatmap_on(image: Geometry, crop: Geometry, heatmap: np.ndarray, label: str) -> Volume:
    """A heatmap of the crop on an image's own voxels: the smallest box of them that holds the crop, 0 beyond the crop.

    ``label`` goes into the provenance and from there into file headers, node names and legends.
    """
    index = image.to_index(crop.corners(0.5))
    lower = np.clip(np.floor(index.min(axis=0)).astype(int), 0, np.array(image.shape) - 1)
    upper = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, lower + 1, image.shape)
    box = image.crop(lower, upper - lower)
    return Volume(sample(heatmap, crop, box, order=1, outside=0.0), box, "1", {"label": label})
