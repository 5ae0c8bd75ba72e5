"""The endpoints of this version. A new one of a kind that there is already is one entry here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from ..documents.codec import Tagged
from ..errors import ModelError
from .answers import Answer, NoAnswer
from .base import Endpoint
from .binary import Binary, BinaryAnswer
from .ordinal import Ordinal, OrdinalAnswer

if TYPE_CHECKING:
    from ..bundles.manifest import Manifest

ENDPOINTS: dict[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        Binary("EGFR", "EGFR mutation", "mutant", "wild type"),
        Binary("subtype", "Histological subtype", "squamous cell carcinoma", "adenocarcinoma"),
        Binary("KRAS", "KRAS mutation", "mutant", "wild type"),
        Binary("PDL1_1", "PD-L1 tumour proportion score, cut at 1 %", "≥1 %", "<1 %"),
        Binary("PDL1_50", "PD-L1 tumour proportion score, cut at 50 %", "≥50 %", "<50 %"),
        Ordinal("PDL1", "PD-L1 tumour proportion score", ("<1 %", "1–49 %", "≥50 %")),
    )
}
ANSWERS = {answer.endpoint: answer for answer in (BinaryAnswer, OrdinalAnswer, NoAnswer)}
TypedAnswer = Annotated[Answer, Tagged("endpoint", ANSWERS, BinaryAnswer.endpoint)]  # as a member of a document


def endpoint_of(name: str) -> Endpoint:
    """The endpoint of this name; one that is not registered, such as an invented question, is binary and called by its name."""
    return ENDPOINTS.get(name) or Binary(name, name, "positive", "negative")


def described(names: Iterable[str]) -> dict[str, Any]:
    """What the manifest of a bundle says of its endpoints, by name: those whose numbers need more than a name."""
    return {name: told for name in names if (told := endpoint_of(name).definition())}


def check_described(manifest: Manifest) -> None:
    """Raise :class:`ModelError` if a bundle was made for endpoints that are not what this version calls by their names."""
    here, there = described(manifest.tasks), manifest.endpoints
    if here != there:
        raise ModelError(
            "bundle.endpoint",
            f"The endpoints of the bundle '{manifest.name}' are {there or 'all binary'}.",
            f"{here or 'binary ones'}, as this version knows their names.",
            "Use the version that the bundle was made with, or register its endpoints in dmdp/endpoints/registry.py.",
        )
