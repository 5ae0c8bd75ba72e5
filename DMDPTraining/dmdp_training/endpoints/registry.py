"""Every endpoint that a training or a study may be asked for, with its study half."""

from __future__ import annotations

from dmdp.endpoints.base import Endpoint
from dmdp.endpoints.registry import ENDPOINTS, endpoint_of

from ..simulate.labels import SIMULATED_ENDPOINTS
from .base import Study
from .binary import BinaryStudy
from .ordinal import OrdinalStudy

STUDIES: dict[str, type[Study]] = {"binary": BinaryStudy, "ordinal": OrdinalStudy}  # by kind


def registered() -> dict[str, Endpoint]:
    """The endpoints of patients and of simulated ones, by name."""
    return {**ENDPOINTS, **SIMULATED_ENDPOINTS}


def study_of(name: str) -> Study:
    """The study half of an endpoint."""
    endpoint = endpoint_of(name)
    return STUDIES[endpoint.kind](endpoint)
