"""A result folder as an object, and its CT regions and heatmaps as nodes under the study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from dmdp.evidence import TRAINED as TESTED
from dmdp.evidence import evidence_of
from dmdp.images.volume import Geometry
from dmdp.jobs.front_end import Prepared
from dmdp.jobs.job import write_job
from dmdp.jobs.worker import ready
from dmdp.prediction.document import Prediction
from dmdp.regions.names import MEANINGS, REGION_COLOURS
from dmdp.results.layout import heatmap_files
from dmdp.results.reader import read_prediction

from .Nodes import ijkToRasFromGeometry, placeBeside

HEATMAP, TRAINED, REGIONS = "DMDP.Heatmap", "DMDP.Trained", "DMDP.Regions"


@dataclass(frozen=True)
class PredictionResult:
    """The answer and the folder that holds all of it (report, tables, masks, maps); None if it came back with a scene."""

    prediction: Prediction
    folder: Path | None


@dataclass(frozen=True, eq=False)
class Map:
    """Labels (uint8) or a heatmap (float32) as an array (z, y, x), cut to the box that holds something."""

    name: str
    array: np.ndarray
    geometry: Geometry


def readResult(folder: Path) -> PredictionResult:
    """The result that a finished job left in ``folder``."""
    return PredictionResult(read_prediction(folder)[1], folder)


def heatmapKeys(result: PredictionResult) -> list[str]:
    """``<task>_<modality>_<stage>`` of every heatmap of a result."""
    return list(heatmap_files(result.folder)) if result.folder is not None else []


def mapsJob(result: PredictionResult, folder: Path) -> Prepared:
    """The job that cuts CT regions and heatmaps of a result out of their files, into ``folder``."""
    return ready(write_job(folder, "maps", {"result": str(result.folder), "folder": str(folder / "maps")}))


def readMaps(answer: Mapping[str, Any]) -> tuple[Map, ...]:
    """What that job has written; heatmaps by ``<task>_<modality>_<stage>``, the CT regions as ``regions``."""
    found = []
    for name, said in answer["maps"].items():
        array = np.load(said["file"], allow_pickle=False)
        found.append(Map(name, array, Geometry.from_matrix(array.shape, said["affine"])))
    return tuple(found)


def showMaps(result: PredictionResult, maps, imageNode):
    """All maps as nodes: the CT regions (None if there are none), and the heatmaps by name. Former ones are replaced."""
    removeRegions()
    removeHeatmaps()
    nodes = {found.name: showMap(result, found, imageNode) for found in maps}
    return nodes.pop("regions", None), nodes


def showMap(result: PredictionResult, found: Map, imageNode):
    """One map as a node beside an image, the CT if there is one, in the subject hierarchy."""
    return _showRegions(found, imageNode) if found.name == "regions" else _showHeatmap(result, found, imageNode)


def heatmapNodes() -> dict[str, object]:
    """The heatmaps in the scene, by ``<task>_<modality>_<stage>``."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return {node.GetAttribute(HEATMAP): node for node in nodes if node.GetAttribute(HEATMAP) is not None}


def isEmpty(heatmapNode) -> bool:
    """Whether a heatmap colours nothing at all."""
    return not np.any(slicer.util.arrayFromVolume(heatmapNode) > 0)


def regionsNode():
    """The CT regions in the scene, or None."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return next((node for node in nodes if node.GetAttribute(REGIONS) is not None), None)


def removeRegions() -> None:
    """Take the CT regions of an earlier run out of the scene."""
    node = regionsNode()
    if node is not None:
        slicer.mrmlScene.RemoveNode(node)


def removeHeatmaps() -> None:
    """Take the heatmaps of an earlier run out of the scene."""
    for node in heatmapNodes().values():
        slicer.mrmlScene.RemoveNode(node)


def _showHeatmap(result: PredictionResult, found: Map, imageNode):
    """Name, description and attributes say of what network it is."""
    said = result.prediction.network
    label = (said and said.label) or ""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"Heatmap {found.name} ({label})")
    _fill(node, found)
    node.CreateDefaultDisplayNodes()
    node.SetDescription(label)
    node.SetAttribute(HEATMAP, found.name)
    if evidence_of(said) is TESTED:
        node.SetAttribute(TRAINED, "1")
    placeBeside(node, imageNode)
    return node


def _showRegions(found: Map, imageNode):
    """A segmentation, named and coloured as in the report."""
    labelmap = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "DMDP regions")
    try:
        _fill(labelmap, found)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "CT regions (ct_regions_v1)")
        node.SetAttribute(REGIONS, "1")
        node.CreateDefaultDisplayNodes()
        slicer.modules.segmentations.logic().ImportLabelmapToSegmentationNode(labelmap, node)
    finally:
        slicer.mrmlScene.RemoveNode(labelmap)
    present = [number for number in MEANINGS if np.any(found.array == number)]
    for position, number in enumerate(present):
        segment = node.GetSegmentation().GetNthSegment(position)
        segment.SetName(f"reg{number}: {MEANINGS[number]}")
        colour = REGION_COLOURS[number - 1]
        segment.SetColor(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    node.GetDisplayNode().SetOpacity2DFill(0.5)
    placeBeside(node, imageNode)
    return node


def _fill(volumeNode, found: Map) -> None:
    slicer.util.updateVolumeFromArray(volumeNode, found.array)
    volumeNode.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijkToRasFromGeometry(found.geometry)))
