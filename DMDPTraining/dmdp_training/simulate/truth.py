"""The truth of a simulated patient as files, and the patient as plain volumes beside it."""

from __future__ import annotations

import json
from pathlib import Path

from dmdp import RESEARCH_USE_ONLY
from dmdp.images.files import write_mask, write_volume

from .patient import SimulatedPatient


def write_truth(patient: SimulatedPatient, folder: str | Path) -> None:
    """Write the true masks (NIfTI) and ``truth.json`` (invented labels, the point in the lesion in LPS mm) into ``folder``."""
    folder = Path(folder)
    write_mask(folder / "lesion_ct.nii.gz", patient.lesion_ct.array, patient.ct.geometry)
    write_mask(folder / "lesion_pet.nii.gz", patient.lesion_pet.array, patient.pet.geometry)
    truth = {
        "research_use_only": RESEARCH_USE_ONLY,
        "labels": patient.labels,
        "labels_are": "invented; they follow the simulated texture and mean nothing biologically",
        "seed": patient.seed,
        "seed_lps_mm": patient.seed_lps,
    }
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def write_volumes(patient: SimulatedPatient, folder: str | Path) -> Path:
    """Write ``ct.nrrd`` (HU) and ``pet.nrrd`` (SUVbw, g/ml) with the truth into ``folder``: quick to load, without DICOM."""
    folder = Path(folder)
    write_volume(folder / "ct.nrrd", patient.ct, "simulated CT, HU")
    write_volume(folder / "pet.nrrd", patient.pet, "simulated PET, SUVbw g/ml")
    write_truth(patient, folder)
    return folder
