"""The invented questions of the simulated cohort, and the hidden factors that answer them.

None of them can be read from size, uptake or density alone (:mod:`dmdp_training.simulate.lesion` and
:mod:`dmdp_training.simulate.cohort` ensure this); their names begin with ``sim_`` to show that they are not biology.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from dmdp.endpoints.binary import Binary

SIMULATED_ENDPOINTS: dict[str, Binary] = {
    endpoint.name: endpoint
    for endpoint in (
        Binary("sim_heterogeneity", "Simulated: uptake with several foci or a cold centre (PET)", "heterogeneous", "unimodal"),
        Binary("sim_habitat", "Simulated: two density habitats in the tumour (CT)", "two habitats", "uniform"),
        Binary("sim_margin", "Simulated: ground-glass zone round the tumour (CT)", "zone", "none"),
        Binary("sim_interaction", "Simulated: PET and CT disagree on heterogeneity", "discordant", "concordant"),
    )
}
MODALITIES = {"sim_heterogeneity": ("pet",), "sim_habitat": ("ct",), "sim_margin": ("ct",), "sim_interaction": ("ct", "pet")}
UNKNOWN_SHARE = 0.15


@dataclass(frozen=True)
class Factors:
    """What is true of a simulated tumour; three independent fair coins."""

    heterogeneous: bool
    habitats: bool
    margin: bool


def draw_factors(rng: np.random.Generator) -> Factors:
    """The factors of a patient."""
    return Factors(*(bool(bit) for bit in rng.integers(2, size=3)))


def true_labels(factors: Factors) -> dict[str, int]:
    """The answers by task. The interaction is an exclusive or of a PET and a CT factor: neither modality alone tells it."""
    return {
        "sim_heterogeneity": int(factors.heterogeneous),
        "sim_habitat": int(factors.habitats),
        "sim_margin": int(factors.margin),
        "sim_interaction": int(factors.heterogeneous != factors.habitats),
    }


def known_labels(labels: Mapping[str, int], rng: np.random.Generator, share: float = UNKNOWN_SHARE) -> dict[str, int]:
    """The labels that the cohort keeps: each is removed with probability ``share``, whatever its value."""
    forgotten = rng.random(len(labels)) < share
    return {name: value for (name, value), lost in zip(labels.items(), forgotten, strict=True) if not lost}
