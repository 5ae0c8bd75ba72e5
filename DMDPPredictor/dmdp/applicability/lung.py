"""Does the lesion lie in or next to the lung? Asked of the CT, so that a kidney or the heart gets no lung-tumour answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..case import Case, Geometry, Lesion, Volume
from ..files import resample_mask

WORKING_MM = 3.0
AERATED_HU = (-960.0, -400.0)  # lung tissue; the air around the body and in the airways lies below
MAX_FREE_AIR = 0.2
MIN_LUNG_ML = 20.0
SHELL_MM = 6.0
MIN_CONTACT = 0.15


@dataclass(frozen=True)
class LungPosition:
    """Where a lesion lies towards the lung.

    ``contact`` is the share of the 6 mm shell round the lesion that is aerated lung (0…1), ``distance_mm`` the distance from
    the lesion's nearest voxel to lung (None where no lung is seen), ``lung_ml`` the lung volume in the field of view.
    """

    contact: float
    distance_mm: float | None
    lung_ml: float

    @property
    def inside_or_next_to_lung(self) -> bool:
        """The verdict; see :func:`lung_position` for its grounds."""
        return self.contact >= MIN_CONTACT

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.distance_mm is None:
            return "No lung is seen in the CT."
        return (
            f"{self.contact:.0%} of the tissue within {SHELL_MM:.0f} mm of the lesion is lung "
            f"(nearest lung at {self.distance_mm:.0f} mm)."
        )


def lung_position(ct: Volume, lesion: Lesion) -> LungPosition:
    """Measure how much aerated lung surrounds a lesion (on any grid) in a CT in HU.

    Ours. Contact alone is not enough, as the heart touches the lung too; but of the shell round the heart little is
    lung. Measured on public images: lung tumours 0.32 to 0.87, a hilar mass 0.52 (0.24 for its 41 % isocontour), myocardium and a
    mediastinal focus at most 0.07, kidneys and a thigh 0. The threshold of 0.15 lies between. It will call a tumour that lies
    wholly within the mediastinum, or in a collapsed lung, *not* next to lung; the person decides then.
    """
    image, geometry = _working_copy(ct)
    lung = lung_mask(image, geometry)
    lung_ml = float(lung.sum()) * geometry.voxel_ml
    target, _ = resample_mask(lesion.mask, lesion.geometry, geometry)
    if not lung.any() or not lesion.mask.any():
        return LungPosition(0.0, None, lung_ml)
    if not target.any():  # smaller than a working voxel
        index = geometry.nearest_voxel(lesion.centroid)
        if index is None:
            return LungPosition(0.0, None, lung_ml)
        target[index] = True
    window = _window(target, geometry)
    target, lung_near = target[window], lung[window]
    away = ndimage.distance_transform_edt(~target, sampling=geometry.spacing)
    shell = (away > 0) & (away <= SHELL_MM)
    to_lung = ndimage.distance_transform_edt(~lung, sampling=geometry.spacing)[window]
    return LungPosition(float(lung_near[shell].mean()), float(to_lung[target].min()), lung_ml)


def lung_mask(hu: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Aerated lung (bool, z, y, x) in a CT in HU with voxels of about 3 mm; crops that cut through the lung are fine.

    Smoothed voxels between −960 and −400 HU, opened by one voxel to drop the skin's partial-volume layer, in connected parts
    of at least 20 ml. A part of whose border more than a fifth is free air belongs to the room (noise, skin, bedding).
    """
    smooth = ndimage.uniform_filter(np.maximum(hu, -1024.0), 3)
    aerated = (smooth > AERATED_HU[0]) & (smooth < AERATED_HU[1])
    cross = ndimage.generate_binary_structure(3, 1)
    aerated = ndimage.binary_opening(aerated, cross)
    labels, count = ndimage.label(aerated)
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * geometry.voxel_ml
    for number in range(1, count + 1):
        part = labels == number if sizes[number] >= MIN_LUNG_ML else None
        if part is None or (smooth[ndimage.binary_dilation(part, cross) & ~part] <= AERATED_HU[0]).mean() > MAX_FREE_AIR:
            labels[labels == number] = 0
    return labels > 0


def pet_ct_offset(case: Case) -> float | None:
    """Distance (mm) between the centres of the PET and the CT contour, where both were drawn; else None."""
    if case.ct_lesion.modality != "CT":
        return None
    return float(np.linalg.norm(case.pet_lesion.centroid - case.ct_lesion.centroid))


def _working_copy(ct: Volume) -> tuple[np.ndarray, Geometry]:
    """Every n-th voxel, so that none is finer than about 3 mm; the smoothing that follows averages over the rest."""
    steps = [max(1, int(WORKING_MM // spacing)) for spacing in ct.geometry.spacing]
    array = ct.array[tuple(slice(None, None, step) for step in steps)]
    affine = ct.geometry.matrix
    affine[:3, :3] *= steps
    return array, Geometry(array.shape, tuple(tuple(float(v) for v in row) for row in affine))


def _window(mask: np.ndarray, geometry: Geometry) -> tuple[slice, ...]:
    """The box round a mask with room for its shell."""
    found = np.argwhere(mask)
    reach = [int(np.ceil(SHELL_MM / s)) + 1 for s in geometry.spacing]
    return tuple(
        slice(max(0, low - r), high + r + 1) for low, high, r in zip(found.min(axis=0), found.max(axis=0), reach, strict=True)
    )
