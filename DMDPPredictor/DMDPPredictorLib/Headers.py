"""What the DICOM header of a volume node says; quick, as only the first file is looked up in the database."""

from __future__ import annotations

import re

import slicer

from .PetSource import carriesSuv

MODALITY, STUDY, FRAME = "0008,0060", "0020,000d", "0020,0052"
NAMES = {"CT": re.compile(r"(^|[^a-z])ct([^a-z]|$)", re.I), "PT": re.compile(r"(^|[^a-z])(pet|pt|suv)([^a-z]|$)", re.I)}


def header(volumeNode, tag: str) -> str:
    """The value of a tag in the first file of a volume, from the application's DICOM database; empty if it has none."""
    uids = (volumeNode.GetAttribute("DICOM.instanceUIDs") or "").split() if volumeNode is not None else ()
    database = getattr(slicer, "dicomDatabase", None)
    return (database.instanceValue(uids[0], tag) or "").strip() if uids and database is not None else ""


def modality(volumeNode) -> str:
    """``CT``, ``PT``, another DICOM modality, or nothing: from the voxels' unit SUV, the header, or the name, in that order."""
    if carriesSuv(volumeNode):
        return "PT"
    found = header(volumeNode, MODALITY)
    if found:
        return found
    named = [kind for kind, pattern in NAMES.items() if pattern.search(volumeNode.GetName() or "")]
    return named[0] if len(named) == 1 else ""


def study(volumeNode) -> str:
    """The study that a volume is of: the UID in its header, else that of its place in the subject hierarchy, else nothing."""
    found = header(volumeNode, STUDY)
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if found or hierarchy is None:
        return found
    names = slicer.vtkMRMLSubjectHierarchyConstants
    item = hierarchy.GetItemByDataNode(volumeNode)
    above = hierarchy.GetItemAncestorAtLevel(item, names.GetDICOMLevelStudy()) if item else 0
    return (hierarchy.GetItemUID(above, names.GetDICOMUIDName()) or f"item {above}") if above else ""
