"""The part of a result about a network, which is kept apart from the answer; light to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..endpoints.answers import Said

RIM_MM, RING_MM = 3.0, 9.0  # how far the rim and the ring reach from the surface of the lesion
MOST = 0.5


@dataclass(frozen=True)
class ZoneShares:
    """The share of a map's sum in each zone of :mod:`dmdp.explain.zones`; all 0 for a map without a positive value."""

    core: float
    rim: float
    ring: float
    elsewhere: float

    @property
    def warning(self) -> str | None:
        """What a person must be told if the map is mostly not at the lesion."""
        if self.elsewhere <= MOST:
            return None
        return (
            f"{self.elsewhere:.0%} of this map lies more than {RING_MM:g} mm from the lesion: "
            "the network's answer may not rest on the tumour."
        )

    def rounded(self) -> ZoneShares:
        """The same with four decimals."""
        return ZoneShares(*(round(share, 4) for share in (self.core, self.rim, self.ring, self.elsewhere)))


@dataclass(frozen=True)
class NetworkOpinion:
    """What a network says, trained on patients or not: ``probabilities`` by task, and where its maps lie.

    ``label`` is what every map and number of it must be marked with, null if the network could not run, in which case ``note``
    says why. ``demonstration`` is true for a network that was not trained on patients. ``missing`` names the inputs that it uses
    and that are not known of this patient. ``zones`` and ``warnings`` are by the name of the map, ``<task>_<modality>_<stage>``.
    """

    label: str | None
    demonstration: bool
    model: str
    probabilities: Mapping[str, Said] = field(default_factory=dict)
    note: str | None = None
    missing: tuple[str, ...] = ()
    zones: Mapping[str, ZoneShares] = field(default_factory=dict)
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
