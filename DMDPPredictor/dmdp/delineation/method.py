"""The form of a contour method: one object in a small file of its own, and one line in :mod:`dmdp.delineation.methods`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..progress import Progress

if TYPE_CHECKING:
    from ..images.volume import Volume
    from ..patients.case import Lesion

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Seed:
    """A ``point`` in the lesion (LPS, mm), and how far from it the lesion may reach at most."""

    point: Point
    radius_mm: float = 60.0


@dataclass(frozen=True)
class Origin:
    """How a contour came about.

    Attributes
    ----------
    name : str
        As on the command line and in files.
    title : str
        As a person reads it.
    loose : bool
        Whether such a contour encloses the whole lesion, as the published ones do; a share of the maximum does not. Sub-models
        that were made for loose contours accept no other.
    algorithm : str
        What DICOM calls its way of coming about: MANUAL, SEMIAUTOMATIC or AUTOMATIC.
    """

    name: str
    title: str
    loose: bool
    algorithm: str


@dataclass(frozen=True)
class ContourMethod(Origin):
    """A way to outline lesions.

    Attributes
    ----------
    help : str
        What it does, as the end of a sentence.
    outline : callable
        From the method, the images by modality, the seed (None if there is none) and the progress to candidate lesions, on the
        grid of one of the images; exactly one if there is a seed. What is slow to import, it imports when it is called;
        it may start another program. It raises :class:`dmdp.errors.LesionError` if it finds no lesion.
    needs_seed : bool
        Whether it outlines the lesion at a point only. Otherwise it looks for lesions by itself, and a seed chooses one of them.
    modalities : tuple of str
        The images that it reads.
    """

    help: str
    outline: Callable[[ContourMethod, Mapping[str, Volume], Seed | None, Progress], tuple[Lesion, ...]]
    needs_seed: bool = True
    modalities: tuple[str, ...] = ("PET",)
