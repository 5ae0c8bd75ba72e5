"""What a network's numbers and maps may be taken for, in the words of report and DICOM objects."""

from __future__ import annotations

from dataclasses import dataclass

from ..network.opinion import NetworkOpinion


@dataclass(frozen=True)
class Standing:
    """The fixed words round what a network says.

    ``network`` names it in one word; ``short`` says what it lacks, in at most 40 characters; ``heading`` and ``summary`` stand
    over its part of the report, which is folded; ``numbers`` says what its probabilities are worth.
    """

    network: str
    short: str
    heading: str
    summary: str
    numbers: str


DEMONSTRATION = Standing(
    "demonstration",
    "demonstration, not trained on patients",
    "Demonstration network, apart from the answer",
    "Show what a network says that was not trained on patients and does not explain the probability",
    "These numbers show that the way through works, and nothing about the patient.",
)
TRAINED = Standing(
    "network",
    "not validated elsewhere",
    "Network, apart from the answer",
    "Show what a network says that has not been validated elsewhere and does not explain the probability",
    "These numbers come from a network that only the patients of its own cohort have tested.",
)


def is_demonstration(opinion: NetworkOpinion | None) -> bool:
    """Whether a network was not trained on patients; yes if nothing is known of it."""
    return opinion is None or opinion.demonstration


def standing(opinion: NetworkOpinion | None) -> Standing:
    """The words for what a network says."""
    return DEMONSTRATION if is_demonstration(opinion) else TRAINED
