"""The simulated patients as a cohort file, such as a person would write for their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from .labels import SIMULATED_ENDPOINTS
from .patient import SimulatedPatient

COLUMNS = ("patient", "ct", "pet", "pet_mask", "ct_mask", "age", "sex", "smoking", "site", *SIMULATED_ENDPOINTS)


def cohort_row(patient: SimulatedPatient, folder: str) -> dict[str, object]:
    """The row of a patient whose files lie in ``folder`` as :func:`write_patient` names them; unknown is empty."""
    return {
        "patient": folder,
        "ct": f"{folder}/ct",
        "pet": f"{folder}/pet",
        "pet_mask": f"{folder}/lesion_pet.nii.gz",
        "ct_mask": f"{folder}/lesion_ct.nii.gz",
        "age": patient.clinical.age,
        "sex": patient.clinical.sex,
        "smoking": patient.clinical.smoking,
        "site": patient.pet.provenance.get("site"),
        **patient.labels,
    }


def cohort_text(rows: Iterable[Mapping[str, object]]) -> str:
    """The text of the file; labels that a row does not have are left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
