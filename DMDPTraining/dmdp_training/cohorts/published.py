"""The feature table that the DMDP authors released, with its codings and its traps.

Source: github.com/jiang-0311/DMDP, commit 75dd19a, file ``PET_clinical_feature_matrix.xlsx``. The repository carries no
licence: the table is read from the user's own copy and is never redistributed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmdp.errors import InputError, MissingPackage

REPOSITORY = "https://github.com/jiang-0311/DMDP"
COMMIT = "75dd19a"
LICENCE = "The source tables carry no licence; they are not redistributed. Only fitted parameters are in this bundle."
PET_CLINICAL = "PET_clinical_feature_matrix.xlsx"
SHA256 = {PET_CLINICAL: "06ad77f3c5930f1c72eb40be27a588aa495c96537c1c8af5123b306024b7c12d"}
COHORTS = {
    "GD": "Guangdong Provincial People's Hospital",
    "NR": "TCIA NSCLC Radiogenomics",
    "LPCD": "TCIA Lung-PET-CT-Dx",
}
PET_FEATURES = (
    "suv_max", "suv_mean", "suv_median", "suv_min", "suv_var", "suv_sd", "suv_skew", "suv_kurtosis", "suv_area", "suv_peak",
    "MTV_3", "TLG_3", "TLG_4", "het0", "suv_mean_sd_xy", "suv_mean_sd_xz", "suv_mean_sd_yz", "type_xy", "type_xz", "type_yz",
)  # fmt: skip

UNITS = (
    dict.fromkeys(PET_FEATURES, "1")
    | dict.fromkeys(("suv_max", "suv_mean", "suv_median", "suv_min", "suv_sd", "suv_peak"), "g/ml")
    | dict.fromkeys(("suv_var", "suv_mean_sd_xy", "suv_mean_sd_xz", "suv_mean_sd_yz"), "(g/ml)²")
    | {"suv_area": "cm²", "MTV_3": "ml", "TLG_3": "g", "TLG_4": "g", "het0": "%", "age": "years"}
)


@dataclass(frozen=True)
class Patient:
    """One row: ``cohort`` GD, NR or LPCD; ``labels`` 1/0 per known task; ``values`` the known inputs in natural units
    (age in years, sex 1 = female, smoking 1 = ever, PET features as in science of the paper's Table of features)."""

    cohort: str
    labels: Mapping[str, int]
    values: Mapping[str, float]
    small_cell: bool

    @property
    def has_pet(self) -> bool:
        """True where the PET features were measured."""
        return "suv_max" in self.values


def read_published(folder: str | Path) -> tuple[Patient, ...]:
    """The 384 rows of the PET and clinical table.

    Codings, each shown from the table itself: ``type`` 1 = adenocarcinoma, 0 = squamous, letters A/G/B for
    Lung-PET-CT-Dx, where B is small-cell carcinoma and gets no subtype label; ``gender`` 1 = female (the paper's Table 1
    has the labels swapped); ``smoke`` 1 = ever, constant in GD and therefore unknown there.

    Raises :class:`InputError` where the file is absent or is not the one that these codings were checked on, and
    :class:`MissingPackage` without openpyxl.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise MissingPackage("openpyxl", "reading the published tables", "train") from error
    path = Path(folder) / PET_CLINICAL
    if not path.is_file():
        raise InputError(
            "published.missing",
            f"'{PET_CLINICAL}' is not in '{folder}'.",
            f"the released table of {REPOSITORY} (commit {COMMIT}).",
            "Get the tables from that repository and give their folder.",
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256[PET_CLINICAL]:
        raise InputError(
            "published.changed",
            f"'{PET_CLINICAL}' has SHA-256 {digest[:12]}….",
            f"{SHA256[PET_CLINICAL][:12]}… (commit {COMMIT}), on which the codings were checked.",
            "Get the table of that commit.",
        )
    rows = load_workbook(path, read_only=True).active.iter_rows(values_only=True)
    header = next(rows)
    return tuple(_patient(dict(zip(header, row, strict=False))) for row in rows if row[0] is not None)


def _patient(row: dict[str, Any]) -> Patient:
    case = str(row["case"])
    cohort = "NR" if case.startswith(("R01", "AMC")) else "LPCD" if case[0].isalpha() else "GD"
    values = {name: float(row[name]) for name in PET_FEATURES if _number(row[name])}
    for ours, theirs in (("age", "age"), ("sex", "gender"), ("smoking", "smoke")):
        if _number(row[theirs]) and not (cohort == "GD" and ours == "smoking"):
            values[ours] = float(row[theirs])
    labels = {"EGFR": int(row["EGFR"])} if row["EGFR"] in (0, 1) else {}
    subtype = {1: 0, "A": 0, 0: 1, "G": 1}.get(row["type"])
    if subtype is not None:
        labels["subtype"] = subtype
    return Patient(cohort, labels, values, small_cell=row["type"] == "B")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and value == value
