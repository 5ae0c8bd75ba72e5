"""Isocontours of the uptake at a point: at a fixed level, or at a share of the maximum."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ..progress import Progress
from .method import ContourMethod, Seed

if TYPE_CHECKING:
    from ..images.volume import Volume
    from ..patients.case import Lesion


def _outline(
    method: ContourMethod, images: Mapping[str, Volume], seed: Seed, progress: Progress, **rule: float
) -> tuple[Lesion, ...]:
    from .connected import connected_region

    return (connected_region(images["PET"], seed, method.name, **rule),)


def _method(name: str, title: str, about: str, **rule: Any) -> ContourMethod:
    return ContourMethod(name, title, "share" not in rule, "SEMIAUTOMATIC", about, partial(_outline, **rule))


def _at(level: float) -> ContourMethod:
    return _method(f"suv{level:g}", f"at SUV {level:g}", f"the connected region at SUV {level:g}", level=level)


def _of(percent: int) -> ContourMethod:
    words = f"{percent} % of the maximum"
    about = f"of the automatic contour the voxels from {words} upwards, all islands"
    return _method(f"pet{percent}", f"at {words}", about, share=percent / 100)


AUTO = _method("auto", "automatic", "the connected region at SUV 4, or at SUV 2.5 if the point is below 4")
ISOCONTOURS = (AUTO, *map(_at, (4.0, 3.0, 2.5)), *map(_of, (41, 50)))
