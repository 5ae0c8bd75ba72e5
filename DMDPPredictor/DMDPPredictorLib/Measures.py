"""The measures of the contour while it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _


@dataclass(frozen=True)
class Measures:
    """SUV in g/ml, volumes in ml, TLG in g."""

    suvMax: float
    suvPeak: float
    suvMean: float
    mtv: float
    tlg: float
    voxels: int

    @classmethod
    def fromAnswer(cls, answer: Mapping[str, Any]) -> Measures:
        """Out of what the worker answers to ``measure``; definitions as in the report's features."""
        names = ("suv_max", "suv_peak", "suv_mean", "MTV_3", "TLG_3", "voxels")
        return cls(*(answer[name] for name in names))

    def text(self) -> str:
        """One line for the panel."""
        return _("SUVmax {max}, SUVpeak {peak}, SUVmean {mean}; MTV {mtv} ml ({voxels} voxels), TLG {tlg} g").format(
            max=f"{self.suvMax:.1f}",
            peak=f"{self.suvPeak:.1f}",
            mean=f"{self.suvMean:.1f}",
            mtv=f"{self.mtv:.1f}",
            voxels=self.voxels,
            tlg=f"{self.tlg:.0f}",
        )
