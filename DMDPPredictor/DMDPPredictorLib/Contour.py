"""The contour that a prediction reads: the image that it was drawn on, and a digest that shows whether it has changed."""

from __future__ import annotations

from dataclasses import dataclass

import slicer
from dmdp.errors import DmdpError

from .Nodes import digest, geometryFromNode, maskFromSegmentation

LABELMAP = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()


@dataclass(frozen=True)
class Contour:
    """``on`` is ``ct`` or ``pet``, ``sha256`` that of the mask on this image; empty if there is no such mask."""

    on: str = "pet"
    sha256: str = ""


def isDrawnOnCt(segmentationNode, ctNode) -> bool:
    """True if the CT is the image that a segmentation lies on; else it is the PET."""
    if segmentationNode is None or ctNode is None:
        return False
    role = segmentationNode.GetReferenceImageGeometryReferenceRole()
    return role is not None and segmentationNode.GetNodeReference(role) is ctNode


class ContourReader:
    """Reads the contour of the nodes, and keeps the last one: a mask is taken anew only after something has changed it."""

    def __init__(self):
        self._key, self._contour = None, Contour()

    def __call__(self, ctNode, petNode, segmentationNode, segmentId: str = "") -> Contour:
        """The contour as it is now; without a digest if there is none, or an empty one."""
        onCt = petNode is None or isDrawnOnCt(segmentationNode, ctNode)
        on, node = ("ct", ctNode) if onCt else ("pet", petNode)
        if any(given is None or given.GetScene() is None for given in (segmentationNode, node)) or node.GetImageData() is None:
            return Contour(on)  # also while one is on its way out of the scene
        try:
            key = (node.GetID(), segmentationNode.GetID(), segmentId, geometryFromNode(node), _state(segmentationNode))
            if key != self._key:
                self._contour = Contour(on, digest(maskFromSegmentation(segmentationNode, node, segmentId)))
                self._key = key
            return self._contour
        except (DmdpError, RuntimeError):  # Slicer's own, in the middle of an undo: the segment has no labelmap then
            return Contour(on)


def _state(segmentationNode) -> tuple:
    """Changes with every edit of a segment, and with the transforms over the node; cheap."""
    segmentation, parent = segmentationNode.GetSegmentation(), segmentationNode.GetParentTransformNode()
    labelmaps = []
    for identifier in segmentation.GetSegmentIDs():
        labelmap = segmentation.GetSegment(identifier).GetRepresentation(LABELMAP)
        labelmaps.append((identifier, labelmap.GetMTime() if labelmap is not None else segmentation.GetMTime()))
    return (tuple(labelmaps), parent.GetTransformToWorldMTime() if parent is not None else 0)
