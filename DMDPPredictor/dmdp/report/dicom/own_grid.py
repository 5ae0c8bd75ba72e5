"""The planes of a grid as DICOM has them, for objects that do not lie on the slices of their source."""

from __future__ import annotations

from collections.abc import Iterable

import highdicom as hd
import numpy as np

from ...images.volume import Geometry


def measures(geometry: Geometry) -> hd.PixelMeasuresSequence:
    """Pixel spacing, thickness and distance of the slices (mm)."""
    between, rows, columns = geometry.spacing
    return hd.PixelMeasuresSequence((rows, columns), slice_thickness=between, spacing_between_slices=between)


def orientation(geometry: Geometry) -> hd.PlaneOrientationSequence:
    """The direction cosines of rows and columns."""
    axes = geometry.matrix[:3, :3] / np.array(geometry.spacing)
    return hd.PlaneOrientationSequence("PATIENT", (*axes[:, 2], *axes[:, 1]))


def positions(geometry: Geometry, slices: Iterable[int]) -> list[hd.PlanePositionSequence]:
    """Where the first voxels of ``slices`` (numbers along z) lie, LPS mm."""
    return [hd.PlanePositionSequence("PATIENT", tuple(geometry.to_lps((z, 0, 0)))) for z in slices]
