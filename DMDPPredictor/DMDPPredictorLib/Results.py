"""A result folder as an object, and its heatmaps as volume nodes under the study."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import slicer
from dmdp.prediction import Prediction

HEATMAP = "DMDP.Heatmap"


@dataclass(frozen=True)
class PredictionResult:
    """The answer and the folder that holds all of it (report, tables, masks, maps)."""

    prediction: Prediction
    folder: Path


def readResult(folder: Path) -> PredictionResult:
    """The result that a finished job left in ``folder``."""
    document = json.loads((folder / "prediction.json").read_text(encoding="utf-8"))
    return PredictionResult(Prediction.from_json(document), folder)


def loadHeatmaps(result: PredictionResult, ctNode) -> dict[str, object]:
    """Load every heatmap beside the CT in the subject hierarchy; those of an earlier run are replaced.

    Names and descriptions say what the maps are: of a demonstration network, not trained on patients.
    """
    removeHeatmaps()
    label = (result.prediction.demonstration or {}).get("label") or ""
    found = {}
    for path in sorted(result.folder.glob("heatmap_*.nii.gz")):
        key = path.name.removeprefix("heatmap_").removesuffix(".nii.gz")
        node = slicer.util.loadVolume(str(path), properties={"show": False, "name": f"Heatmap {key} ({label})"})
        node.SetDescription(label)
        node.SetAttribute(HEATMAP, key)
        _placeBeside(node, ctNode)
        found[key] = node
    return found


def removeHeatmaps() -> None:
    """Take the heatmaps of an earlier run out of the scene."""
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if node.GetAttribute(HEATMAP) is not None:
            slicer.mrmlScene.RemoveNode(node)


def _placeBeside(node, sibling) -> None:
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is None:
        return
    item = hierarchy.GetItemByDataNode(sibling)
    parent = hierarchy.GetItemParent(item) if item else hierarchy.GetSceneItemID()
    own = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(parent, node)
    hierarchy.SetItemParent(own, parent)
