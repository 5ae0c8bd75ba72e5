"""MRML nodes to the core's values and back. RAS exists only here; the core speaks LPS."""

from __future__ import annotations

import hashlib

import numpy as np
import slicer
import vtk
from dmdp.case import Geometry, Lesion, Volume
from dmdp.errors import GeometryError, LesionError

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
METHOD, SEED, DIGEST = "DMDP.Method", "DMDP.SeedLps", "DMDP.MaskSha256"
SEGMENT_NAME = "Lesion"


def geometryFromNode(volumeNode) -> Geometry:
    """The grid of a volume node in LPS mm, its parent transforms included.

    Raises :class:`GeometryError` for a non-linear transform, which no grid can follow.
    """
    ijkToRas = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(ijkToRas)
    parent = volumeNode.GetParentTransformNode()
    if parent is not None:
        if not parent.IsTransformToWorldLinear():
            raise GeometryError(
                "geometry.nonlinear",
                f"'{volumeNode.GetName()}' lies under a non-linear transform.",
                "no transform, or a linear one.",
                "Resample the volume, or harden its transform.",
            )
        toWorld = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(toWorld)
        vtk.vtkMatrix4x4.Multiply4x4(toWorld, ijkToRas, ijkToRas)
    matrix = RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(ijkToRas)
    matrix[:, :3] = matrix[:, 2::-1]  # i, j, k to z, y, x
    shape = volumeNode.GetImageData().GetDimensions()[::-1]
    return Geometry(tuple(shape), tuple(tuple(float(v) for v in row) for row in matrix))


def volumeFromNode(volumeNode, unit: str) -> Volume:
    """A scalar volume node as a volume in ``unit``. Raises :class:`GeometryError` where it holds no image."""
    if volumeNode is None or volumeNode.GetImageData() is None:
        raise GeometryError("node.empty", "No image is selected.", "a loaded volume.", "Load or choose the volume.")
    return Volume(slicer.util.arrayFromVolume(volumeNode), geometryFromNode(volumeNode), unit, {"source": "node"})


def lpsFromRas(ras) -> tuple[float, float, float]:
    """A point in LPS mm."""
    return (-float(ras[0]), -float(ras[1]), float(ras[2]))


def segmentationFromLesion(lesion: Lesion, volumeNode, segmentationNode=None):
    """Show a lesion, which lies on the grid of ``volumeNode``, as a segmentation node (a new one unless given).

    The node remembers method, seed and a digest of the mask, so that an unchanged proposal can be told from an edited one.
    """
    labelmap = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", slicer.mrmlScene.GenerateUniqueName("DMDP lesion"))
    try:
        slicer.util.updateVolumeFromArray(labelmap, lesion.mask.astype(np.uint8))
        ijkToRas = vtk.vtkMatrix4x4()
        volumeNode.GetIJKToRASMatrix(ijkToRas)
        labelmap.SetIJKToRASMatrix(ijkToRas)
        labelmap.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
        if segmentationNode is None:
            name = slicer.mrmlScene.GenerateUniqueName(f"{volumeNode.GetName()} lesion")
            segmentationNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        segmentationNode.GetSegmentation().RemoveAllSegments()
        segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
        slicer.modules.segmentations.logic().ImportLabelmapToSegmentationNode(labelmap, segmentationNode)
    finally:
        slicer.mrmlScene.RemoveNode(labelmap)
    segmentationNode.CreateDefaultDisplayNodes()
    segmentationNode.GetSegmentation().GetNthSegment(0).SetName(SEGMENT_NAME)
    segmentationNode.SetAttribute(METHOD, lesion.method)
    segmentationNode.SetAttribute(SEED, ",".join(repr(v) for v in lesion.seed))
    segmentationNode.SetAttribute(DIGEST, digest(lesion.mask))
    return segmentationNode


def maskFromSegmentation(segmentationNode, volumeNode, segmentId: str | None = None) -> np.ndarray:
    """The chosen segment (the first, unless told) on the grid of ``volumeNode``: bool (z, y, x).

    Raises :class:`LesionError` where there is no segment or it is empty there.
    """
    segmentation = segmentationNode.GetSegmentation() if segmentationNode is not None else None
    if segmentation is None or segmentation.GetNumberOfSegments() == 0:
        raise LesionError(
            "lesion.none", "There is no lesion contour.", "a segment that outlines the lesion.", "Outline the lesion first."
        )
    segmentId = segmentId or segmentation.GetNthSegmentID(0)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(segmentationNode, segmentId, volumeNode)
    if mask is None or not np.any(mask):
        raise LesionError(
            "lesion.empty",
            f"The segment '{segmentation.GetSegment(segmentId).GetName()}' is empty on '{volumeNode.GetName()}'.",
            "at least one voxel inside the image.",
            "Outline the lesion, or choose another segment.",
        )
    return np.asarray(mask) > 0


def isUnchangedProposal(segmentationNode, mask: np.ndarray) -> bool:
    """True where the mask is still the one that :func:`segmentationFromLesion` put there."""
    return segmentationNode.GetAttribute(DIGEST) == digest(mask)


def digest(mask: np.ndarray) -> str:
    """SHA-256 of a mask."""
    return hashlib.sha256(np.packbits(np.asarray(mask, bool)).tobytes()).hexdigest()
