"""A result folder as an object, and its heatmaps as volume nodes under the study."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import slicer
from dmdp.files import read_volume
from dmdp.prediction import Prediction
from dmdp.regions import MEANINGS, REGION_COLOURS
from dmdp.report.standing import is_demonstration

from .Nodes import ijkToRasFromGeometry, placeBeside

HEATMAP, TRAINED, REGIONS = "DMDP.Heatmap", "DMDP.Trained", "DMDP.Regions"


@dataclass(frozen=True)
class PredictionResult:
    """The answer and the folder that holds all of it (report, tables, masks, maps); None where it came back with a scene."""

    prediction: Prediction
    folder: Path | None


def readResult(folder: Path) -> PredictionResult:
    """The result that a finished job left in ``folder``."""
    document = json.loads((folder / "prediction.json").read_text(encoding="utf-8"))
    return PredictionResult(Prediction.from_json(document), folder)


def heatmapKeys(result: PredictionResult) -> list[str]:
    """``<task>_<modality>_<stage>`` of every heatmap of a result."""
    files = sorted(result.folder.glob("heatmap_*.nii.gz")) if result.folder is not None else ()
    return [path.name.removeprefix("heatmap_").removesuffix(".nii.gz") for path in files]


def loadHeatmaps(result: PredictionResult, ctNode) -> dict[str, object]:
    """Load every heatmap beside the CT in the subject hierarchy; those of an earlier run are replaced."""
    removeHeatmaps()
    return {key: loadHeatmap(result, key, ctNode) for key in heatmapKeys(result)}


def loadHeatmap(result: PredictionResult, key: str, ctNode):
    """One heatmap as a volume node; name, description and attributes say of what network it is."""
    said = result.prediction.demonstration
    label = (said or {}).get("label") or ""
    path = result.folder / f"heatmap_{key}.nii.gz"
    node = slicer.util.loadVolume(str(path), properties={"show": False, "name": f"Heatmap {key} ({label})"})
    node.SetDescription(label)
    node.SetAttribute(HEATMAP, key)
    if not is_demonstration(said):
        node.SetAttribute(TRAINED, "1")
    placeBeside(node, ctNode)
    return node


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


def loadRegions(result: PredictionResult, ctNode):
    """The CT regions as a segmentation beside the CT, named and coloured as in the report; None where there are none.

    Those of an earlier run are replaced.
    """
    removeRegions()
    path = result.folder / "regions.nii.gz"
    if not path.exists():
        return None
    labels = read_volume(path, "1")
    labelmap = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "DMDP regions")
    try:
        slicer.util.updateVolumeFromArray(labelmap, labels.array.astype(np.uint8))
        labelmap.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijkToRasFromGeometry(labels.geometry)))
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "CT regions (ct_regions_v1)")
        node.SetAttribute(REGIONS, "1")
        node.CreateDefaultDisplayNodes()
        slicer.modules.segmentations.logic().ImportLabelmapToSegmentationNode(labelmap, node)
    finally:
        slicer.mrmlScene.RemoveNode(labelmap)
    present = [number for number in MEANINGS if np.any(labels.array == number)]
    for position, number in enumerate(present):
        segment = node.GetSegmentation().GetNthSegment(position)
        segment.SetName(f"reg{number}: {MEANINGS[number]}")
        colour = REGION_COLOURS[number - 1]
        segment.SetColor(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    node.GetDisplayNode().SetOpacity2DFill(0.5)
    placeBeside(node, ctNode)
    return node


def removeRegions() -> None:
    """Take the CT regions of an earlier run out of the scene."""
    node = regionsNode()
    if node is not None:
        slicer.mrmlScene.RemoveNode(node)


def removeHeatmaps() -> None:
    """Take the heatmaps of an earlier run out of the scene."""
    for node in heatmapNodes().values():
        slicer.mrmlScene.RemoveNode(node)
