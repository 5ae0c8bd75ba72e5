"""The connected region at a fixed level of uptake."""

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
    method: ContourMethod, images: Mapping[str, Volume], seed: Seed, progress: Progress, *, level: float | None
) -> tuple[Lesion, ...]:
    from .connected import connected_region

    return (connected_region(images["PET"], seed, method.name, level=level),)


def _at(name: str, level: float) -> ContourMethod:
    about = f"the connected region at SUV {level:g}"
    return ContourMethod(name, f"at SUV {level:g}", True, "SEMIAUTOMATIC", about, partial(_outline, level=level))


AUTO = ContourMethod(
    "auto",
    "automatic",
    True,
    "SEMIAUTOMATIC",
    "the connected region at SUV 4, or at SUV 2.5 if the point is below 4",
    partial(_outline, level=None),
)
SUV4, SUV3, SUV25 = _at("suv4", 4.0), _at("suv3", 3.0), _at("suv2.5", 2.5)
