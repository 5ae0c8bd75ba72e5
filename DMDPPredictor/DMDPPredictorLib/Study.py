"""Which of the loaded volumes are the CT and the PET of one study, and what their DICOM headers say of the patient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import slicer
from slicer.i18n import tr as _

from .Attenuation import correction, deciding
from .Headers import FRAME, header, modality, study
from .Parameters import Sex

AGE, SEX, IMAGE_TYPE = "0010,1010", "0010,0040", "0008,0008"
MIN_SLICES = 3


@dataclass(frozen=True)
class Pair:
    """A CT and a PET of one study; what was not found, or cannot be told, is None.

    ``reason`` says in words why these were chosen among several, or why not and what to do; it is empty if there was nothing
    to choose between.
    """

    ct: Any
    pet: Any
    reason: str = ""


def choosePair(ctNode=None, petNode=None) -> Pair:
    """The CT and the PET of one study in the scene. What is given stays; what would be a guess is not chosen.

    Of several PETs the one is taken that is corrected for attenuation by the best evidence (:mod:`DMDPPredictorLib.Attenuation`),
    of several CTs that in the PET's frame of reference with the most slices. Of equal ones, and if more than one study holds
    both, none is.
    """
    if ctNode is not None and petNode is not None:
        return Pair(ctNode, petNode)
    volumes = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if _isCandidate(node)]
    cts = [ctNode] if ctNode is not None else [node for node in volumes if modality(node) == "CT" and node is not petNode]
    pets = [petNode] if petNode is not None else [node for node in volumes if modality(node) == "PT" and node is not ctNode]
    for found, missing in ((cts, _("No CT is loaded.")), (pets, _("No PET is loaded."))):
        if not found:
            return Pair(ctNode, petNode, missing)
    studies = {study(node) for node in cts} & {study(node) for node in pets}
    if len(studies) != 1:
        return Pair(ctNode, petNode, _severalStudies(len(studies)))
    (chosen,) = studies
    cts, pets = ([node for node in nodes if study(node) == chosen] for nodes in (cts, pets))
    pet, saidOfPet = (petNode, "") if petNode is not None else _choosePet(pets, {header(node, FRAME) for node in cts})
    ct, saidOfCt = (ctNode, "") if ctNode is not None else _chooseCt(cts, header(pet, FRAME))
    return Pair(ct, pet, " ".join(words for words in (saidOfPet, saidOfCt) if words))


def _severalStudies(count: int) -> str:
    if count:
        return _("CT and PET of {count} studies are loaded: choose the CT and the PET of one of them.").format(count=count)
    return _("No CT and PET of one and the same study are loaded: choose the two that belong together.")


def _choosePet(pets: list, frames: set[str]) -> tuple[Any, str]:
    """The one PET that is corrected by the best evidence, or none, and why."""
    known = {node: correction(node) for node in pets}
    corrected = [node for node in pets if not known[node].against]
    if not corrected:
        all_ = "; ".join(f"'{node.GetName()}' {known[node].against}" for node in pets)
        return None, _("No attenuation-corrected PET is loaded: {pets}. Load the corrected one.").format(pets=all_)
    nearby = [node for node in corrected if header(node, FRAME) in frames] or corrected
    best = max(known[node].rank for node in nearby)
    first = [node for node in nearby if known[node].rank == best]
    if len(first) > 1:
        return None, _equal("PET", first)
    (pet,) = first
    if len(pets) == 1:
        return pet, ""
    others = [node for node in pets if node is not pet and (known[node].against or node in nearby)]
    told = [(node, *deciding(known[pet], known[node])) for node in others]
    by = dict.fromkeys(support for _node, support, _other in told if support)
    said = [_("attenuation-corrected by {signs}").format(signs=_(" and ").join(by))] if by else []
    said += [f"'{node.GetName()}' {other}" for node, _support, other in told]
    said += [_("'{name}' is in another frame of reference").format(name=n.GetName()) for n in corrected if n not in nearby]
    return pet, _chosen("PET", pet, pets, said)


def _chooseCt(cts: list, frame: str) -> tuple[Any, str]:
    """The CT with the most slices in a frame of reference, or none, and why."""
    whole = [node for node in cts if _slices(node) >= MIN_SLICES and "LOCALIZER" not in header(node, IMAGE_TYPE).upper()] or cts
    nearby = [node for node in whole if header(node, FRAME) == frame] or whole
    most = max(map(_slices, nearby))
    first = [node for node in nearby if _slices(node) == most]
    if len(first) > 1:
        return None, _equal("CT", first)
    (ct,) = first
    if len(cts) == 1:
        return ct, ""
    said = [_("the other is a localiser")] if len(whole) < len(cts) else []
    said += [_("it lies in the PET's frame of reference")] if len(nearby) < len(whole) else []
    said += [_("it has the most slices, {count}").format(count=most)] if len(nearby) > 1 else []
    return ct, _chosen("CT", ct, cts, said)


def _equal(kind: str, nodes: list) -> str:
    names = ", ".join(f"'{node.GetName()}'" for node in nodes)
    return _("{count} {kind}s fit equally ({names}): choose one.").format(count=len(nodes), kind=kind, names=names)


def _chosen(kind: str, node, among: list, said: list[str]) -> str:
    return _("{kind} {number} of {count}: '{name}' ({why}).").format(
        kind=kind, number=among.index(node) + 1, count=len(among), name=node.GetName(), why="; ".join(said)
    )


def _slices(node) -> int:
    return node.GetImageData().GetDimensions()[2]


def alignmentWarning(ctNode, petNode) -> str:
    """Why CT and PET may not lie on one another; empty if nothing speaks against it."""
    if ctNode is None or petNode is None or ctNode is petNode or None in (ctNode.GetImageData(), petNode.GetImageData()):
        return ""
    frames = header(ctNode, FRAME), header(petNode, FRAME)
    if all(frames) and frames[0] != frames[1]:
        return _("CT and PET have different frames of reference: check that they lie on one another, or register them.")
    bounds = ([0.0] * 6, [0.0] * 6)
    ctNode.GetRASBounds(bounds[0])
    petNode.GetRASBounds(bounds[1])
    common = [
        min(a, b) - max(c, d) for a, b, c, d in zip(bounds[0][1::2], bounds[1][1::2], bounds[0][::2], bounds[1][::2], strict=True)
    ]
    if min(common) <= 0:
        return _("CT and PET do not overlap: they are of different patients, parts of the body, or spaces.")
    return ""


def patientFacts(*volumeNodes) -> tuple[int, Sex]:
    """Age in whole years (0: not known) and sex, from the first volume whose header has them."""
    age, sex = 0, Sex.Unknown
    for node in volumeNodes:
        years = re.fullmatch(r"0*(\d{1,3})Y", header(node, AGE))
        age = age or (int(years[1]) if years and int(years[1]) <= 120 else 0)
        sex = {"F": Sex.Female, "M": Sex.Male}.get(header(node, SEX).upper(), Sex.Unknown) if sex is Sex.Unknown else sex
    return age, sex


def _isCandidate(node) -> bool:
    """An image that the selectors list: no label map, no heatmap of ours."""
    listed = node.GetClassName() == "vtkMRMLScalarVolumeNode" and not node.GetHideFromEditors()
    return listed and node.GetImageData() is not None and node.GetAttribute("DMDP.Heatmap") is None
