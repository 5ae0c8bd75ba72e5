"""Everything that determines the network's architecture and its inputs; JSON both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CROP_MM = (48, 96, 96)  # z, y, x at 1 mm, as in the DMDP paper


@dataclass(frozen=True)
class NetworkConfig:
    """``widths`` are the channels of the stem and the four stages, ``strides`` their steps (z, y, x); ``tabular`` names the
    inputs beside the images, standardised by ``tabular_mean`` and ``tabular_sd``.

    ``lite`` (the default) halves the image within the plane in its stem and keeps stage 4 at the scale of stage 3, so that its
    maps have 6 × 6 × 6 cells of 8 × 16 × 16 mm.
    """

    widths: tuple[int, ...] = (8, 16, 32, 64, 96)
    strides: tuple[tuple[int, int, int], ...] = ((1, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2), (1, 1, 1))
    heads: int = 4
    small_reduction: int = 4
    fused: int = 64
    embedding: int = 64
    dropout: float = 0.2
    tasks: tuple[str, ...] = ("EGFR", "subtype")
    tabular: tuple[str, ...] = ()
    tabular_mean: tuple[float, ...] = ()
    tabular_sd: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NetworkConfig:
        """The inverse of :meth:`to_json`; raises ``TypeError`` for unknown names."""
        return cls(**{key: _tuples(value) for key, value in data.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value
