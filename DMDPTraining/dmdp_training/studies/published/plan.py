"""The settings of a validation run in one place, with what decides how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

from ...cohorts.published import AS_PUBLISHED
from ...cohorts.table import CohortTable
from ...selection.feature_sets import FEATURE_SETS, FeatureSet


@dataclass(frozen=True)
class Plan:
    """Settings of a run; two runs with equal settings and data give equal results."""

    repeats: int = 5
    folds: int = 5
    inner_folds: int = 5
    trees: int = 100
    tuned: bool = True
    splits: int = 50
    permutations: int = 20
    guard_folds: int = 5
    reanalysis_repeats: int = 10
    reanalysis_trees: int = 200
    resamples: int = 2000
    seed: int = 0


DEFAULT = Plan()
QUICK = Plan(
    repeats=1,
    inner_folds=2,
    trees=30,
    tuned=False,
    splits=4,
    guard_folds=2,
    reanalysis_repeats=1,
    reanalysis_trees=50,
    resamples=500,
)
MIN_CLASS = 8  # a held-out cohort needs as many of each class
EXTERNAL = "GD"  # the paper's external cohort for the subtype


@dataclass(frozen=True)
class Question:
    """An endpoint as it is validated: which patients, which feature sets, and how the paper labelled it.

    ``positive`` is the positive class in a title, ``main_set`` the feature set that pictures and headline are of, ``words`` the
    negative and the positive class beside a picture.
    """

    task: str
    as_published: str
    positive: str
    main_set: str
    words: tuple[str, str]
    # the paper counts adenocarcinoma as the positive class of the subtype (its F1 0.91 with specificity 0.33 says so)
    paper_positive: int

    def sets(self, table: CohortTable) -> tuple[FeatureSet, ...]:
        """The feature sets whose blocks the table has."""
        return tuple(s for s in FEATURE_SETS.values() if set(s.blocks) <= set(table.blocks()))

    def analysed(self, table: CohortTable) -> CohortTable:
        """Patients with a label, with PET, and with CT if the task has CT: the same for every set, so that sets can be
        compared in pairs."""
        mask = table.known(self.task) & table.measured("PET")
        ct = [block for block in table.blocks() if block.startswith("CT_")]
        return table.rows(mask & table.measured(ct[0])) if ct else table.rows(mask)

    def published(self, table: CohortTable) -> CohortTable:
        """The patients that the paper's own protocol ran on: everyone in the task's CT sheet, PET or not."""
        return table.rows(table.known(self.as_published) & table.measured("CT_reg1"))

    def outside(self, table: CohortTable, feature_set: FeatureSet) -> CohortTable:
        """Every patient with a label and with all that a set reads: what leave-one-cohort-out trains and tests on."""
        mask = table.known(self.task) & table.measured("PET")
        for block in feature_set.blocks:
            mask &= table.measured(block)
        return table.rows(mask)


QUESTIONS = {
    q.task: q
    for q in (
        Question("EGFR", "EGFR", "EGFR mutant", "PET_CT_clinical", ("wild type", "EGFR mutant"), 1),
        Question("subtype", AS_PUBLISHED, "squamous cell carcinoma", "PET_clinical", ("adenocarcinoma", "squamous"), 0),
        Question("KRAS", "KRAS", "KRAS mutant", "PET_clinical", ("wild type", "KRAS mutant"), 1),
    )
}
