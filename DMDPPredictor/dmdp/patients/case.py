"""What a patient is to this package: volumes with their geometry, a lesion, and what is known clinically.

Conventions: arrays are indexed (z, y, x); points are LPS millimetres; all values are immutable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import GeometryError, InputError
from ..images.axes import upright
from ..images.volume import Geometry, Volume
from .audit import SuvAudit

MIN_VOXELS = 2  # of a lesion: one voxel cannot be measured


@dataclass(frozen=True, eq=False)
class Lesion:
    """A tumour contour: ``mask`` bool (z, y, x), read-only, on ``geometry``.

    ``method`` is a name of :data:`dmdp.delineation.methods.ORIGINS`; ``modality`` says on which image it was drawn (``PET``,
    ``CT`` or ``both``); ``seed`` is the LPS point (mm) that it grew from; ``notes`` are sentences for the person who reads the
    result.
    """

    mask: np.ndarray
    geometry: Geometry
    method: str
    modality: str = "PET"
    seed: tuple[float, float, float] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        mask = np.ascontiguousarray(self.mask, dtype=bool).view()
        if mask.shape != self.geometry.shape:
            raise GeometryError(
                "geometry.shape",
                f"A mask of {mask.shape} voxels on a grid of {self.geometry.shape}.",
                "both to agree.",
                "Give the mask on the grid of its image.",
            )
        mask.flags.writeable = False
        object.__setattr__(self, "mask", mask)

    @property
    def voxels(self) -> int:
        """Number of voxels inside."""
        return int(self.mask.sum())

    @property
    def volume_ml(self) -> float:
        """Volume in ml."""
        return self.voxels * self.geometry.voxel_ml

    @property
    def centroid(self) -> np.ndarray:
        """LPS point (mm) of the centre of mass of the mask."""
        return self.geometry.to_lps(np.argwhere(self.mask).mean(axis=0))


def upright_lesion(lesion: Lesion) -> Lesion:
    """A lesion by :func:`dmdp.images.axes.upright`."""
    mask, geometry = upright(lesion.mask, lesion.geometry)
    if geometry is lesion.geometry:
        return lesion
    return Lesion(mask, geometry, lesion.method, lesion.modality, lesion.seed, lesion.notes)


SEXES = ("F", "M")
SMOKING = ("ever", "never")


@dataclass(frozen=True)
class Clinical:
    """What is known of the patient; None is "not provided". Age in years, sex ``F``/``M``, smoking ``ever``/``never``."""

    age: float | None = None
    sex: str | None = None
    smoking: str | None = None

    def __post_init__(self) -> None:
        if self.age is not None and not 0 < float(self.age) < 120:
            raise InputError(
                "clinical.age",
                f"An age of {self.age} years.",
                "a number between 0 and 120.",
                "Correct the age, or leave it out.",
            )
        for name, value, allowed in (
            ("sex", self.sex, SEXES),
            ("smoking", self.smoking, SMOKING),
        ):
            if value is not None and value not in allowed:
                raise InputError(
                    f"clinical.{name}",
                    f"{name} is '{value}'.",
                    f"one of {', '.join(allowed)}, or nothing.",
                    f"Correct {name}, or leave it out.",
                )


@dataclass(frozen=True, eq=False)
class Case:
    """One patient as the prediction sees them.

    ``ct`` in HU; ``pet`` in SUVbw (g/ml) on its native grid; ``pet_lesion`` on the PET grid; ``ct_lesion`` on the CT grid;
    ``suv_audit`` tells how the PET became SUV (None where it came as SUV already); ``notes`` say what was
    decided on the way in (series chosen, contour carried over, …).
    """

    ct: Volume
    pet: Volume
    pet_lesion: Lesion
    ct_lesion: Lesion
    clinical: Clinical = Clinical()
    suv_audit: SuvAudit | None = None
    notes: tuple[str, ...] = ()
