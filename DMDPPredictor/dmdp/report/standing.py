"""What a network's numbers and maps may be taken for, in the words of report and DICOM objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def is_demonstration(said: Mapping[str, Any] | None) -> bool:
    """Whether the ``demonstration`` of a ``prediction.json`` is of a network not trained on patients; yes where it is silent."""
    return bool((said or {}).get("demonstration", True))


def standing(said: Mapping[str, Any] | None) -> Standing:
    """The words for the ``demonstration`` of a ``prediction.json``."""
    return DEMONSTRATION if is_demonstration(said) else TRAINED
