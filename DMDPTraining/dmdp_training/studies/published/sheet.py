"""TRIPOD+AI and METRICS sheets, filled from a run's own data.

Topics follow TRIPOD+AI (Collins et al., BMJ 2024;385:e078378) and METRICS (Kocak et al., Insights Imaging 2024;15:8), in our
words; what a run cannot know is marked as open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dmdp import POPULATION, RESEARCH_USE_ONLY

OPEN = "not known to this program; see the paper"


@dataclass(frozen=True)
class Item:
    """One item: its number, what it asks about, and the answer."""

    number: str
    topic: str
    answer: str


def tripod(facts: Mapping[str, str]) -> tuple[Item, ...]:
    """The 27 topics of TRIPOD+AI. ``facts`` are the sentences that :mod:`dmdp_training.studies.published.report` makes from the
    run.
    """
    return tuple(
        Item(*row)
        for row in (
            ("1", "title", "Re-validation of machine-learning models for EGFR mutation, histological subtype and KRAS mutation."),
            ("2", "abstract", "The first page of report.md."),
            (
                "3",
                "background",
                f"{POPULATION} The paper reports AUC 0.90 to 0.93; whether its released data support that is asked.",
            ),
            (
                "4",
                "objectives",
                "Estimate honestly what PET, CT and clinical features add to one another; train nothing for use.",
            ),
            ("5", "data", f"{facts['source']} Retrospective, 2007–2021 by the paper; dates per patient are not released."),
            ("6", "participants", facts["participants"]),
            ("7", "data preparation", facts["preparation"]),
            (
                "8",
                "outcome",
                "EGFR and KRAS mutation and histological subtype as released; assays differ between cohorts (paper).",
            ),
            ("9", "predictors", facts["predictors"]),
            ("10", "sample size", facts["sample_size"]),
            ("11", "missing data", facts["missing"]),
            ("12", "analytical methods", facts["methods"]),
            (
                "13",
                "class imbalance",
                "Balanced class weights in the base learners, undone by calibration on inner out-of-fold scores.",
            ),
            (
                "14",
                "fairness",
                "Leave-one-cohort-out per cohort. Sex and age are inputs; ethnicity and scanner are not released.",
            ),
            (
                "15",
                "model output",
                "Calibrated probability; thresholds by Youden's index on inner out-of-fold probabilities only.",
            ),
            ("16", "training and evaluation apart", facts["apart"]),
            ("17", "ethical approval", f"Published de-identified tables; {OPEN}."),
            ("18", "open science", facts["open"]),
            ("19", "patient and public involvement", "None in this re-validation."),
            ("20", "participants (results)", "Table 1, and the list of traps."),
            ("21", "model development", "n and events of every cell stand in every table."),
            (
                "22",
                "model specification",
                "learners.py, stacking.py and selection/ hold every setting; no model of this run is shipped.",
            ),
            ("23", "performance", facts["performance"]),
            ("24", "updating", "None."),
            ("25", "interpretation", facts["interpretation"]),
            ("26", "limitations", facts["limitations"]),
            ("27", "usability", f"{RESEARCH_USE_ONLY} Poor or missing inputs: see the applicability rules of the prediction."),
        )
    )


def metrics(facts: Mapping[str, str]) -> tuple[Item, ...]:
    """The 30 items of METRICS, each yes, no, or not applicable with the reason."""
    return tuple(
        Item(str(number), topic, answer)
        for number, (topic, answer) in enumerate(
            (
                ("checklist followed", "yes: TRIPOD+AI above"),
                ("representative eligibility criteria", f"{OPEN}; no small-cell carcinoma here"),
                ("high-quality reference standard", "yes for NR (assay released); partly for GD and LPCD"),
                ("multi-centre", f"yes: {facts['cohorts']}"),
                ("clinical source of images", "yes: routine FDG PET/CT (paper)"),
                ("acquisition parameters", f"no: {OPEN}"),
                ("interval between imaging and reference", f"no: {OPEN}"),
                ("segmentation described", "partly: manual PET contours by one reader (paper)"),
                ("fully automated segmentation evaluated", "not applicable here"),
                ("test masks by one reader or tool", "yes (paper)"),
                ("image preprocessing described", "partly; CT resampling is not stated (paper)"),
                ("standardised extraction software", "yes for CT (PyRadiomics); PET features partly recovered from the tables"),
                ("extraction parameters", f"no: {OPEN}"),
                ("non-robust features removed", "no: repeated contours are not released"),
                ("redundant features removed", "yes: mRMR, LASSO and recursive elimination inside folds"),
                ("dimension fits the sample", facts["sample_size"]),
                ("robustness of deep pipelines", "not applicable: no network in this run"),
                ("proper data partitioning", facts["apart"]),
                ("confounding handled", facts["confounding"]),
                ("suitable performance measures", "yes: AUC, AUPRC, threshold measures, Brier, calibration, decision curve"),
                ("uncertainty", "yes: DeLong and 2.5–97.5 % bootstrap intervals over patients, spread over splits"),
                ("calibration", "yes: slope and intercept with intervals, curves"),
                ("single modality compared", "yes: PET only and CT only stand beside the joint sets"),
                ("non-radiomic comparison", "yes: clinical only, paired"),
                ("simple model compared", "yes: logistic regression in every cell"),
                ("internal testing", "yes: nested repeated cross-validation"),
                ("external testing", "yes: leave-one-cohort-out"),
                ("data available", "yes, with SHA-256; no licence given by the authors"),
                ("code available", "yes: one command, seed and versions recorded"),
                ("model available", "not from this run; bundles are made by 'dmdp train published'"),
            ),
            start=1,
        )
    )


def markdown(facts: Mapping[str, str]) -> str:
    """Both sheets as Markdown."""
    lines = ["# Reporting sheet", ""]
    for title, items in (("TRIPOD+AI", tripod(facts)), ("METRICS", metrics(facts))):
        lines += [f"## {title}", "", "| item | topic | answer |", "| --- | --- | --- |"]
        lines += [f"| {item.number} | {item.topic} | {item.answer} |" for item in items] + [""]
    return "\n".join(lines)
