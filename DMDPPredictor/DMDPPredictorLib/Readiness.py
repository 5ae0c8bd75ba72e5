"""What is still missing before a button may be pressed, as words for its tooltip; an empty string means ready."""

from __future__ import annotations

from dmdp.applicability.images import without_images
from dmdp.patients.case import CT, PET
from slicer.i18n import tr as _

from .PetSource import Conversion, dicomFiles, isSuv


def delineationNeeds(petNode, seedNode) -> str:
    """What a lesion proposal still needs."""
    if not _isImage(petNode):
        return _("Choose the PET.")
    if not suvKnown(petNode):
        return _("It is not known whether the PET is in SUV: load it from the DICOM browser, or tick 'The PET is in SUV'.")
    if seedRas(seedNode) is None:
        return _("Place a point in the lesion.")
    return ""


def predictionNeeds(ctNode, petNode, segmentationNode, segmentId, seedNode, models) -> str:
    """What a prediction still needs: one image at least, and a contour, instead of which a point in the PET is enough."""
    if not (_isImage(ctNode) or _isImage(petNode)):
        return _("Choose the CT, the PET, or both.")
    if ctNode is petNode:
        return _("CT and PET are the same volume: choose the other one.")
    if petNode is not None and not suvKnown(petNode):
        return _("It is not known whether the PET is in SUV: load it from the DICOM browser, or tick 'The PET is in SUV'.")
    if segmentationNode is None and petNode is None:
        return _("Draw the lesion's contour: a point is enough only in a PET.")
    if segmentationNode is None and seedRas(seedNode) is None:
        return _("Place a point in the lesion, or draw its contour.")
    if segmentationNode is not None:
        segmentation = segmentationNode.GetSegmentation()
        if segmentation.GetNumberOfSegments() == 0:
            return _("The contour is empty: draw the lesion, or choose no contour and place a point in it.")
        if segmentation.GetNumberOfSegments() > 1 and segmentation.GetSegment(segmentId) is None:
            return _("There are several segments: choose the one that is the lesion.")
    if not models:
        return _("No model is installed: reinstall the extension, or put a model bundle into the user's DMDP folder.")
    return ""


def missingImages(ctNode, petNode) -> str:
    """What is not measured if one image of the two is chosen, in words; empty if both are, or none."""
    missing = [modality for modality, node in ((CT, ctNode), (PET, petNode)) if not _isImage(node)]
    return " ".join(without_images(missing)) if len(missing) == 1 else ""


def suvKnown(petNode) -> bool:
    """True if the PET is in SUV, or can be converted from its DICOM files."""
    return isSuv(petNode) or bool(dicomFiles(petNode))


def suvStatus(petNode, conversion: Conversion | None) -> str:
    """One line on where the SUV comes from; ``conversion`` is what the worker has said, None while it has not."""
    if not _isImage(petNode):
        return _("no PET chosen")
    if isSuv(petNode):
        return _("in SUVbw (g/ml)")
    files = dicomFiles(petNode)
    if files and conversion is None:
        return _("is being converted to SUVbw from its {count} DICOM files").format(count=len(files))
    if files and conversion.audit is not None:
        return _("SUVbw (g/ml) = stored value × {factor}, from its {count} DICOM files").format(
            factor=f"{conversion.audit.factors['SUVbw']:.4g}", count=len(files)
        )
    if files:
        return _("cannot be converted to SUV")
    return _("not known whether it is in SUV")


def seedRas(seedNode) -> tuple[float, float, float] | None:
    """The point that was placed last (RAS, mm), or None."""
    if seedNode is None or seedNode.GetNumberOfDefinedControlPoints() == 0:
        return None
    position = [0.0, 0.0, 0.0]
    for index in range(seedNode.GetNumberOfControlPoints()):
        if seedNode.GetNthControlPointPositionStatus(index) == seedNode.PositionDefined:
            seedNode.GetNthControlPointPositionWorld(index, position)
    return tuple(position)


def _isImage(volumeNode) -> bool:
    return volumeNode is not None and volumeNode.GetImageData() is not None
