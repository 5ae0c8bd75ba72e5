"""Which of the loaded volumes are the CT and the PET of one study, and what their DICOM headers say of the patient."""

from __future__ import annotations

import re

import slicer
from slicer.i18n import tr as _

from .Nodes import geometryFromNode
from .Parameters import Sex
from .PetSource import carriesSuv

MODALITY, STUDY, FRAME, CORRECTED = "0008,0060", "0020,000d", "0020,0052", "0028,0051"
AGE, SEX = "0010,1010", "0010,0040"
NAMES = {"CT": re.compile(r"(^|[^a-z])ct([^a-z]|$)", re.I), "PT": re.compile(r"(^|[^a-z])(pet|pt|suv)([^a-z]|$)", re.I)}


def header(volumeNode, tag: str) -> str:
    """The value of a tag in the first file of a volume, from the application's DICOM database; empty where it has none."""
    uids = (volumeNode.GetAttribute("DICOM.instanceUIDs") or "").split() if volumeNode is not None else ()
    database = getattr(slicer, "dicomDatabase", None)
    return (database.instanceValue(uids[0], tag) or "").strip() if uids and database is not None else ""


def modality(volumeNode) -> str:
    """``CT``, ``PT``, another DICOM modality, or nothing: from the header, the voxels' unit, or the name, in that order."""
    found = header(volumeNode, MODALITY)
    if found:
        return found
    if carriesSuv(volumeNode):
        return "PT"
    named = [kind for kind, pattern in NAMES.items() if pattern.search(volumeNode.GetName() or "")]
    return named[0] if len(named) == 1 else ""


def choosePair(ctNode=None, petNode=None):
    """A CT and a PET of one study out of the scene, ``(ct, pet)``; what is given stays, what is not found is None.

    Of several the pair with one frame of reference wins, then an attenuation-corrected PET, then the CT of most slices, then
    what was loaded last.
    """
    volumes = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if _isCandidate(node)]
    cts = [ctNode] if ctNode is not None else [node for node in volumes if modality(node) == "CT"]
    pets = [petNode] if petNode is not None else [node for node in volumes if modality(node) == "PT"]
    pairs = [(ct, pet) for ct in cts for pet in pets if ct is not pet and header(ct, STUDY) == header(pet, STUDY)]
    if pairs:
        return max(pairs, key=lambda pair: (_rank(*pair), volumes.index(pair[1]) if pair[1] in volumes else 0))
    return (ctNode or (cts[-1] if cts else None), petNode or (pets[-1] if pets else None))


def alignmentWarning(ctNode, petNode) -> str:
    """Why CT and PET may not lie on one another; empty where nothing speaks against it."""
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


def _rank(ctNode, petNode) -> tuple:
    corrected = header(petNode, CORRECTED)
    return (
        header(ctNode, FRAME) == header(petNode, FRAME),
        not corrected or "ATTN" in corrected.upper(),
        geometryFromNode(ctNode).shape[0],
    )
