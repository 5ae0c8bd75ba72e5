"""The documented behaviour of Slicer's ``parameterNodeWrapper``, as far as the panels need it; no parameter packs, no lists."""

from .annotations import Choice, Default, Maximum, Minimum, WithinRange
from .wrapper import SlicerParameterNamePropertyName, isParameterNodeWrapper, parameterNodeWrapper

__all__ = [
    "Choice",
    "Default",
    "Maximum",
    "Minimum",
    "SlicerParameterNamePropertyName",
    "WithinRange",
    "isParameterNodeWrapper",
    "parameterNodeWrapper",
]
