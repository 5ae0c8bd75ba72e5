"""The planes that show the lesion, and the views that show the body around it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..images.volume import Volume, triple
from ..patients.case import Lesion
from .planes import AXES, Plane

CLOSE_MM = 120.0
WIDE_MM = (300.0, 420.0)  # narrowest and widest view of the body
MARGIN_MM = 12.0
BODY_HU, BODY_SUV = -300.0, 0.2
COARSE_MM, COARSE_PIXELS = 600.0, 150  # 4 mm pixels


def slice_point(lesion: Lesion) -> tuple[float, float, float]:
    """The LPS point (mm) that the three planes go through: the centroid, if every plane then cuts the lesion.

    Otherwise (islands, a hollow or curved lesion) the centre of the lesion's voxel nearest to the centroid.
    """
    points = lesion.mask.points
    offset = points - points.mean(axis=0)
    half_voxel = np.abs(lesion.geometry.matrix[:3, :3]).sum(axis=1) / 2
    cut = (np.abs(offset) <= half_voxel).any(axis=0)
    point = points.mean(axis=0) if cut.all() else points[np.argmin((offset**2).sum(axis=1))]
    return triple(float, point)


def close_planes(point: tuple[float, float, float], pixels: int) -> tuple[Plane, ...]:
    """Axial, coronal and sagittal views through ``point``, 120 mm wide and centred on it."""
    return tuple(Plane(view, point, CLOSE_MM, pixels) for view in AXES)


def wide_planes(image: Volume, point: tuple[float, float, float], pixels: int) -> tuple[Plane, ...]:
    """Axial, coronal and sagittal views through ``point``, wide enough for the body in the axial one.

    All three have one width (300 to 420 mm). A view is centred on the body; if the body is longer than the view, as near
    to ``point`` as the body's ends allow. ``point`` is never nearer than 12 mm to the border.
    """
    boxes = {view: _body(Plane(view, point, COARSE_MM, COARSE_PIXELS), image) for view in AXES}
    width = float(np.clip(np.ptp(boxes["axial"], axis=0).max() + 2 * MARGIN_MM, *WIDE_MM))
    return tuple(Plane(view, _centred(view, point, boxes[view], width), width, pixels) for view in AXES)


def _body(plane: Plane, image: Volume) -> np.ndarray:
    """Box of the body in a view: lowest and highest offset from the view's centre (mm), shape (2, 2), as (right, down).

    The body is the largest piece above -300 HU (in a PET, above SUV 0.2) once thin things (couch, lines) are opened away;
    without one, the centre.
    """
    outside, level = (-1024.0, BODY_HU) if image.unit == "HU" else (0.0, BODY_SUV)
    dense = plane.sample(image.array, image.geometry, outside=outside) > level
    labels, count = ndimage.label(ndimage.binary_opening(dense, iterations=2))
    if not count:
        return np.zeros((2, 2))
    largest = np.argmax(np.bincount(labels.ravel())[1:]) + 1
    down, right = ndimage.find_objects(labels)[largest - 1]
    step = plane.width_mm / plane.pixels
    corners = np.array([[right.start, down.start], [right.stop, down.stop]], float)
    return corners * step - plane.width_mm / 2


def _centred(view: str, point, box: np.ndarray, width: float) -> tuple[float, float, float]:
    low, high = box[0] + width / 2, box[1] - width / 2
    shift = np.where(low < high, np.clip(0.0, low, np.maximum(low, high)), (low + high) / 2)
    reach = width / 2 - MARGIN_MM
    shift = np.clip(shift, -reach, reach)
    right, down = (np.array(axis) for axis in AXES[view])
    return triple(float, np.array(point) + shift[0] * right + shift[1] * down)
