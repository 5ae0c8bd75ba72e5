"""The patients of an ablation, and the tables that its variants read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dmdp.inputs import CLINICAL_INPUTS, usable
from dmdp.network.config import SIZES, NetworkConfig
from dmdp.network.model import tabular_row
from dmdp.pet_features.table import DEFINITIONS
from dmdp.progress import Progress, silent
from sklearn.pipeline import make_pipeline

from ...learning.examples import Example, label_array, standardisation
from ...learning.simulated import balanced_seeds, simulated_examples, with_true_labels
from ...selection.feature_sets import plain_pipeline
from ...selection.lasso import LassoSelector
from ...selection.mrmr import Mrmr
from ...simulate.ct_summary import CT_SUMMARY
from .plan import FIRST_HELD_OUT_SEED, AblationPlan
from .variants import ALL, CLINICAL, Variant

BLOCKS = {"pet": tuple(DEFINITIONS), "ct": CT_SUMMARY}
MEASURED_IN = 0.8  # the least share of patients that have a value which is offered to the networks
TOP = 20


@dataclass(frozen=True, eq=False)
class Patients:
    """Three disjoint groups; labels of ``learn`` and ``stop`` have gaps, those of ``held_out`` are the full truth."""

    learn: list[Example]
    stop: list[Example]
    held_out: list[Example]


def simulate(plan: AblationPlan, spacing: int, cache: Path, progress: Progress = silent) -> Patients:
    """The patients of a plan; what was computed before is read from ``cache``."""
    seen = list(range(plan.learn + plan.stop))
    others = balanced_seeds(FIRST_HELD_OUT_SEED, plan.held_out)
    found = simulated_examples(seen + others, spacing, progress, cache)
    rest = found[plan.learn :]
    return Patients(found[: plan.learn], rest[: plan.stop], with_true_labels(rest[plan.stop :]))


def permuted(examples: Sequence[Example], seed: int) -> list[Example]:
    """The same patients with each other's labels."""
    order = np.random.default_rng([seed, len(examples)]).permutation(len(examples))
    return [replace(e, labels=examples[other].labels) for e, other in zip(examples, order, strict=True)]


def table_names(variant: Variant, learn: Sequence[Example], tasks: Sequence[str], seed: int) -> tuple[str, ...]:
    """The inputs of a variant's network beside its images; they are selected on the patients of ``learn`` only."""
    clinical = tuple(CLINICAL_INPUTS)
    if variant.table == CLINICAL:
        return clinical
    offered = offered_names(variant.blocks, learn)
    if variant.table == ALL:
        return offered + clinical
    values, labels = matrix(learn, offered), label_array(learn, tasks)
    chosen: set[str] = set()
    for column in range(len(tasks)):
        known = np.isfinite(labels[:, column])
        pipeline = make_pipeline(plain_pipeline(), Mrmr(TOP), LassoSelector(random_state=seed))
        pipeline.fit(values[known], labels[known, column].astype(int))
        chosen |= set(pipeline.get_feature_names_out(np.array(offered, object)))
    return tuple(name for name in offered if name in chosen) + clinical


def offered_names(blocks: Sequence[str], learn: Sequence[Example]) -> tuple[str, ...]:
    """The values of some blocks that most patients have."""
    names = [name for block in blocks for name in BLOCKS[block]]
    return tuple(n for n in names if np.mean([usable(e.values, n) for e in learn]) >= MEASURED_IN)


def matrix(examples: Sequence[Example], names: Sequence[str]) -> np.ndarray:
    """Values (N, F), the logarithm if that is how they are read; NaN if missing."""
    plain = NetworkConfig(tabular=tuple(names), tabular_mean=(0.0,) * len(names), tabular_sd=(1.0,) * len(names))
    return np.array([tabular_row(plain, e.values) for e in examples])


def configuration(plan: AblationPlan, variant: Variant, learn: Sequence[Example], seed: int) -> NetworkConfig:
    """The network of a variant."""
    names = table_names(variant, learn, plan.tasks, seed)
    mean, deviation = standardisation(learn, names)
    return SIZES[plan.size](tasks=plan.tasks, tabular=names, tabular_mean=mean, tabular_sd=deviation, **variant.config)
