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


def worldTransform(volumeNode) -> np.ndarray:
    """The parent transforms of a node as one 4×4 matrix, LPS mm to LPS mm; the identity where it has none.

    Raises :class:`GeometryError` for a non-linear transform, which no grid can follow.
    """
    toWorld = vtk.vtkMatrix4x4()
    parent = volumeNode.GetParentTransformNode()
    if parent is not None:
        if not parent.IsTransformToWorldLinear():
            raise GeometryError(
                "geometry.nonlinear",
                f"'{volumeNode.GetName()}' lies under a non-linear transform.",
                "no transform, or a linear one.",
                "Resample the volume, or harden its transform.",
            )
        parent.GetMatrixTransformToWorld(toWorld)
    return RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(toWorld) @ RAS_TO_LPS


def geometryFromNode(volumeNode) -> Geometry:
    """The grid of a volume node in LPS mm, its parent transforms included; raises :class:`GeometryError`."""
    ijkToRas = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(ijkToRas)
    matrix = RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(ijkToRas)
    matrix[:, :3] = matrix[:, 2::-1]  # i, j, k to z, y, x
    return transformed(Geometry(tuple(volumeNode.GetImageData().GetDimensions()[::-1]), matrix), worldTransform(volumeNode))


def transformed(geometry: Geometry, matrix: np.ndarray) -> Geometry:
    """A grid that a 4×4 matrix (LPS mm to LPS mm) has moved."""
    return Geometry(geometry.shape, tuple(tuple(float(v) for v in row) for row in matrix @ geometry.matrix))


def ijkToRasFromGeometry(geometry: Geometry) -> np.ndarray:
    """The 4×4 matrix that takes (i, j, k, 1) to RAS mm."""
    matrix = RAS_TO_LPS @ geometry.matrix
    matrix[:, :3] = matrix[:, 2::-1]  # z, y, x to i, j, k
    return matrix


def volumeFromNode(volumeNode, unit: str) -> Volume:
    """A scalar volume node as a volume in ``unit``. Raises :class:`GeometryError` where it holds no image."""
    if volumeNode is None or volumeNode.GetImageData() is None:
        raise GeometryError("node.empty", "No image is selected.", "a loaded volume.", "Load or choose the volume.")
    return Volume(slicer.util.arrayFromVolume(volumeNode), geometryFromNode(volumeNode), unit, {"source": "node"})


def lpsFromRas(ras) -> tuple[float, float, float]:
    """A point in LPS mm."""
    return (-float(ras[0]), -float(ras[1]), float(ras[2]))


def segmentationFromLesion(lesion: Lesion, volumeNode, segmentationNode=None):
    """Show a lesion that was outlined on ``volumeNode`` as a segmentation node (a new one unless given).

    The node remembers method, seed and a digest of the mask, so that an unchanged proposal can be told from an edited one.
    """
    labelmap = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", slicer.mrmlScene.GenerateUniqueName("DMDP lesion"))
    try:
        slicer.util.updateVolumeFromArray(labelmap, lesion.mask.astype(np.uint8))
        labelmap.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijkToRasFromGeometry(lesion.geometry)))
        segmentationNode = segmentationNode or emptySegmentation(volumeNode)
        segmentationNode.GetSegmentation().RemoveAllSegments()
        slicer.modules.segmentations.logic().ImportLabelmapToSegmentationNode(labelmap, segmentationNode)
    finally:
        slicer.mrmlScene.RemoveNode(labelmap)
    segmentationNode.GetSegmentation().GetNthSegment(0).SetName(SEGMENT_NAME)
    segmentationNode.SetAttribute(METHOD, lesion.method)
    segmentationNode.SetAttribute(SEED, ",".join(repr(v) for v in lesion.seed))
    segmentationNode.SetAttribute(DIGEST, digest(maskFromSegmentation(segmentationNode, volumeNode)))
    return segmentationNode


def emptySegmentation(volumeNode):
    """A new segmentation node on the grid of a volume."""
    name = slicer.mrmlScene.GenerateUniqueName(f"{volumeNode.GetName()} lesion")
    segmentationNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    segmentationNode.CreateDefaultDisplayNodes()
    placeBeside(segmentationNode, volumeNode)  # in its study, as DICOM export needs
    return segmentationNode


def placeBeside(node, sibling) -> None:
    """Put a node beside another one in the subject hierarchy."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is None or sibling is None:
        return
    item = hierarchy.GetItemByDataNode(sibling)
    parent = hierarchy.GetItemParent(item) if item else hierarchy.GetSceneItemID()
    own = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(parent, node)
    hierarchy.SetItemParent(own, parent)


def maskFromSegmentation(segmentationNode, volumeNode, segmentId: str = "") -> np.ndarray:
    """A segment on the grid of ``volumeNode``: bool (z, y, x). The only one where ``segmentId`` is empty.

    Raises :class:`LesionError` where there is no such segment, several and none is named, or it is empty there.
    """
    segmentation = segmentationNode.GetSegmentation() if segmentationNode is not None else None
    if segmentation is None or segmentation.GetNumberOfSegments() == 0:
        raise LesionError(
            "lesion.none", "There is no lesion contour.", "a segment that outlines the lesion.", "Outline the lesion first."
        )
    if segmentId and segmentation.GetSegment(segmentId) is None:
        segmentId = ""
    if not segmentId and segmentation.GetNumberOfSegments() > 1:
        names = ", ".join(segmentation.GetNthSegment(i).GetName() for i in range(segmentation.GetNumberOfSegments()))
        raise LesionError(
            "lesion.several",
            f"'{segmentationNode.GetName()}' holds several segments ({names}).",
            "one of them to be named as the lesion.",
            "Choose the lesion's segment.",
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
