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
MIN_DEPTH_MM = 12.0
SHELL_MM = 6.0
MIN_CONTACT = 0.15


@dataclass(frozen=True)
class LungPosition:
    """Where a lesion lies towards the lung.

    ``contact`` is the share of the 6 mm shell round the lesion that is aerated lung (0…1), ``distance_mm`` the distance from
    the lesion's nearest voxel to lung (None where there is no lung, or no lesion, in the CT), ``lung_ml`` the lung volume in
    the field of view.
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
            return "The lesion lies outside the CT." if self.lung_ml else "No lung is seen in the CT."
        return (
            f"{self.contact:.0%} of the tissue within {SHELL_MM:.0f} mm of the lesion is lung "
            f"(nearest lung at {self.distance_mm:.0f} mm)."
        )


def lung_position(ct: Volume, lesion: Lesion) -> LungPosition:
    """Measure how much aerated lung surrounds a lesion (on any grid) in a CT in HU.

    Ours. Contact alone is not enough, as the heart touches the lung too; but of the shell round the heart little is
    lung. Measured on public images: lung tumours 0.32 to 0.87, a hilar mass 0.52 (0.24 and 0.21 for its 41 % and 50 %
    isocontours), 1947 lesions seeded all over one patient's myocardium and a mediastinal focus at most 0.08, kidneys and a
    thigh 0. The threshold of 0.15 lies between.

    Limits. One heart, with fat around it, is thin evidence. PET that lies 5 mm off the CT, towards the lung, lifts that
    heart to 0.20, across the threshold, and can take the 41 % contour of the hilar mass down to 0.11. A tumour that lies
    wholly within the mediastinum, or in a collapsed lung, is called *not* next to lung; the person decides then.
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
    contact = float(lung_near[shell].mean()) if shell.any() else 0.0  # a lesion that fills the image has no shell
    return LungPosition(contact, float(to_lung[target].min()), lung_ml)


def lung_mask(hu: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Aerated lung (bool, z, y, x) in a CT in HU with voxels of about 3 mm; crops that cut through the lung are fine.

    Smoothed voxels between −960 and −400 HU, opened by one voxel to drop the skin's partial-volume layer, in connected parts
    of at least 20 ml. A part of whose border more than a fifth is free air belongs to the room (noise, skin, bedding); air
    that the body encloses is not the room's, else emphysema would cost the lung. A part nowhere 12 mm deep is the rim of gas
    in bowel or airway (measured: colon 9 mm, bronchi 12 mm, lung 15 mm or more).
    """
    smooth = ndimage.uniform_filter(np.maximum(hu, -1024.0), 3)
    cross = ndimage.generate_binary_structure(3, 1)
    aerated = ndimage.binary_opening((smooth > AERATED_HU[0]) & (smooth < AERATED_HU[1]), cross)
    room = (smooth <= AERATED_HU[0]) & ~_enclosed_by_body(smooth)
    labels, count = ndimage.label(aerated)
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * geometry.voxel_ml
    lung = np.zeros(aerated.shape, bool)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if sizes[number] < MIN_LUNG_ML:
            continue
        window = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in box)
        part = labels[window] == number
        border = ndimage.binary_dilation(part, cross) & ~part
        free_air = room[window][border].mean() if border.any() else 0.0
        if free_air <= MAX_FREE_AIR and ndimage.distance_transform_edt(part, sampling=geometry.spacing).max() >= MIN_DEPTH_MM:
            lung[window] |= part
    return lung


def _enclosed_by_body(smooth: np.ndarray) -> np.ndarray:
    """The body with all that its outline encloses in each axial slice; where a crop cuts the lung open, that stays out."""
    labels, count = ndimage.label(smooth >= AERATED_HU[1])
    if not count:
        return np.zeros(smooth.shape, bool)
    body = labels == 1 + np.bincount(labels.ravel())[1:].argmax()
    return np.stack([ndimage.binary_fill_holes(axial) for axial in body])


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
