"""What is measured of the contour while it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dmdp.case import Lesion, Volume
from dmdp.pet_features.intensity import intensity
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


def measure(suv: Volume, mask: np.ndarray) -> Measures:
    """The measures of a mask (bool, z, y, x, not empty) on the PET's grid; definitions as in the report's features."""
    found = intensity(suv, Lesion(mask, suv.geometry, "manual"))
    return Measures(
        found["suv_max"], found["suv_peak"], found["suv_mean"], found["MTV_3"], found["TLG_3"], int(np.count_nonzero(mask))
    )
