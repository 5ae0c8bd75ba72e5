"""MRML nodes to the core's values and back. RAS exists only here; the core speaks LPS."""

from __future__ import annotations

import hashlib

import numpy as np
import slicer
import vtk
from dmdp.errors import GeometryError, LesionError
from dmdp.images.volume import Geometry
from dmdp.patients.case import Lesion

from .Deformation import RAS_TO_LPS, linearPart

METHOD, SEED, DIGEST = "DMDP.Method", "DMDP.SeedLps", "DMDP.MaskSha256"
SEGMENT_NAME = "Lesion"


def worldTransform(volumeNode) -> np.ndarray:
    """The linear parent transforms of a node as one 4×4 matrix, LPS mm to LPS mm; the identity if it has none.

    A transform that is not linear counts as none if it moves no voxel by more than :data:`dmdp.images.volume.EVEN_MM`: the
    DICOM browser hangs one over every series whose slices lie 0.001 mm off even steps. Raises :class:`GeometryError` for a larger
    one, which no grid can follow.
    """
    return _placed(volumeNode)[1]


def isMoved(volumeNode) -> bool:
    """True if the scene shows a volume elsewhere than its own file has it; raises :class:`GeometryError`."""
    return not np.array_equal(worldTransform(volumeNode), np.eye(4))


def geometryFromNode(volumeNode) -> Geometry:
    """The grid of a volume node in LPS mm, its parent transforms included; raises :class:`GeometryError`."""
    geometry, matrix = _placed(volumeNode)
    return geometry.moved(matrix)


def localGeometry(volumeNode) -> Geometry:
    """The grid of a volume node in its own LPS mm, without its parent transforms. Raises :class:`GeometryError` without one."""
    if volumeNode is None or volumeNode.GetImageData() is None:
        raise GeometryError("node.empty", "No image is selected.", "a loaded volume.", "Load or choose the volume.")
    ijkToRas = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(ijkToRas)
    matrix = RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(ijkToRas)
    matrix[:, :3] = matrix[:, 2::-1]  # i, j, k to z, y, x
    return Geometry.from_matrix(volumeNode.GetImageData().GetDimensions()[::-1], matrix)


def ijkToRasFromGeometry(geometry: Geometry) -> np.ndarray:
    """The 4×4 matrix that takes (i, j, k, 1) to RAS mm."""
    matrix = RAS_TO_LPS @ geometry.matrix
    matrix[:, :3] = matrix[:, 2::-1]  # z, y, x to i, j, k
    return matrix


def _placed(volumeNode) -> tuple[Geometry, np.ndarray]:
    """A volume's own grid, and the linear part of what its parent transforms do to it."""
    geometry = localGeometry(volumeNode)
    return geometry, linearPart(volumeNode, geometry)


def lpsFromRas(ras) -> tuple[float, float, float]:
    """A point in LPS mm."""
    return (-float(ras[0]), -float(ras[1]), float(ras[2]))


def segmentationFromLesion(lesion: Lesion, volumeNode, segmentationNode=None):
    """Show a lesion that was outlined on ``volumeNode`` as a segmentation node (a new one unless given).

    The node remembers method, seed and a digest of the mask, so that an unchanged proposal can be told from an edited one.
    """
    labelmap = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", slicer.mrmlScene.GenerateUniqueName("DMDP lesion"))
    try:
        slicer.util.updateVolumeFromArray(labelmap, lesion.mask.array.astype(np.uint8))
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
    segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(evenGrid(volumeNode))
    segmentationNode.SetNodeReferenceID(segmentationNode.GetReferenceImageGeometryReferenceRole(), volumeNode.GetID())
    segmentationNode.CreateDefaultDisplayNodes()
    placeBeside(segmentationNode, volumeNode)  # in its study, as DICOM export needs
    return segmentationNode


def evenGrid(volumeNode):
    """A volume node outside of the scene, without voxels or transform, on the grid that :func:`geometryFromNode` gives.

    Slicer follows a transform that is not linear by resampling the whole image (``vtkOrientedImageDataResample``): slowly, for an
    oblique image in a box that cuts it, and ``SetReferenceImageGeometryParameterFromVolumeNode`` then leaves out the linear parts
    as well. A segmentation below such a transform cannot be painted on, so ours lie in the world, on this grid.
    """
    geometry = geometryFromNode(volumeNode)
    image = vtk.vtkImageData()
    image.SetDimensions(geometry.shape[::-1])
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetAndObserveImageData(image)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijkToRasFromGeometry(geometry)))
    return node


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
    """A segment on the grid of ``volumeNode``: bool (z, y, x). The only one if ``segmentId`` is empty.

    Raises :class:`LesionError` if there is no such segment, several and none is named, or it is empty there, and
    :class:`GeometryError` for a volume that is deformed.
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
    together = segmentationNode.GetParentTransformNode() is volumeNode.GetParentTransformNode()
    grid = volumeNode if together else evenGrid(volumeNode)
    mask = _exported(segmentationNode, segmentId, grid)
    if not mask.any():
        raise LesionError(
            "lesion.empty",
            f"The segment '{segmentation.GetSegment(segmentId).GetName()}' is empty on '{volumeNode.GetName()}'.",
            "at least one voxel inside the image.",
            "Outline the lesion, or choose another segment.",
        )
    return mask


def _exported(segmentationNode, segmentId: str, volumeNode) -> np.ndarray:
    """A segment on the grid of a volume node as bool (z, y, x); all False if Slicer finds nothing to export.

    As ``slicer.util.arrayFromSegmentBinaryLabelmap``, which leaves a display node in the scene at every call: here one call
    follows every stroke of the brush.
    """
    scene = slicer.mrmlScene
    identifiers = vtk.vtkStringArray()
    identifiers.InsertNextValue(segmentId)
    labelmap = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "__temp__")
    try:
        logic = slicer.modules.segmentations.logic()
        if not logic.ExportSegmentsToLabelmapNode(segmentationNode, identifiers, labelmap, volumeNode):
            return np.zeros(volumeNode.GetImageData().GetDimensions()[::-1], bool)
        return slicer.util.arrayFromVolume(labelmap) > 0
    finally:
        display = labelmap.GetDisplayNode()
        colours = display.GetColorNode() if display is not None else None
        for node in (colours, display, labelmap):  # the first two were made by the export
            if node is not None:
                scene.RemoveNode(node)


def isUnchangedProposal(segmentationNode, mask: np.ndarray) -> bool:
    """True if the mask is still the one that :func:`segmentationFromLesion` put there."""
    return segmentationNode.GetAttribute(DIGEST) == digest(mask)


def digest(mask: np.ndarray) -> str:
    """SHA-256 of a mask."""
    return hashlib.sha256(np.packbits(np.asarray(mask, bool)).tobytes()).hexdigest()
