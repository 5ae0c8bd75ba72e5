"""The answer in the scene: a text node with ``prediction.json`` and references to what it was made from."""

from __future__ import annotations

import json

import slicer
from dmdp.prediction import Prediction

from .Parameters import DMDPPredictorParameterNode

RESULT, INPUTS = "DMDP.Result", "DMDP.Inputs"
ROLES = ("ct", "pet", "segmentation")


def choices(parameters: DMDPPredictorParameterNode) -> tuple:
    """What a result depends on; nodes by their IDs."""
    nodes = (getattr(parameters, role) for role in ROLES)
    return (tuple(node.GetID() if node is not None else "" for node in nodes), _plain(parameters))


def storeResult(prediction: Prediction, madeFrom: tuple) -> None:
    """Keep the answer in the scene, instead of an earlier one; it is saved with it."""
    removeResult()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "DMDP prediction (research use only)")
    node.SetAttribute(RESULT, "1")
    node.SetAttribute(INPUTS, madeFrom[1])
    for role, identifier in zip(ROLES, madeFrom[0], strict=True):
        if identifier:
            node.SetNodeReferenceID(role, identifier)
    node.SetText(json.dumps(prediction.to_json(), ensure_ascii=False))


def storedResult() -> tuple[Prediction, tuple] | None:
    """The answer that came with the scene and the choices that it was made from; None where there is none that can be read."""
    node = _node()
    if node is None:
        return None
    try:
        prediction = Prediction.from_json(json.loads(node.GetText()))
    except (ValueError, KeyError, TypeError):  # of another version of this module
        return None
    return prediction, (tuple(node.GetNodeReferenceID(role) or "" for role in ROLES), _current(node.GetAttribute(INPUTS) or ""))


def removeResult() -> None:
    """Take the answer out of the scene."""
    node = _node()
    if node is not None:
        slicer.mrmlScene.RemoveNode(node)


def _node():
    nodes = slicer.util.getNodesByClass("vtkMRMLTextNode")
    return next((node for node in nodes if node.GetAttribute(RESULT) is not None), None)


def _current(inputs: str) -> str:
    """The choices of a saved scene, where the last was once whether the demonstration network is run."""
    former = {", true]": ', "demo-network"]', ", false]": ', ""]'}
    return next((inputs.removesuffix(end) + new for end, new in former.items() if inputs.endswith(end)), inputs)


def _plain(parameters: DMDPPredictorParameterNode) -> str:
    clinical = (parameters.age, parameters.sex.value, parameters.smoking.value)
    return json.dumps([parameters.segment, *clinical, parameters.model, parameters.network])
