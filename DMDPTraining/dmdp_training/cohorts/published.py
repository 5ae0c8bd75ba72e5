"""The feature tables that the DMDP authors released, with their codings.

Source: github.com/jiang-0311/DMDP, commit 75dd19a (:mod:`dmdp_training.cohorts.sources`). The repository carries no licence: the
tables are read from the user's own copy and are never redistributed. What must not be believed in them is listed by
:mod:`dmdp_training.cohorts.traps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dmdp.errors import MissingPackage
from dmdp.pet_features.table import DEFINITIONS
from dmdp.pet_features.table import PUBLISHED as PET_FEATURES

from .sources import COMMIT, EGFR_CT, LICENCE, PET_CLINICAL, REPOSITORY, SOURCES, SUBTYPE_CT, Source, verified
from .table import UNKNOWN, CohortTable, Column

__all__ = ["COHORTS", "COMMIT", "LICENCE", "PET_FEATURES", "REPOSITORY", "SHA256", "UNITS", "Patient", "published_table",
           "read_published"]  # fmt: skip

SHA256 = {PET_CLINICAL.file: PET_CLINICAL.sha256}
CT_OF_TASK = {"EGFR": EGFR_CT, "subtype": SUBTYPE_CT}
LABEL_COLUMNS = ("case", "EGFR", "type")
ENDPOINTS = ("EGFR", "subtype", "KRAS")  # whose labels the tables have
# the subtype as Jiang et al. 2026 counted it, with 7 small-cell carcinomas among the squamous: to reproduce, never to train
AS_PUBLISHED = "subtype as published"
COHORTS = {
    "GD": "Guangdong Provincial People's Hospital",
    "NR": "TCIA NSCLC Radiogenomics",
    "LPCD": "TCIA Lung-PET-CT-Dx",
}
UNITS = {name: DEFINITIONS[name][0] for name in PET_FEATURES} | {"age": "years"}


@dataclass(frozen=True)
class Patient:
    """One row: ``cohort`` GD, NR or LPCD; ``labels`` 1/0 per known task; ``values`` the known inputs in natural units
    (age in years, sex 1 = female, smoking 1 = ever, PET features as in docs/method.md).

    ``identifier`` joins the tables and is never printed."""

    cohort: str
    labels: Mapping[str, int]
    values: Mapping[str, float]
    small_cell: bool
    identifier: str = ""

    @property
    def has_pet(self) -> bool:
        """True if the PET features were measured."""
        return "suv_max" in self.values


def read_published(folder: str | Path) -> tuple[Patient, ...]:
    """The 384 rows of the PET and clinical table.

    Codings, each shown from the table itself: ``type`` 1 = adenocarcinoma, 0 = squamous, letters A/G/B for
    Lung-PET-CT-Dx, where B is small-cell carcinoma and gets no subtype label; ``gender`` 1 = female (Table 1 of Jiang et al. 2026
    has the labels swapped); ``smoke`` 1 = ever, constant in GD and therefore unknown there.

    Raises :class:`InputError` if the file is absent or is not the one that these codings were checked on, and
    :class:`MissingPackage` without openpyxl.
    """
    return tuple(_patient(row) for row in read_rows(folder, PET_CLINICAL))


def read_rows(folder: str | Path, source: Source) -> Iterator[dict[str, Any]]:
    """The rows of a verified sheet as header → cell; columns without a header are left out."""
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise MissingPackage("openpyxl", "reading the published tables", "train") from error
    rows = load_workbook(verified(folder, source), read_only=True).active.iter_rows(values_only=True)
    header = next(rows)
    for row in rows:
        if row[0] is not None:
            yield {name: cell for name, cell in zip(header, row, strict=False) if name is not None}


def published_table(folder: str | Path, task: str) -> CohortTable:
    """All 384 patients with the clinical and PET columns, and the CT columns that the authors selected for ``task``.

    Labels: ``EGFR``, ``KRAS``, ``subtype`` (1 = squamous) and ``AS_PUBLISHED``. The EGFR sheet names 7 mutants whose label
    is empty in the PET and clinical table; they count. CT is unknown for patients who are not in the task's CT sheet.
    """
    from .traps import published_findings

    for source in SOURCES:
        verified(folder, source)
    patients = read_published(folder)
    clinical = [Column("age", "years", "clinical"), Column("sex", "1 = female", "clinical")]
    clinical.append(Column("smoking", "1 = ever", "clinical"))
    columns = [*clinical, *(Column(name, UNITS[name], "PET") for name in PET_FEATURES)]
    values = [[p.values.get(column.name, np.nan) for column in columns] for p in patients]
    labels = {name: np.array([p.labels.get(name, UNKNOWN) for p in patients], np.int8) for name in ENDPOINTS}
    labels[AS_PUBLISHED] = np.where([p.small_cell for p in patients], 1, labels["subtype"]).astype(np.int8)
    if task in CT_OF_TASK:
        rows = {str(row["case"]): row for row in read_rows(folder, CT_OF_TASK[task])}
        names = [name for name in next(iter(rows.values())) if name not in LABEL_COLUMNS]
        unit = "standardised over all rows" if task == "EGFR" else "as PyRadiomics gives it"
        columns += [Column(name, unit, f"CT_{name.rsplit('_', 1)[1]}", selected_upstream=True) for name in names]
        for patient, found in zip(patients, values, strict=True):
            row = rows.get(patient.identifier)
            found += [np.nan if row is None else float(row[name]) for name in names]
        if task == "EGFR":
            labels["EGFR"] = _completed(labels["EGFR"], patients, rows)
    table = CohortTable(
        columns=tuple(columns),
        values=np.array(values, float),
        labels=labels,
        cohorts=np.array([p.cohort for p in patients]),
        identifiers=np.array([p.identifier for p in patients]),
    )
    return published_findings(table, task)


def _completed(labels: np.ndarray, patients: tuple[Patient, ...], rows: Mapping[str, Mapping[str, Any]]) -> np.ndarray:
    """EGFR labels (n,), completed from the CT sheet; a contradiction between the two sheets is an error."""
    found = labels.copy()
    for i, patient in enumerate(patients):
        if patient.identifier in rows:
            label = int(rows[patient.identifier]["EGFR"])
            if found[i] not in (label, UNKNOWN):
                raise ValueError("the EGFR labels of two verified sheets contradict each other")
            found[i] = label
    return found


def _patient(row: dict[str, Any]) -> Patient:
    case = str(row["case"])
    cohort = "NR" if case.startswith(("R01", "AMC")) else "LPCD" if case[0].isalpha() else "GD"
    values = {name: float(row[name]) for name in PET_FEATURES if _number(row[name])}
    for ours, theirs in (("age", "age"), ("sex", "gender"), ("smoking", "smoke")):
        if _number(row[theirs]) and not (cohort == "GD" and ours == "smoking"):
            values[ours] = float(row[theirs])
    labels = {task: int(row[task]) for task in ("EGFR", "KRAS") if row[task] in (0, 1)}
    subtype = {1: 0, "A": 0, 0: 1, "G": 1}.get(row["type"])
    if subtype is not None:
        labels["subtype"] = subtype
    return Patient(cohort, labels, values, small_cell=row["type"] == "B", identifier=case)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and value == value
