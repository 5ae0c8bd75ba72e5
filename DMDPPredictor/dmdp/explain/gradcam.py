"""Grad-CAM of every task and stage in one forward pass and one gradient call per task."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..case import Geometry, Volume
from ..files import sample
from ..network.dmdp import Dmdp


def gradcam(network: Dmdp, images: Tensor, values: Tensor | None) -> tuple[np.ndarray, dict[tuple[str, str, str], np.ndarray]]:
    """Probabilities (tasks,) and heatmaps by (task, modality, stage), each float32 (48, 96, 96) in 0…1.

    ``images`` (1, 2, 48, 96, 96). Selvaraju et al. 2017: the channels of a stage weighted by the mean gradient of the task's
    log-odds, summed, rectified; then enlarged trilinearly and scaled so that the 99th percentile of the positive part is 1.
    """
    network.eval()
    with torch.enable_grad():
        output = network(images, values)
        stages = list(output.maps)
        heatmaps = {}
        for number, task in enumerate(network.config.tasks):
            last = number + 1 == len(network.config.tasks)
            gradients = torch.autograd.grad(output.logits[0, number], list(output.maps.values()), retain_graph=not last)
            for (modality, stage), gradient in zip(stages, gradients, strict=True):
                heatmaps[task, modality, stage] = _heatmap(output.maps[modality, stage], gradient, images.shape[2:])
    return torch.sigmoid(output.logits[0]).detach().cpu().numpy(), heatmaps


def _heatmap(activation: Tensor, gradient: Tensor, size) -> np.ndarray:
    weights = gradient.mean(dim=(2, 3, 4), keepdim=True)
    small = torch.relu((weights * activation).sum(dim=1, keepdim=True))
    full = interpolate(small.detach(), size=tuple(size), mode="trilinear", align_corners=False)[0, 0].float().cpu().numpy()
    positive = full[full > 0]
    return np.clip(full / np.percentile(positive, 99), 0.0, 1.0) if positive.size else full


def heatmap_on(ct: Geometry, crop: Geometry, heatmap: np.ndarray, label: str) -> Volume:
    """A heatmap of the crop on the CT's own voxels: the smallest box of them that holds the crop, 0 beyond the crop.

    ``label`` goes into the provenance and from there into file headers, node names and legends.
    """
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in crop.shape])).reshape(3, -1).T
    index = ct.to_index(crop.to_lps(corners))
    lower = np.clip(np.floor(index.min(axis=0)).astype(int), 0, np.array(ct.shape) - 1)
    upper = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, lower + 1, ct.shape)
    box = ct.crop(lower, upper - lower)
    return Volume(sample(heatmap, crop, box, order=1, outside=0.0), box, "1", {"label": label})
