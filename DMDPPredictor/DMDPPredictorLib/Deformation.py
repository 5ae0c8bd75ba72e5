"""The parent transforms of a volume: their linear part, and how far the rest moves its voxels."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from dmdp.errors import GeometryError
from dmdp.images.volume import EVEN_MM, Geometry
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SAMPLES_MM = 20.0
_measured: dict[str, tuple[tuple, float]] = {}  # by the volume's ID: what it was measured of, and mm


def linearPart(volumeNode, geometry: Geometry) -> np.ndarray:
    """The linear parent transforms of a volume as one 4×4 matrix, LPS mm to LPS mm; ``geometry`` is the volume's own grid.

    Raises :class:`GeometryError` if the others move a voxel by more than :data:`dmdp.images.volume.EVEN_MM`.
    """
    matrix, deforming = np.eye(4), []
    for node in _chain(volumeNode):
        if node.IsLinear():
            toParent = vtk.vtkMatrix4x4()
            node.GetMatrixTransformToParent(toParent)
            matrix = slicer.util.arrayFromVTKMatrix(toParent) @ matrix
        else:
            deforming.append(node)
    if deforming:
        moved = _displacement(volumeNode, geometry, matrix)
        if not moved <= EVEN_MM:
            raise GeometryError(
                "geometry.nonlinear",
                f"'{volumeNode.GetName()}' lies under a non-linear transform ('{deforming[0].GetName()}') that moves its voxels "
                f"by up to {moved:.3g} mm.",
                f"no transform, a linear one, or one that moves no voxel by more than {EVEN_MM} mm.",
                "Resample the volume, or harden its transform.",
            )
    return RAS_TO_LPS @ matrix @ RAS_TO_LPS


def _chain(volumeNode) -> list:
    """The parent transforms of a node, from its own to the outermost."""
    chain = [volumeNode.GetParentTransformNode()]
    while chain[-1] is not None:
        chain.append(chain[-1].GetParentTransformNode())
    return chain[:-1]


def _displacement(volumeNode, geometry: Geometry, linear: np.ndarray) -> float:
    """The largest distance (mm) between where all parent transforms bring a voxel and where the ``linear`` ones (RAS) do.

    It is measured once for each state of the transforms: the panel asks at every click.
    """
    state = tuple((node.GetID(), node.GetTransformToWorldMTime()) for node in _chain(volumeNode))
    key = (state, geometry)
    if _measured.get(volumeNode.GetID(), ((), 0.0))[0] != key:
        toWorld = vtk.vtkGeneralTransform()
        volumeNode.GetParentTransformNode().GetTransformToWorld(toWorld)
        ras = geometry.samples(SAMPLES_MM) @ RAS_TO_LPS[:3, :3]
        points, moved = vtk.vtkPoints(), vtk.vtkPoints()
        points.SetData(numpy_to_vtk(ras, deep=True))
        moved.SetDataTypeToDouble()
        toWorld.TransformPoints(points, moved)
        away = vtk_to_numpy(moved.GetData()) - (ras @ linear[:3, :3].T + linear[:3, 3])
        _measured[volumeNode.GetID()] = (key, float(np.linalg.norm(away, axis=1).max()))
    return _measured[volumeNode.GetID()][1]
