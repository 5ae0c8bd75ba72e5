"""From nodes to the jobs of the worker, in small steps; the files lie in a temporary folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dmdp.images.mask import Mask
from dmdp.intake.packed import pack
from dmdp.jobs.front_end import Prepared
from dmdp.jobs.job import write_job
from dmdp.patients.case import Clinical

from .Contour import isDrawnOnCt
from .Nodes import METHOD, SEED, geometryFromNode, isUnchangedProposal, lpsFromRas, maskFromSegmentation
from .SceneImages import SceneImages


def predictJob(
    images: SceneImages,
    ctNode,
    petNode,
    segmentationNode,
    clinical: Clinical,
    bundles: Sequence[str] | None,
    folder: Path,
    segmentId: str = "",
) -> Prepared:
    """The job that predicts into ``folder``/result, from both images or one. Raises :class:`dmdp.errors.InputError` subclasses.

    An unchanged proposal goes as its seed and method; a contour that was drawn or edited goes as a mask of the image that it was
    drawn on. ``segmentId`` names the lesion among several segments.
    """
    arguments: dict[str, Any] = {
        **lesionArguments(ctNode, petNode, segmentationNode, segmentId),  # first: it may have to be refused
        **((yield from images.ct(ctNode)) if ctNode is not None else {}),
        **((yield from images.pet(petNode)) if petNode is not None else {}),
        "age": clinical.age,
        "sex": clinical.sex,
        "smoking": clinical.smoking,
    }
    if bundles:
        arguments["model"] = [str(bundle) for bundle in bundles]
    given = {key: value for key, value in arguments.items() if value is not None}
    return write_job(folder, "predict", given, folder / "result")


def petJob(question: str, images: SceneImages, petNode, folder: Path, **arguments: Any) -> Prepared:
    """A question of :mod:`dmdp.viewer.questions` about the PET."""
    pet = yield from images.pet(petNode)
    return write_job(folder, question, {**pet, **arguments})


def proposeJob(images: SceneImages, petNode, seedRas, method: str, folder: Path) -> Prepared:
    """The lesion at a point (RAS mm)."""
    return petJob("propose", images, petNode, folder, seed=list(lpsFromRas(seedRas)), method=method)


def measureJob(images: SceneImages, petNode, segmentationNode, segmentId: str, folder: Path) -> Prepared:
    """The measures of a contour."""
    mask = Mask(maskFromSegmentation(segmentationNode, petNode, segmentId), geometryFromNode(petNode))
    return petJob("measure", images, petNode, folder, mask=pack(mask))


def lesionArguments(ctNode, petNode, segmentationNode, segmentId: str) -> dict[str, Any]:
    """The arguments of a job that describe the lesion."""
    onCt = petNode is None or isDrawnOnCt(segmentationNode, ctNode)
    node = ctNode if onCt else petNode
    mask = maskFromSegmentation(segmentationNode, node, segmentId)
    if petNode is not None and isUnchangedProposal(segmentationNode, mask):
        seed = [float(v) for v in segmentationNode.GetAttribute(SEED).split(",")]
        return {"seed": seed, "method": segmentationNode.GetAttribute(METHOD)}
    return {"mask" if onCt else "pet_mask": pack(Mask(mask, geometryFromNode(node)))}
