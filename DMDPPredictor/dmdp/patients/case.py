"""What a patient is to this package: images with their geometry, a lesion, and what is known clinically; any may be absent.

Conventions: arrays are indexed (z, y, x); points are LPS millimetres; all values are immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import ImageMissing, InputError, LesionError
from ..images.mask import Mask
from ..images.volume import Geometry, Volume
from .audit import SuvAudit

MIN_VOXELS = 2  # of a lesion: one voxel cannot be measured
CT, PET = "CT", "PET"
MODALITIES = (CT, PET)


@dataclass(frozen=True, eq=False)
class Lesion:
    """A tumour contour: a ``mask`` on the grid of an image.

    ``method`` is a name of :data:`dmdp.delineation.methods.ORIGINS`; ``modality`` says on which image it was drawn (``PET``,
    ``CT`` or ``both``); ``seed`` is the LPS point (mm) that it grew from, None for a contour that was drawn; ``notes`` are
    sentences for the person who reads the result.
    """

    mask: Mask
    method: str
    modality: str = PET
    seed: tuple[float, float, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def geometry(self) -> Geometry:
        """The grid of the mask."""
        return self.mask.geometry

    @property
    def voxels(self) -> int:
        """Number of voxels inside."""
        return self.mask.voxels

    @property
    def volume_ml(self) -> float:
        """Volume in ml."""
        return self.mask.volume_ml

    @property
    def centroid(self) -> np.ndarray:
        """LPS point (mm) of the centre of mass of the mask."""
        return self.mask.centroid

    def upright(self) -> Lesion:
        """The lesion by :func:`dmdp.images.axes.upright`."""
        return replace(self, mask=self.mask.upright())

    def onto(self, grid: Geometry, image: str) -> Lesion:
        """The lesion on the grid of another ``image`` (nearest neighbour); its ``modality`` still says where it was drawn."""
        mask = self.mask.onto(grid)
        change = f"{self.mask.change(mask):+.1%}"
        note = f"The {image} contour is the {self.modality} contour carried over (volume changed by {change})."
        return replace(self, mask=mask, notes=(note,))


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
    """One patient as the prediction sees them: what there is of them, from a single image on.

    ``images`` by modality: ``CT`` in HU, ``PET`` in SUVbw (g/ml), each on its native grid; ``lesions`` by modality: the contour
    on the grid of that image; ``suv_audit`` tells how the PET became SUV (None if it came as SUV already);
    ``notes`` say what was decided on the way in (series chosen, contour carried over, …); ``header`` is what the PET's header
    says of the patient, which is not used unasked.
    """

    images: Mapping[str, Volume]
    lesions: Mapping[str, Lesion] = field(default_factory=dict)
    clinical: Clinical = Clinical()
    suv_audit: SuvAudit | None = None
    notes: tuple[str, ...] = ()
    header: Clinical = Clinical()

    def has(self, *modalities: str) -> bool:
        """True if all of these images are there."""
        return all(modality in self.images for modality in modalities)

    @property
    def missing(self) -> tuple[str, ...]:
        """The modalities of which there is no image."""
        return tuple(modality for modality in MODALITIES if modality not in self.images)

    @property
    def given(self) -> str:
        """The modalities that are there, in words."""
        return " and ".join(modality for modality in MODALITIES if modality in self.images)

    def require(self, modality: str) -> Volume:
        """The image of a modality. Raises :class:`dmdp.errors.ImageMissing` if there is none."""
        if modality not in self.images:
            raise ImageMissing(
                "image.missing",
                f"There is no {modality}{f', only {self.given}' if self.images else ''}.",
                f"a {modality}, which this step reads.",
                f"Give the {modality} as well, or leave this step out.",
            )
        return self.images[modality]

    def lesion_on(self, modality: str) -> Lesion:
        """The lesion on the grid of an image. Raises :class:`dmdp.errors.ImageMissing` without that image and
        :class:`LesionError` if no lesion is known on it."""
        self.require(modality)
        if modality not in self.lesions:
            raise LesionError(
                "lesion.missing",
                f"No lesion is known on the {modality}.",
                "a contour, or a seed point from which it is outlined.",
                "Give a mask or a seed.",
            )
        return self.lesions[modality]

    @property
    def ct(self) -> Volume:
        """The CT, as :meth:`require`."""
        return self.require(CT)

    @property
    def pet(self) -> Volume:
        """The PET, as :meth:`require`."""
        return self.require(PET)

    @property
    def ct_lesion(self) -> Lesion:
        """The lesion on the CT, as :meth:`lesion_on`."""
        return self.lesion_on(CT)

    @property
    def pet_lesion(self) -> Lesion:
        """The lesion on the PET, as :meth:`lesion_on`."""
        return self.lesion_on(PET)

    @property
    def lesion(self) -> Lesion:
        """The contour that leads: on the PET, unless there is none or it was only carried over from the CT."""
        leads = self.has(PET) and not (self.has(CT) and self.pet_lesion.modality == CT)
        return self.lesion_on(PET if leads else CT)

    @property
    def backdrop(self) -> Volume:
        """The image that shows the anatomy: the CT, or the PET if there is none."""
        return self.require(CT if self.has(CT) else PET)
