"""The block of CT and PET round a lesion that the network sees, and the scaling of its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from ..images.resampling import sample
from ..images.volume import Geometry, Volume
from ..patients.case import CT, PET, Case
from .config import CROP_MM

CT_RANGE = (-1000.0, 400.0)  # HU
PET_MAX = 25.0  # SUV
OUTSIDE = {CT: -1000.0, PET: 0.0}  # beyond the field of view, and all over an image that is absent


@dataclass(frozen=True, eq=False)
class Crop:
    """``images`` by modality, CT in HU and PET in SUV, each float32 (48, 96, 96) at 1 mm, on one ``geometry``: z, y, x are the
    axes of the CT (without one, of the PET) that are nearest to, and run towards, superior, posterior and left."""

    images: Mapping[str, np.ndarray]
    geometry: Geometry

    @property
    def present(self) -> tuple[bool, ...]:
        """Whether CT and PET are there."""
        return tuple(modality in self.images for modality in (CT, PET))


def crop_case(case: Case, spacing: int = 1) -> Crop:
    """The crop of the images of a case round the contour that leads, as :func:`crop_images`."""
    return crop_images(case.images, case.lesion.centroid, spacing)


def crop_images(images: Mapping[str, Volume], centre, spacing: int = 1) -> Crop:
    """Cut 48 × 96 × 96 mm round an LPS point (mm), linearly interpolated at 1 mm; with a ``spacing`` of 2 mm each voxel is
    the mean of eight of those. However the images are stored, the crop shows the patient the same way round.

    Beyond the field of view CT is −1000 HU and PET 0. Only the voxels near the crop are touched.
    """
    leads = images[CT if CT in images else PET].geometry
    axes = _anatomical(leads.matrix[:3, :3] / np.array(leads.spacing))
    affine = np.eye(4)
    affine[:3, :3] = axes
    affine[:3, 3] = np.array(centre) - axes @ ((np.array(CROP_MM) - 1) / 2)
    geometry = Geometry.from_matrix(CROP_MM, affine)
    found = {
        name: sample(image.array, image.geometry, geometry, order=1, outside=OUTSIDE[name]) for name, image in images.items()
    }
    crop = Crop(found, geometry)
    return crop if spacing == 1 else _coarser(crop, spacing)


def _anatomical(axes: np.ndarray) -> np.ndarray:
    """Unit vectors (columns, LPS) of the array's axes, put in order and turned to run superior, posterior and left."""
    rows = (2, 1, 0)  # S, P, L in LPS
    order = max(permutations(range(3)), key=lambda columns: sum(abs(axes[r, c]) for r, c in zip(rows, columns, strict=True)))
    chosen = axes[:, order]
    return chosen * np.where(chosen[rows, range(3)] < 0, -1.0, 1.0)


def _coarser(crop: Crop, by: int) -> Crop:
    """The means of blocks of ``by``³ voxels."""
    shape = tuple(n // by for n in crop.geometry.shape)
    affine = np.array(crop.geometry.matrix)
    affine[:3, 3] = crop.geometry.to_lps(np.full(3, (by - 1) / 2))
    affine[:3, :3] *= by
    blocks = (shape[0], by, shape[1], by, shape[2], by)
    images = {name: image.reshape(blocks).mean(axis=(1, 3, 5), dtype=np.float32) for name, image in crop.images.items()}
    return Crop(images, Geometry.from_matrix(shape, affine))


def normalise(crop: Crop) -> np.ndarray:
    """Both modalities as the network reads them, float32 (2, z, y, x): CT −1000…400 HU to −1…1, PET log(1 + SUV)/log 26
    with SUV capped at 25 (docs/method.md, Inputs). An absent image is air (CT), or is without uptake (PET)."""
    low, high = CT_RANGE
    ct, pet = (crop.images.get(name, np.full(crop.geometry.shape, OUTSIDE[name], np.float32)) for name in (CT, PET))
    ct = (np.clip(ct, low, high) - low) / (high - low) * 2.0 - 1.0
    pet = np.log1p(np.clip(pet, 0.0, PET_MAX)) / np.log1p(PET_MAX)
    return np.stack([ct, pet]).astype(np.float32)
