"""What the module can do: the jobs that it offers, what they need, and what they leave behind."""

from __future__ import annotations

import enum
from pathlib import Path

from slicer.i18n import tr as _

MATRICES = (
    "PET_clinical_feature_matrix.xlsx",
    "EGFR_mutation_prediction_CT_feature.xlsx",
    "Pathological_subtype_classification_CT_feature.xlsx",
)


class Work(enum.Enum):
    """Command and arguments of the job."""

    QuickValidation = ("validate", {"what": "published", "quick": True})
    Validation = ("validate", {"what": "published", "quick": False})
    Training = ("train", {"what": "published"})
    Network = ("train", {"what": "network"})

    def label(self) -> str:
        return {
            Work.QuickValidation: _("Validate: a quick look"),
            Work.Validation: _("Validate: the full run"),
            Work.Training: _("Train the bundle"),
            Work.Network: _("Train the network"),
        }[self]

    def note(self) -> str:
        """What the work is, in one sentence."""
        return {
            Work.QuickValidation: _("Validates the method on the published matrices, with few repetitions."),
            Work.Validation: _("Validates the method on the published matrices. It takes hours; a stopped run goes on."),
            Work.Training: _("Trains the bundle published-pet-clinical on the published matrices."),
            Work.Network: _("Trains the network on your own cohort. It takes hours; a stopped run goes on."),
        }[self]

    def arguments(self, data: str) -> dict[str, object]:
        """The job's arguments for a folder with the matrices, or a cohort file."""
        return {**self.value[1], "cohort" if self is Work.Network else "data": data}

    def dataLabel(self) -> str:
        """What the first path is."""
        return _("Cohort file:") if self is Work.Network else _("Published matrices:")

    def needs(self, data: str, out: str) -> str:
        """What is still missing before the job may start, in words; an empty string means ready."""
        missing = _cohortNeeds(data) if self is Work.Network else _matricesNeeds(data)
        if not missing and not out:
            return _("Choose a folder for the result: a new one, or that of an earlier run.")
        return missing


def _cohortNeeds(data: str) -> str:
    if not data:
        return _("Choose the cohort: a CSV file with one patient per row (patient, ct, pet, mask or seed, labels, age, sex, …).")
    if not Path(data).is_file():
        return _("There is no file {path}.").format(path=data)
    return ""


def _matricesNeeds(data: str) -> str:
    if not data:
        return _("Choose the folder with the published matrices (repository jiang-0311/DMDP, commit 75dd19a).")
    absent = [name for name in MATRICES if not (Path(data) / name).is_file()]
    if absent:
        return _("The folder lacks {names}; get them from the repository jiang-0311/DMDP, commit 75dd19a.").format(
            names=", ".join(absent)
        )
    return ""
