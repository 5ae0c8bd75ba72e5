"""Patients of the simulated cohort as examples; what is computed from their images can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from dmdp.inputs import clinical_values
from dmdp.progress import Progress, silent

from ..simulate.cohort import Truth, draw_truth, simulate_hard_patient, truth_of_labels
from ..simulate.ct_summary import ct_summary
from ..simulate.labels import true_labels
from .cache import kept
from .examples import Example, example_of

VERSION = 2  # of what is kept; raise it when the simulation or the features change


def simulated_example(seed: int, spacing: int = 1, cache: Path | None = None) -> Example:
    """The example of a patient of the simulated cohort, cut round the true PET lesion, in voxels of ``spacing`` mm."""
    truth: Truth = draw_truth(seed)
    if cache is None:
        found = _compute(seed, spacing)
    else:
        found = kept(cache / f"simulated-{VERSION}-{spacing}mm-{seed}.safetensors", lambda: _compute(seed, spacing))
    values = {**found.values, **clinical_values(truth.clinical)}
    return replace(found, patient=f"simulated {seed}", values=values, labels=dict(truth.known), site=truth.site.name)


def simulated_examples(
    seeds: Sequence[int], spacing: int = 1, progress: Progress = silent, cache: Path | None = None
) -> list[Example]:
    """The examples of several seeds."""
    found = []
    for number, seed in enumerate(seeds):
        progress(number / len(seeds), f"simulating patient {number + 1} of {len(seeds)}")
        found.append(simulated_example(seed, spacing, cache))
    return found


def with_true_labels(examples: Sequence[Example]) -> list[Example]:
    """The same simulated patients with all their labels known."""
    return [replace(e, labels=true_labels(truth_of_labels(int(e.patient.split()[1])))) for e in examples]


def balanced_seeds(first: int, count: int) -> list[int]:
    """``count`` seeds (a multiple of 8) from ``first`` on in which every combination of the three factors is equally frequent."""
    room: dict[object, int] = {}
    found, seed = [], first
    while len(found) < count:
        factors = truth_of_labels(seed)
        if room.setdefault(factors, count // 8) > 0:
            room[factors] -= 1
            found.append(seed)
        seed += 1
    return found


def _compute(seed: int, spacing: int) -> Example:
    patient = simulate_hard_patient(seed, near=True)
    found = example_of(patient.case, spacing)
    summary = ct_summary(patient.ct, patient.lesion_ct)
    return replace(found, values={**found.values, **{name: value for name, value in summary.items() if np.isfinite(value)}})
