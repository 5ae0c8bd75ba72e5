"""The lungs and the thoracic cavity in a CT, by thresholds: no network, no weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from ..images.axes import upright_volume
from ..images.mask import Mask
from ..images.volume import Geometry, Volume

WORKING_MM = 3.0
LUNG_TISSUE_HU = (-960.0, -400.0)  # lung tissue; the air around the body and in the airways lies below
MAX_FREE_AIR = 0.2
MIN_LUNG_ML = 20.0
MIN_DEPTH_MM = 12.0


@dataclass(frozen=True, eq=False)
class Thorax:
    """``lung`` (aerated) and ``cavity`` on one grid of about 3 mm.

    The cavity is the convex hull of the lungs in every axial slice: lungs, mediastinum, hila, and what of a tumour dents the
    lung; the chest wall lies outside, but for ribs and spine where they bulge inwards.
    """

    lung: Mask
    cavity: Mask


def find_thorax(ct: Volume) -> Thorax:
    """Lungs and cavity in a CT in HU; both empty if no lung is in the field of view."""
    image, geometry = _working_copy(upright_volume(ct))
    lung = lung_mask(image, geometry)
    return Thorax(Mask(lung, geometry), Mask(axial_hull(lung, geometry), geometry))


def lung_mask(hu: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Aerated lung (bool, z, y, x) in a CT in HU with voxels of about 3 mm; crops that cut through the lung are fine.

    Smoothed voxels between −960 and −400 HU, opened by one voxel to drop the skin's partial-volume layer, in connected parts
    of at least 20 ml. A part of whose border more than a fifth is free air belongs to the room (noise, skin, bedding); air
    that the body encloses is not the room's, else emphysema would cost the lung. A part nowhere 12 mm deep is the rim of gas
    in bowel or airway (measured: colon 9 mm, bronchi 12 mm, lung 15 mm or more).
    """
    smooth = ndimage.uniform_filter(np.maximum(hu, -1024.0), 3)
    cross = ndimage.generate_binary_structure(3, 1)
    aerated = ndimage.binary_opening((smooth > LUNG_TISSUE_HU[0]) & (smooth < LUNG_TISSUE_HU[1]), cross)
    room = (smooth <= LUNG_TISSUE_HU[0]) & ~_enclosed_by_body(smooth)
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


def axial_hull(lung: np.ndarray, geometry: Geometry) -> np.ndarray:
    """The convex hull (bool, z, y, x) of a mask in each slice across the array axis that lies nearest to the body's."""
    axis = int(np.abs(geometry.matrix[2, :3]).argmax())
    across = np.moveaxis(lung, axis, 0)
    hull = np.stack([_hull(plane) for plane in across]) if len(across) else across
    return np.moveaxis(hull, 0, axis)


def _hull(plane: np.ndarray) -> np.ndarray:
    """Pixels whose centre lies in the convex hull of a mask's pixel centres, or within half a pixel of it."""
    edge = np.argwhere(plane & ~ndimage.binary_erosion(plane))
    try:
        sides = ConvexHull(edge).equations
    except (QhullError, ValueError):  # none, one, or all on a line
        return plane.copy()
    pixels = np.indices(plane.shape).reshape(2, -1)
    return np.all(sides[:, :2] @ pixels + sides[:, 2:] <= 0.5, axis=0).reshape(plane.shape)


def _enclosed_by_body(smooth: np.ndarray) -> np.ndarray:
    """The body with all that its outline encloses in each axial slice; where a crop cuts the lung open, that stays out."""
    labels, count = ndimage.label(smooth >= LUNG_TISSUE_HU[1])
    if not count:
        return np.zeros(smooth.shape, bool)
    body = labels == 1 + np.bincount(labels.ravel())[1:].argmax()
    return np.stack([ndimage.binary_fill_holes(axial) for axial in body])


def _working_copy(ct: Volume) -> tuple[np.ndarray, Geometry]:
    """Every n-th voxel, so that none is finer than about 3 mm; the smoothing that follows averages over the rest."""
    steps = [max(1, int(WORKING_MM // spacing)) for spacing in ct.geometry.spacing]
    array = ct.array[tuple(slice(None, None, step) for step in steps)]
    affine = ct.geometry.matrix
    affine[:3, :3] *= steps
    return array, Geometry.from_matrix(array.shape, affine)
