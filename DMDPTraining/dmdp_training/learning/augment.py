"""What may change in a patient's images and values without changing the answer (docs/method.md, Training).

All numbers come from a generator that is given, so that an epoch can be repeated exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from dmdp.network.crop import CT_RANGE, PET_MAX
from dmdp.network.dmdp import MISSING
from scipy import ndimage

HU_PER_UNIT = (CT_RANGE[1] - CT_RANGE[0]) / 2
LOG_MAX = float(np.log1p(PET_MAX))


@dataclass(frozen=True)
class Augmentation:
    """Probabilities and largest changes; each change is drawn evenly between its limits unless another law is named.

    Attributes
    ----------
    flip : float
        Probability that left and right are exchanged.
    rotate : float
        Largest turn, in degrees, round each axis and either way.
    scale : float
        Largest change of size, as a share of it.
    shift : float
        Largest move along each axis, in mm.
    ct_noise : float
        Standard deviation of the Gaussian noise on the CT, in HU.
    ct_window : float
        Largest change of the CT's contrast, as a share of it.
    ct_level : float
        Largest change of the CT's level, in HU.
    suv_scale : float
        Largest change of the SUV, as a share of it.
    pet_blur : float
        Largest standard deviation, in mm, of the Gaussian blur of the PET, which every second image gets.
    misregistration : float
        Largest move of the PET alone against the CT, in mm, in any direction.
    modality_dropout : float
        Probability that CT or PET is taken away if both are there, and, apart from that, that the table is.
    corruption : float
        Share of the table's values that another patient's replace (SCARF, Bahri et al. 2022).
    """

    flip: float = 0.5
    rotate: float = 15.0
    scale: float = 0.1
    shift: float = 6.0
    ct_noise: float = 10.0
    ct_window: float = 0.05
    ct_level: float = 20.0
    suv_scale: float = 0.1
    pet_blur: float = 2.0
    misregistration: float = 5.0
    modality_dropout: float = 0.1
    corruption: float = 0.3


NONE = Augmentation(*(0.0,) * 12)


def augment_images(
    images: np.ndarray, present: tuple[bool, bool], how: Augmentation, rng: np.random.Generator, spacing: float = 1.0
) -> tuple[np.ndarray, tuple[bool, bool]]:
    """A changed copy of ``images`` (2, z, y, x; normalised, voxels of ``spacing`` mm) as float32, and which modalities are left
    in it."""
    changed, left, _ = augment_patient(images, None, present, how, rng, spacing)
    return changed, left


def augment_patient(
    images: np.ndarray,
    lesion: np.ndarray | None,
    present: tuple[bool, bool],
    how: Augmentation,
    rng: np.random.Generator,
    spacing: float = 1.0,
) -> tuple[np.ndarray, tuple[bool, bool], np.ndarray | None]:
    """The same, with the ``lesion`` (z, y, x) moved like the CT; as float32 in 0…1."""
    mask = None if lesion is None else lesion.astype(np.float32)
    if how == NONE:
        return images.astype(np.float32), present, mask
    ct, pet, mask = _moved(images.astype(np.float32), mask, how, rng, spacing)
    ct = _ct(ct, how, rng) if present[0] else np.full_like(ct, MISSING["ct"])
    pet = _pet(pet, how, rng, spacing) if present[1] else np.full_like(pet, MISSING["pet"])
    if all(present) and rng.random() < how.modality_dropout:
        if rng.random() < 0.5:
            ct, present = np.full_like(ct, MISSING["ct"]), (False, True)
        else:
            pet, present = np.full_like(pet, MISSING["pet"]), (True, False)
    return np.stack([ct, pet]), present, mask


def augment_values(values: np.ndarray, pool: np.ndarray, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """A changed copy of standardised ``values`` (F,): some are those of random rows of ``pool`` (N, F), or all are NaN."""
    if how == NONE or not values.size:
        return values.copy()
    swapped = rng.random(values.shape) < how.corruption
    others = pool[rng.integers(len(pool), size=values.size), np.arange(values.size)]
    if rng.random() < how.modality_dropout:
        return np.full_like(values, np.nan)
    return np.where(swapped, others, values).astype(values.dtype)


def _moved(
    images: np.ndarray, mask: np.ndarray | None, how: Augmentation, rng: np.random.Generator, spacing: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """CT and PET moved together, and the PET a little on its own; beyond the crop is air without uptake."""
    if not any((how.flip, how.rotate, how.scale, how.shift, how.misregistration)):
        return images[0], images[1], mask
    angles = np.deg2rad(rng.uniform(-how.rotate, how.rotate, 3))
    matrix = _rotation(angles) * rng.uniform(1 - how.scale, 1 + how.scale)
    if rng.random() < how.flip:
        matrix = matrix @ np.diag([-1.0, 1.0, 1.0])  # x: left and right
    shift = rng.uniform(-how.shift, how.shift, 3) / spacing
    apart = rng.normal(size=3)
    apart *= how.misregistration / spacing * rng.random() / max(float(np.linalg.norm(apart)), 1e-9)
    return (
        _sampled(images[0] - MISSING["ct"], matrix, shift) + np.float32(MISSING["ct"]),
        _sampled(images[1], matrix, shift + apart),
        None if mask is None else _sampled(mask, matrix, shift),
    )


def _rotation(angles: np.ndarray) -> np.ndarray:
    (a, b, c), one = angles, np.eye(3)
    for (i, j), angle in zip(((0, 1), (0, 2), (1, 2)), (a, b, c), strict=True):
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        one = one @ turn
    return one


def _sampled(image: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """``image`` (z, y, x) at ``matrix`` · offset + ``shift`` (x, y, z; voxels from the centre), linear, 0 beyond it."""
    half = np.array(image.shape[::-1]) / 2
    theta = np.column_stack([matrix * half[None, :] / half[:, None], shift / half])
    where = torch.nn.functional.affine_grid(
        torch.from_numpy(theta[None].astype(np.float32)), [1, 1, *image.shape], align_corners=False
    )
    source = torch.from_numpy(image)[None, None]
    return torch.nn.functional.grid_sample(source, where, padding_mode="zeros", align_corners=False)[0, 0].numpy()


def _ct(ct: np.ndarray, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    gain = np.float32(1 + rng.uniform(-how.ct_window, how.ct_window))
    level = np.float32(rng.uniform(-how.ct_level, how.ct_level) / HU_PER_UNIT)
    noise = rng.standard_normal(ct.shape, dtype=np.float32) * np.float32(how.ct_noise / HU_PER_UNIT)
    return np.clip(ct * gain + level + noise, -1, 1)


def _pet(pet: np.ndarray, how: Augmentation, rng: np.random.Generator, spacing: float) -> np.ndarray:
    suv = np.expm1(pet * np.float32(LOG_MAX)) * np.float32(1 + rng.uniform(-how.suv_scale, how.suv_scale))
    sigma = rng.uniform(0, how.pet_blur) / spacing
    if rng.random() < 0.5 and sigma > 0.3:
        suv = ndimage.gaussian_filter(suv, sigma, truncate=3.0)
    return np.log1p(np.clip(suv, 0, PET_MAX)) / np.float32(LOG_MAX)
