"""Lesions in the images of a patient, outlined by one of the contour methods."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InputError
from ..images.volume import Volume
from ..patients.case import PET, Lesion
from ..progress import Progress, silent
from .method import Point, Seed
from .methods import method_for


def candidates(
    images: Mapping[str, Volume], method: str = "auto", seed: Seed | None = None, progress: Progress = silent
) -> tuple[Lesion, ...]:
    """The lesions that ``method`` outlines in ``images`` (by modality; PET in SUV); exactly one if there is a ``seed``.

    Raises :class:`dmdp.errors.UsageError` for an unknown method and for one that needs a seed without it, :class:`InputError` if
    an image that it reads is missing, :class:`dmdp.errors.LesionError` if it finds no lesion.
    """
    asked = method_for(method, seed)
    missing = [name for name in asked.modalities if name not in images]
    if missing:
        raise InputError(
            "delineation.image", f"There is no {missing[0]} to outline by '{method}'.", "this image.", "Give it, or draw by hand."
        )
    return asked.outline(asked, images, seed, progress)


def delineate(pet: Volume, seed: Point, method: str = "auto", radius_mm: float = 60.0) -> Lesion:
    """The lesion at ``seed`` (LPS, mm), at most ``radius_mm`` from it, in a PET in SUV; raises as :func:`candidates`."""
    return candidates({PET: pet}, method, Seed(seed, radius_mm))[0]
