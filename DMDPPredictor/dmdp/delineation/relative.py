"""A share of the maximum, within the automatic contour."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from ..progress import Progress
from .method import ContourMethod, Seed

if TYPE_CHECKING:
    from ..images.volume import Volume
    from ..patients.case import Lesion


def _outline(
    method: ContourMethod, images: Mapping[str, Volume], seed: Seed, progress: Progress, *, share: float
) -> tuple[Lesion, ...]:
    from .connected import connected_region

    return (connected_region(images["PET"], seed, method.name, share=share),)


def _at(name: str, share: float) -> ContourMethod:
    percent = f"{100 * share:.0f} % of the maximum"
    about = f"of the automatic contour the voxels from {percent} upwards, all islands"
    return ContourMethod(name, f"at {percent}", False, "SEMIAUTOMATIC", about, partial(_outline, share=share))


PET41, PET50 = _at("pet41", 0.41), _at("pet50", 0.50)
