"""Faults of the published matrices that must not be taken at face value: each is found from the numbers and handled.

Each fault is shown from the table itself; if Jiang et al. 2026 (DMDP) say otherwise, their Table 1 is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from ..statistics.associations import fisher_missingness
from .table import CohortTable, Finding

SMALL_CELL_PREFIX = "B"
# Table 1 of Jiang et al. 2026, row "Male": in GD and LPCD exactly the patients with code 1 (in NR some have no clinical data)
PAPER_MALE = {"GD": 28, "NR": 62, "LPCD": 51}


def published_findings(table: CohortTable, task: str) -> CohortTable:
    """``table`` with its traps listed in ``findings``."""
    return replace(table, findings=tuple(_findings(table, task)))


def repeated_values(table: CohortTable, block: str) -> int:
    """Number of patients that share one identical non-integer value in every column of ``block``.

    A continuous measurement does not repeat: these rows were filled in with the column's median.
    """
    values = table.select((block,)).values
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        return 0
    rows, counts = np.unique(values, axis=0, return_counts=True)
    most = int(counts.max())
    return most if most > 1 and not np.equal(rows[counts.argmax()] % 1, 0).all() else 0


def standardised_over(table: CohortTable, block: str) -> bool:
    """True if every column of ``block`` has mean 0 and population SD 1 over its known rows."""
    values = table.select((block,)).values
    return bool(np.allclose(np.nanmean(values, axis=0), 0, atol=1e-6) and np.allclose(np.nanstd(values, axis=0), 1, atol=1e-6))


def _findings(table: CohortTable, task: str) -> Iterator[Finding]:
    counts = {cohort: int((table.cohorts == cohort).sum()) for cohort in sorted(set(table.cohorts.tolist()))}
    yield Finding(
        "cohort_by_identifier",
        f"The cohort is told by the identifier only: {_words(counts)}.",
        "The cohort is a column of its own, never an input; leave-one-cohort-out stands beside cross-validation.",
    )
    sex = table.column("sex")
    ones = {cohort: int((sex[table.cohorts == cohort] == 1).sum()) for cohort in PAPER_MALE}
    yield Finding(
        "sex_swapped",
        f"Code 1 of 'gender' counts {_words(ones)}; Table 1 of the paper calls them male ({_words(PAPER_MALE)}). The clinical "
        "table of NSCLC Radiogenomics says female for every shared patient with code 1.",
        "Code 1 is read as female.",
    )
    smoking = table.column("smoking")
    constant = [c for c in counts if not np.isfinite(smoking[table.cohorts == c]).any()]
    yield Finding(
        "smoking_constant",
        f"'smoke' is 1 for every patient of {', '.join(constant)}, while Table 1 of the paper counts never-smokers there.",
        "Smoking is unknown in that cohort.",
    )
    small = np.char.startswith(table.identifiers.astype(str), SMALL_CELL_PREFIX) & (table.cohorts == "LPCD")
    if task == "subtype":
        yield Finding(
            "small_cell",
            f"{int(small.sum())} patients of LPCD with the TCIA letter B are small-cell carcinomas, published as squamous.",
            "They carry no subtype label; only the paper's own protocol is run with them, and says so.",
        )
    known = table.known(task)
    measured = table.measured("PET")
    test = fisher_missingness(measured[known], table.labels[task][known])
    judged = "label-associated: imputing it would tell the label" if test.p < 0.05 else "not shown to be label-associated"
    yield Finding(
        "pet_missing",
        f"{test.missing} of {int(known.sum())} patients with a label for {task} have no PET values, {test.events_missing} of "
        f"them positive, against {test.events_known} of {test.known} with PET (Fisher p = {test.p:.2g}): {judged}.",
        "Only patients with PET are analysed; nothing of PET is imputed but single cells inside folds.",
    )
    ct = [block for block in table.blocks() if block.startswith("CT_")]
    if ct:
        names = [c.name for c in table.columns if c.selected_upstream]
        yield Finding(
            "selected_upstream",
            f"The {len(names)} CT columns were selected by the authors with the labels of all patients.",
            "Every figure with them is marked 'selected upstream on all patients: optimistic'; no shipped bundle uses them.",
        )
        if all(standardised_over(table, block) for block in ct):
            yield Finding(
                "standardised_before_split",
                "Every CT column has mean 0 and population SD 1 over all rows: it was scaled before any split.",
                "Cannot be undone; scaling inside folds is applied on top, and the mark above covers it.",
            )
        filled = {block: repeated_values(table, block) for block in ct}
        yield Finding(
            "region_absent",
            f"Rows that share one identical value in all columns of a region, hence filled with the median: {_words(filled)}.",
            "Cannot be told from measured rows by the table alone; kept as released, under the mark above.",
        )


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
