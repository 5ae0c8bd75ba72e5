"""What the scene holds of its answer, written for a job that exports it: the answer, the contour and the CT regions."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import numpy as np
import slicer
import vtk
from dmdp.errors import DmdpError
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.report.remains import Drawn, write_remains
from vtk.util.numpy_support import vtk_to_numpy

from .Contour import isDrawnOnCt
from .Nodes import RAS_TO_LPS, geometryFromNode, maskFromSegmentation
from .ResultNode import storedNodes, storedResult
from .Results import PredictionResult, regionsNode

REGION = re.compile(r"reg(\d+)\b")


def writeSceneRemains(result: PredictionResult, folder: Path, contour: bool) -> Path:
    """Write what the scene holds of ``result`` into ``folder``, a new one; with the ``contour`` and the CT regions if wished."""
    stored = storedResult()
    folder.mkdir(parents=True)
    drawn = _drawn(result.prediction.images) if contour and stored is not None else None
    created = stored.created if stored is not None else datetime.now()
    return write_remains(folder, result.prediction, created, drawn, regionLabels(regionsNode()) if contour else None)


def regionLabels(segmentationNode) -> Volume | None:
    """The numbers of the CT regions (z, y, x) on the part of their grid that holds any; None if there are none."""
    if segmentationNode is None:
        return None
    segmentation = segmentationNode.GetSegmentation()
    numbers = {i: REGION.match(segmentation.GetSegment(i).GetName()) for i in segmentation.GetSegmentIDs()}
    numbers = {identifier: int(found[1]) for identifier, found in numbers.items() if found}
    identifiers, merged = vtk.vtkStringArray(), slicer.vtkOrientedImageData()
    for identifier in numbers:
        identifiers.InsertNextValue(identifier)
    extent = slicer.vtkSegmentation.EXTENT_UNION_OF_EFFECTIVE_SEGMENTS
    if not numbers or not segmentationNode.GenerateMergedLabelmapForAllSegments(merged, extent, None, identifiers):
        return None
    shape = merged.GetDimensions()[::-1]
    labels = np.array([0, *numbers.values()])[vtk_to_numpy(merged.GetPointData().GetScalars()).reshape(shape).astype(int)]
    toRas = vtk.vtkMatrix4x4()
    merged.GetImageToWorldMatrix(toRas)
    matrix = RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(toRas)
    first = matrix @ [*merged.GetExtent()[::2], 1]
    matrix[:, :3] = matrix[:, 2::-1]  # i, j, k to z, y, x
    matrix[:3, 3] = first[:3]
    return Volume(labels, Geometry.from_matrix(shape, matrix), "1")


def _drawn(images: Collection[str]) -> Drawn | None:
    """The contour of the answer in the scene, which was made from ``images`` (modalities); None if it, or one of these, is
    gone."""
    ct, pet, segmentation, segment = storedNodes()
    images = {name: node for name, node in (("pet", pet), ("ct", ct)) if name.upper() in images}
    if segmentation is None or any(node is None or node.GetImageData() is None for node in images.values()):
        return None
    on = "ct" if isDrawnOnCt(segmentation, ct) or "pet" not in images else "pet"
    try:
        grids = {name: geometryFromNode(node) for name, node in images.items()}
        return Drawn(Mask(maskFromSegmentation(segmentation, images[on], segment), grids[on]), on, grids)
    except DmdpError:
        return None
