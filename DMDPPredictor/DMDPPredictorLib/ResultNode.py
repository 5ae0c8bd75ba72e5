"""The answer in the scene: a text node with ``prediction.json``, and the nodes and choices that it was made from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import slicer
from dmdp.documents.codec import parse
from dmdp.errors import GeometryError
from dmdp.prediction.document import Prediction

from .Contour import Contour, ContourReader
from .Nodes import worldTransform
from .Parameters import DMDPPredictorParameterNode
from .PetSource import isSuv

RESULT, INPUTS = "DMDP.Result", "DMDP.Inputs"
ROLES = ("ct", "pet", "segmentation")
SCHEMA = 2  # of INPUTS; 1 was a list: segment, age, sex, smoking, model, and whether or which network was run
PLAIN = ("age", "sex", "smoking", "model", "network")
_contourOf = ContourReader()


@dataclass(frozen=True)
class Choices:
    """What a prediction reads, and so depends on: images by their node IDs, the contour, the patient's facts, the models.

    ``standing`` says how the images stand: whether the PET is in SUV, and where transforms have put both. Two are equal if the
    same was read; in which segmentation and segment the contour lies does not matter.
    """

    ct: str
    pet: str
    contour: Contour
    age: int
    sex: str | None
    smoking: str | None
    model: str
    network: str
    standing: str = ""
    segmentation: str = field(default="", compare=False)
    segment: str = field(default="", compare=False)


class Stored(NamedTuple):
    """The answer of a scene, the choices that it was made from, and when (local time)."""

    prediction: Prediction
    madeFrom: Choices
    created: datetime


def contourNow(parameters: DMDPPredictorParameterNode) -> Contour:
    """The chosen contour as it is now."""
    return _contourOf(parameters.ct, parameters.pet, parameters.segmentation, parameters.segment)


def choices(parameters: DMDPPredictorParameterNode, contour: Contour | None = None) -> Choices:
    """What a prediction would read now; ``contour`` if it is known already."""
    nodes = {role: getattr(parameters, role) for role in ROLES}
    return Choices(
        **{role: node.GetID() if node is not None else "" for role, node in nodes.items()},
        contour=contour or contourNow(parameters),
        age=parameters.age,
        sex=parameters.sex.value,
        smoking=parameters.smoking.value,
        model=parameters.model,
        network=parameters.network,
        standing=_standing(parameters.ct, parameters.pet),
        segment=parameters.segment,
    )


def storeResult(prediction: Prediction, madeFrom: Choices) -> None:
    """Keep the answer in the scene, instead of an earlier one; it is saved with it."""
    removeResult()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "DMDP prediction (research use only)")
    node.SetAttribute(RESULT, "1")
    plain = {name: getattr(madeFrom, name) for name in (*PLAIN, "segment", "standing")}
    created = datetime.now().isoformat(timespec="seconds")
    inputs = {"schema": SCHEMA, "created": created, "contour": asdict(madeFrom.contour), **plain}
    node.SetAttribute(INPUTS, json.dumps(inputs))
    for role in ROLES:
        if getattr(madeFrom, role):
            node.SetNodeReferenceID(role, getattr(madeFrom, role))
    node.SetText(json.dumps(prediction.to_json(), ensure_ascii=False))


def storedResult() -> Stored | None:
    """The answer that came with the scene; None if there is none that can be read."""
    node = _node()
    if node is None:
        return None
    try:
        prediction = Prediction.from_json(parse(node.GetText()))
        inputs = _current(json.loads(node.GetAttribute(INPUTS)))
        contour = Contour(**inputs["contour"]) if inputs["contour"] else _present(node, inputs["segment"])
        plain = {name: inputs[name] for name in (*PLAIN, "segment")}
        plain["standing"] = inputs.get("standing") or _standing(*(node.GetNodeReference(role) for role in ROLES[:2]))
        created = datetime.fromisoformat(inputs["created"])
    except (ValueError, KeyError, TypeError):  # of another version of this module
        return None
    references = {role: node.GetNodeReferenceID(role) or "" for role in ROLES}
    return Stored(prediction, Choices(**references, contour=contour, **plain), created)


def storedNodes() -> tuple:
    """CT, PET and segmentation of the answer in the scene, None if one is gone, and the ID of the lesion's segment."""
    stored, node = storedResult(), _node()
    nodes = tuple(node.GetNodeReference(role) if node is not None else None for role in ROLES)
    return (*nodes, stored.madeFrom.segment if stored is not None else "")


def removeResult() -> None:
    """Take the answer out of the scene."""
    node = _node()
    if node is not None:
        slicer.mrmlScene.RemoveNode(node)


def _node():
    nodes = slicer.util.getNodesByClass("vtkMRMLTextNode")
    return next((node for node in nodes if node.GetAttribute(RESULT) is not None), None)


def _present(node, segment: str) -> Contour:
    """The contour as it lies in the scene: former versions did not keep what was read."""
    return _contourOf(*(node.GetNodeReference(role) for role in ROLES), segment)


def _standing(ctNode, petNode) -> str:
    """How the images stand in the scene; cheap, and the same text as long as nothing of it changes."""
    said = [petNode is not None and isSuv(petNode)]
    for node in (ctNode, petNode):
        try:
            said.append(None if node is None or node.GetImageData() is None else worldTransform(node).round(4).tolist())
        except GeometryError:
            said.append("bent")
    return json.dumps(said)


def _current(inputs: Any) -> dict[str, Any]:
    """The inputs of any version as those of this one."""
    if isinstance(inputs, dict):
        if inputs["schema"] != SCHEMA:
            raise ValueError(f"schema {inputs['schema']}")
        return inputs
    segment, *plain, network = inputs
    network = {True: "demo-network", False: ""}.get(network, network)  # once whether the demonstration network was run
    now = datetime.now().isoformat(timespec="seconds")
    return {"created": now, "contour": None, "segment": segment, **dict(zip(PLAIN, (*plain, network), strict=True))}
