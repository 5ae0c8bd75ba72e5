"""A grid's axes and the patient's: which array axis runs along which axis of the body, and whether they are at right angles."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from .volume import Geometry, Volume

PLANES = ("axial", "coronal", "sagittal")  # across the patient's z, y, x


def order(geometry: Geometry) -> tuple[int, ...]:
    """The array axes that lie nearest to the patient's z, y and x; (0, 1, 2) for axial storage."""
    matrix = geometry.matrix[:3, :3]
    along = np.abs(matrix / np.linalg.norm(matrix, axis=0))[::-1]  # rows: the patient's z, y, x; columns: array axes
    found: tuple[int, ...] = (0, 1, 2)
    for other in permutations(range(3)):
        if along[range(3), other].sum() > along[range(3), found].sum() + 1e-6:
            found = other
    return found


def storage(geometry: Geometry) -> str | None:
    """How an image is stored, in words; None for axial slices with their rows along the patient's x, as scanners store them."""
    found = order(geometry)
    if found == (0, 1, 2):
        return None
    plane = PLANES[found.index(0)]
    return f"{plane} slices" if plane != "axial" else "axial slices whose rows and columns are exchanged"


def upright(array: np.ndarray, geometry: Geometry) -> tuple[np.ndarray, Geometry]:
    """The same voxels in the same places with the array axes along the patient's z, y, x. Axial storage stays as it is."""
    axes = order(geometry)
    if axes == (0, 1, 2):
        return array, geometry
    array, matrix = array.transpose(axes), geometry.matrix
    matrix[:3, :3] = matrix[:3, :3][:, axes]
    backwards = [axis for axis in range(3) if matrix[2 - axis, axis] < 0]
    for axis in backwards:
        matrix[:3, 3] += matrix[:3, axis] * (array.shape[axis] - 1)
        matrix[:3, axis] *= -1
    return np.flip(array, tuple(backwards)), Geometry.from_matrix(array.shape, matrix)


def upright_volume(volume: Volume) -> Volume:
    """A volume by :func:`upright`."""
    array, geometry = upright(volume.array, volume.geometry)
    return volume if geometry is volume.geometry else Volume(array, geometry, volume.unit, volume.provenance)


def right_angled(axes: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, float]:
    """The nearest axes at right angles to ``axes`` (3×3, a step of one voxel per column), with the same steps, and how far (mm)
    a voxel of a grid of ``shape``, in the order of the columns, is moved by taking these instead.

    Raises ``ValueError`` for axes that span no volume.
    """
    steps = np.linalg.norm(axes, axis=0)
    if not np.isfinite(axes).all() or steps.min() <= 0 or abs(np.linalg.det(axes / steps)) < 1e-3:
        raise ValueError("axes that span no volume")
    u, _, v = np.linalg.svd(axes / steps)
    nearest = (u @ v) * steps
    corners = np.array(np.meshgrid(*[(-(n - 1) / 2, (n - 1) / 2) for n in shape], indexing="ij")).reshape(3, -1)
    return nearest, float(np.linalg.norm((axes - nearest) @ corners, axis=0).max())


def sharpest_angle(axes: np.ndarray) -> float:
    """The smallest angle (degrees, at most 90) between two of ``axes`` (3×3, one per column)."""
    unit = axes / np.linalg.norm(axes, axis=0)
    return min(float(np.degrees(np.arccos(min(1.0, abs(unit[:, a] @ unit[:, b]))))) for a, b in combinations(range(3), 2))
