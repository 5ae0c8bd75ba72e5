"""Whether the lesion lies in or next to the lung, judged on the CT, so that a kidney or the heart gets no lung-tumour answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..images.mask import Mask
from ..patients.case import Lesion
from ..regions.thorax import Thorax

SHELL_MM = 6.0
MIN_CONTACT = 0.15


@dataclass(frozen=True)
class LungPosition:
    """Where a lesion lies towards the lung.

    ``contact`` is the share of the 6 mm shell round the lesion that is aerated lung (0…1), ``distance_mm`` the distance from
    the lesion's nearest voxel to lung (None if there is no lung, or no lesion, in the CT), ``lung_ml`` the lung volume in
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


def lung_position(thorax: Thorax, lesion: Lesion) -> LungPosition:
    """Measure how much aerated lung surrounds a lesion (on any grid).

    Ours. Contact alone is not enough, as the heart touches the lung too; but of the shell round the heart little is
    lung. Measured on public images: lung tumours 0.32 to 0.87, a hilar mass 0.52 (0.24 and 0.21 for its 41 % and 50 %
    isocontours), 1947 lesions seeded all over one patient's myocardium and a mediastinal focus at most 0.08, kidneys and a
    thigh 0. The threshold of 0.15 lies between.

    Limits. One heart, with fat around it, is thin evidence. PET that lies 5 mm off the CT, towards the lung, lifts that
    heart to 0.20, across the threshold, and can take the 41 % contour of the hilar mass down to 0.11. A tumour that lies
    wholly within the mediastinum, or in a collapsed lung, is called *not* next to lung; the person decides then.
    """
    geometry, lung, lung_ml = thorax.lung.geometry, thorax.lung.array, thorax.lung.volume_ml
    if not thorax.lung or not lesion.mask:
        return LungPosition(0.0, None, lung_ml)
    target = lesion.mask.onto(geometry)
    if not target:  # smaller than a working voxel
        index = geometry.nearest_voxel(lesion.centroid)
        if index is None:
            return LungPosition(0.0, None, lung_ml)
        only = np.zeros(geometry.shape, bool)
        only[index] = True
        target = Mask(only, geometry)
    window = target.box([int(np.ceil(SHELL_MM / size)) + 1 for size in geometry.spacing])  # with room for its shell
    inside, lung_near = target.array[window], lung[window]
    away = ndimage.distance_transform_edt(~inside, sampling=geometry.spacing)
    shell = (away > 0) & (away <= SHELL_MM)
    to_lung = ndimage.distance_transform_edt(~lung, sampling=geometry.spacing)[window]
    contact = float(lung_near[shell].mean()) if shell.any() else 0.0  # a lesion that fills the image has no shell
    return LungPosition(contact, float(to_lung[inside].min()), lung_ml)
