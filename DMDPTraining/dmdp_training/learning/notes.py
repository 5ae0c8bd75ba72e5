"""What a person must know of a cohort beside the figures: who was left out, and what is missing in whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from dmdp.endpoints.registry import endpoint_of
from dmdp.inputs import usable
from dmdp.intake.row import PatientRow

from ..statistics.associations import fisher_missingness
from .examples import Example
from .plan import NetworkPlan

IMAGES = {"ct": "CT", "pet": "PET"}
SUSPECT = 0.05


def seen_by(plan: NetworkPlan, rows: Sequence[PatientRow]) -> tuple[tuple[PatientRow, ...], tuple[str, ...]]:
    """The rows with an image that the network looks at, and a note if others are left out: it could learn nothing from them,
    and say nothing of them."""
    seen = tuple(row for row in rows if any(row.has(IMAGES[name]) for name in plan.modalities))
    left = len(rows) - len(seen)
    missing = " and ".join(IMAGES[name] for name in plan.modalities)
    return seen, (f"{left} row(s) without {missing} are left out: the network looks at nothing else.",) if left else ()


def column_notes(plan: NetworkPlan) -> tuple[str, ...]:
    """A note on inputs that only the cohort file has."""
    if not plan.columns:
        return ()
    return (
        f"Read from the cohort file only: {', '.join(plan.columns)}. 'dmdp predict' does not supply them and takes them for "
        "unknown; the internal validation had them.",
    )


def missing_notes(plan: NetworkPlan, examples: Sequence[Example]) -> tuple[str, ...]:
    """A note for each task whose label goes with a missing image or value (Fisher's exact test, over patients); inputs that are
    missing in the same patients share one."""
    patients: dict[str, list[Example]] = {}
    for example in examples:
        patients.setdefault(example.patient, []).append(example)
    patterns: dict[bytes, tuple[list[str], np.ndarray]] = {}
    for name, measured in _measured(plan, list(patients.values())).items():
        patterns.setdefault(measured.tobytes(), ([], measured))[0].append(name)
    found = []
    for task in plan.tasks:
        endpoint = endpoint_of(task)
        told = [next((endpoint.is_event(e.labels[task]) for e in rows if task in e.labels), np.nan) for rows in patients.values()]
        answers = np.array(told, float)
        known = np.isfinite(answers)
        for names, measured in patterns.values():
            test = fisher_missingness(measured[known], answers[known].astype(int))
            if test.p < SUSPECT:
                found.append(
                    f"{task} is {endpoint.event} in {test.events_missing} of {test.missing} patients without {', '.join(names)} "
                    f"and in {test.events_known} of {test.known} with it (Fisher p = {test.p:.2g}): the network may learn what "
                    "is missing in place of the disease."
                )
    return tuple(found)


def _measured(plan: NetworkPlan, patients: Sequence[Sequence[Example]]) -> Mapping[str, np.ndarray]:
    """Which patients have each input, bool (patients,), by name."""
    images = {
        IMAGES[name]: np.array([any(e.present[channel] for e in rows) for rows in patients])
        for channel, name in enumerate(IMAGES)
        if name in plan.modalities
    }
    return images | {name: np.array([any(usable(e.values, name) for e in rows) for rows in patients]) for name in plan.values}
