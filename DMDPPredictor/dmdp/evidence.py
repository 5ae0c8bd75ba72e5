"""How the numbers and maps of a network are labelled: the same words in report, DICOM objects, files and panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bundles.manifest import Manifest
    from .network.opinion import NetworkOpinion


@dataclass(frozen=True)
class Evidence:
    """How far a network has been tested, and the fixed words that follow from it.

    Attributes
    ----------
    network : str
        Names it in one word.
    label : str
        What its maps and numbers are marked with, if nothing is known of its cohort.
    short : str
        What it lacks, in at most 40 characters.
    heading, summary : str
        Stand over its part of the report, which is folded.
    numbers : str
        What its probabilities are worth.
    header : str
        Of the files of its maps; a NIfTI header has room for 79 characters.
    """

    network: str
    label: str
    short: str
    heading: str
    summary: str
    numbers: str
    header: str


DEMONSTRATION = Evidence(
    "demonstration",
    "demonstration network, not trained on patients; does not explain the probability",
    "demonstration, not trained on patients",
    "Demonstration network, apart from the answer",
    "Show what a network says that was not trained on patients and does not explain the probability",
    "These numbers show that the way through works, and nothing about the patient.",
    "demonstration network, not trained on patients;does not explain the probability",
)
TRAINED = Evidence(
    "network",
    "not validated elsewhere; shows the network, not the biology",
    "not validated elsewhere",
    "Network, apart from the answer",
    "Show what a network says that has not been validated elsewhere and does not explain the probability",
    "These numbers come from a network that only the patients of its own cohort have tested.",
    "research use only; not validated elsewhere; shows the network, not the biology",
)


def evidence_of(said: Manifest | NetworkOpinion | None) -> Evidence:
    """The evidence behind a network, from its bundle's manifest or from what it says of a patient.

    A network that does not say so, or of which nothing is known, counts as a demonstration.
    """
    return TRAINED if said is not None and said.demonstration is False else DEMONSTRATION
