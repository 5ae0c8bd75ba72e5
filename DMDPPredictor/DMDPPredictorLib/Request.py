"""From nodes to the arguments of a ``predict`` job; the files lie in a temporary folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dmdp.case import Clinical
from dmdp.files import write_mask, write_volume

from .Contour import isDrawnOnCt
from .Nodes import METHOD, SEED, geometryFromNode, isUnchangedProposal, maskFromSegmentation, volumeFromNode
from .PetSource import dicomFiles, gather, isSuv, readSuv


def predictArguments(
    ctNode, petNode, segmentationNode, clinical: Clinical, bundles: Sequence[str] | None, temporary: Path, segmentId: str = ""
) -> dict[str, Any]:
    """Write the nodes into ``temporary`` and name them. Raises :class:`dmdp.errors.InputError` subclasses.

    CT goes as NRRD in HU. PET goes as the DICOM files that it came from, so that its SUV has an audit; where it is in SUV
    already, or was moved by a transform, as NRRD in SUV. An unchanged proposal goes as its seed and method; a contour that was
    drawn or edited goes as a mask on the image that it was drawn on. ``segmentId`` names the lesion among several segments.
    """
    arguments: dict[str, Any] = {
        "ct": str(write_volume(temporary / "ct.nrrd", volumeFromNode(ctNode, "HU"))),
        **_pet(petNode, temporary),
        **_lesion(ctNode, petNode, segmentationNode, segmentId, temporary),
        "age": clinical.age,
        "sex": clinical.sex,
        "smoking": clinical.smoking,
    }
    if bundles:
        arguments["model"] = [str(bundle) for bundle in bundles]
    return {key: value for key, value in arguments.items() if value is not None}


def _pet(petNode, temporary: Path) -> dict[str, Any]:
    files = dicomFiles(petNode)
    moved = petNode.GetParentTransformNode() is not None  # DICOM files know nothing of a registration in the scene
    if isSuv(petNode) or moved or not files:
        path = write_volume(temporary / "pet.nrrd", readSuv(petNode).volume)
        return {"pet": str(path), "pet_is_suv": True}
    return {"pet": str(gather(files, temporary / "pet"))}


def _lesion(ctNode, petNode, segmentationNode, segmentId: str, temporary: Path) -> dict[str, Any]:
    onCt = isDrawnOnCt(segmentationNode, ctNode)
    node = ctNode if onCt else petNode
    mask = maskFromSegmentation(segmentationNode, node, segmentId)
    if isUnchangedProposal(segmentationNode, mask):
        seed = [float(v) for v in segmentationNode.GetAttribute(SEED).split(",")]
        return {"seed": seed, "method": segmentationNode.GetAttribute(METHOD)}
    path = write_mask(temporary / "lesion.nrrd", mask, geometryFromNode(node))
    return {"mask" if onCt else "pet_mask": str(path)}
