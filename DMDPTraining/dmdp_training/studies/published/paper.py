"""The figures of the paper, to stand beside ours: Jiang et al., Transl Lung Cancer Res 2026;15(6), Tables 1, 2, 3 and 5."""

from __future__ import annotations

from dataclasses import dataclass, field

Figure = tuple[float, float, float]  # value, and the 95 % interval as printed


@dataclass(frozen=True)
class Row:
    """One row of a table: the model that the paper calls best, and its figures by measure."""

    feature_set: str
    model: str
    figures: dict[str, Figure] = field(default_factory=dict)


def _row(feature_set: str, model: str, *figures: Figure) -> Row:
    return Row(feature_set, model, dict(zip(("AUC", "accuracy", "F1", "sensitivity", "specificity"), figures, strict=False)))


# Table 2: EGFR, test set of one 8:2 split, n = 46
TABLE_2 = (
    _row("CT_reg1", "LR", (0.72, 0.57, 0.86), (0.59, 0.49, 0.74), (0.43, 0.33, 0.61), (0.31, 0.25, 0.50), (0.85, 0.78, 0.93)),
    _row(
        "CT_reg2", "Stacking", (0.62, 0.52, 0.79), (0.62, 0.56, 0.75), (0.61, 0.46, 0.73), (0.62, 0.48, 0.74), (0.61, 0.48, 0.82)
    ),
    _row(
        "CT_reg5", "Stacking", (0.77, 0.53, 0.88), (0.67, 0.46, 0.79), (0.62, 0.46, 0.70), (0.54, 0.45, 0.73), (0.79, 0.67, 0.90)
    ),
    _row(
        "CT_reg6", "Stacking", (0.74, 0.61, 0.88), (0.76, 0.69, 0.90), (0.71, 0.62, 0.86), (0.69, 0.51, 0.84), (0.70, 0.65, 0.89)
    ),
    _row(
        "CT_reg_all",
        "Stacking",
        (0.82, 0.63, 0.87),
        (0.76, 0.67, 0.85),
        (0.70, 0.61, 0.80),
        (0.92, 0.67, 1.0),
        (0.58, 0.43, 0.68),
    ),
    _row("PET", "Stacking", (0.72, 0.55, 0.90), (0.59, 0.48, 0.67), (0.44, 0.35, 0.52), (0.46, 0.32, 0.58), (0.73, 0.56, 0.86)),
    _row(
        "PET_clinical", "LR", (0.78, 0.60, 0.93), (0.68, 0.57, 0.80), (0.64, 0.58, 0.77), (0.62, 0.56, 0.75), (0.79, 0.68, 0.87)
    ),
    _row(
        "PET_CT_clinical",
        "Stacking",
        (0.90, 0.81, 0.96),
        (0.83, 0.72, 0.92),
        (0.78, 0.71, 0.95),
        (0.85, 0.75, 0.91),
        (0.79, 0.72, 0.86),
    ),
)
# Table 3: subtype with PET_clinical, internal test set (n = 61) and external GD
TABLE_3_INTERNAL = (
    _row("PET_clinical", "RF", (0.87, 0.76, 0.96), (0.85, 0.75, 0.93), (0.91, 0.85, 0.96)),
    _row("PET_clinical", "EXT", (0.80, 0.64, 0.92), (0.75, 0.64, 0.85), (0.84, 0.75, 0.91)),
    _row("PET_clinical", "LR", (0.78, 0.60, 0.92), (0.69, 0.56, 0.80), (0.78, 0.67, 0.87)),
    _row("PET_clinical", "Stacking", (0.84, 0.69, 0.95), (0.77, 0.67, 0.87), (0.84, 0.75, 0.92)),
)
TABLE_3_EXTERNAL = (
    _row("PET_clinical", "RF", (0.74, 0.63, 0.82), (0.75, 0.68, 0.82), (0.77, 0.70, 0.77)),
    _row("PET_clinical", "EXT", (0.71, 0.54, 0.84), (0.74, 0.67, 0.81), (0.60, 0.52, 0.67)),
    _row("PET_clinical", "LR", (0.69, 0.52, 0.81), (0.63, 0.52, 0.74), (0.63, 0.58, 0.71)),
    _row("PET_clinical", "Stacking", (0.72, 0.57, 0.86), (0.72, 0.64, 0.79), (0.62, 0.54, 0.70)),
)
# Table 5: the two best machine-learning models beside the network
TABLE_5 = {
    "EGFR": (
        _row(
            "PET_CT_clinical",
            "Stacking",
            (0.90, 0.81, 0.96),
            (0.80, 0.74, 0.86),
            (0.71, 0.64, 0.78),
            (0.85, 0.79, 0.91),
            (0.79, 0.72, 0.86),
        ),
        _row(
            "PET_CT_clinical",
            "DMDP",
            (0.93, 0.81, 1.0),
            (0.88, 0.83, 0.98),
            (0.87, 0.69, 0.97),
            (0.86, 0.74, 0.95),
            (0.88, 0.75, 0.94),
        ),
    ),
    "subtype": (
        _row(
            "PET_clinical",
            "RF",
            (0.87, 0.78, 0.95),
            (0.85, 0.79, 0.91),
            (0.91, 0.86, 0.96),
            (0.98, 0.95, 1.0),
            (0.33, 0.24, 0.42),
        ),
        _row(
            "PET_CT_clinical",
            "DMDP",
            (0.88, 0.73, 0.98),
            (0.85, 0.75, 0.94),
            (0.86, 0.83, 0.97),
            (0.85, 0.73, 0.95),
            (0.88, 0.77, 0.96),
        ),
    ),
}
BRIER_EGFR_STACK = 0.12
# Table 1, counts and medians with quartiles per cohort; sex as the paper labels it (the labels are swapped)
TABLE_1 = {
    "age, years": {"GD": "63 [54, 72]", "NR": "69 [63, 75]", "LPCD": "62 [56, 69]"},
    "female": {"GD": "47", "NR": "124", "LPCD": "72"},
    "male": {"GD": "28", "NR": "62", "LPCD": "51"},
    "never smoked": {"GD": "22", "NR": "41", "LPCD": "53"},
    "ever smoked": {"GD": "53", "NR": "145", "LPCD": "70"},
    "EGFR wild type": {"GD": "45", "NR": "117", "LPCD": "–"},
    "EGFR mutant": {"GD": "30", "NR": "36", "LPCD": "–"},
    "squamous": {"GD": "12", "NR": "29", "LPCD": "32"},
    "adenocarcinoma": {"GD": "48", "NR": "153", "LPCD": "91"},
    "small cell": {"GD": "–", "NR": "–", "LPCD": "–"},
}


def of_set(task: str, feature_set: str, model: str | None = None) -> Row | None:
    """The paper's internal row for a task and set (and model, if it gives several), or None."""
    rows = TABLE_2 if task == "EGFR" else (*TABLE_3_INTERNAL, TABLE_5["subtype"][0]) if task == "subtype" else ()
    return next((r for r in rows if r.feature_set == feature_set and model in (None, r.model)), None)
