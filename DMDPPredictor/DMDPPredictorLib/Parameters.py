"""What the panel's user has chosen; it is stored in the scene and saved with it."""

from __future__ import annotations

import enum
from typing import Annotated

from dmdp.delineation.methods import METHODS
from dmdp.patients.case import Clinical
from slicer import vtkMRMLMarkupsFiducialNode, vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper


class Sex(enum.Enum):
    """As in the DICOM header; Slicer stores the name."""

    Unknown = None
    Female = "F"
    Male = "M"

    def label(self) -> str:
        return {Sex.Unknown: _("not known"), Sex.Female: _("female"), Sex.Male: _("male")}[self]


class Smoking(enum.Enum):
    """Whether the patient ever smoked."""

    Unknown = None
    Ever = "ever"
    Never = "never"

    def label(self) -> str:
        return {Smoking.Unknown: _("not known"), Smoking.Ever: _("ever"), Smoking.Never: _("never")}[self]


@parameterNodeWrapper
class DMDPPredictorParameterNode:
    """Images, lesion, patient and model of the panel.

    ``segment`` is the ID of the lesion's segment, empty if the segmentation holds no other. ``age`` is in years, 0
    if it is not known. ``model`` is the name of an installed ensemble bundle, ``network`` that of an installed network bundle
    whose numbers and maps are shown apart from the answer; empty for none.
    """

    ct: vtkMRMLScalarVolumeNode
    pet: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    segment: str = ""
    seed: vtkMRMLMarkupsFiducialNode
    method: Annotated[str, Choice(list(METHODS))] = "auto"
    age: Annotated[int, WithinRange(0, 120)] = 0
    sex: Sex = Sex.Unknown
    smoking: Smoking = Smoking.Unknown
    model: str = "published-pet-clinical"
    network: str = ""


def clinicalFrom(parameters: DMDPPredictorParameterNode) -> Clinical:
    """The patient's facts, None if they are not known. Raises :class:`dmdp.errors.InputError`."""
    return Clinical(float(parameters.age) if parameters.age else None, parameters.sex.value, parameters.smoking.value)
