"""A result of ``dmdp predict`` that tests of what is done with results share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def predicted(simulated_study, tmp_path_factory) -> Path:
    """The result folder of the simulated study, with regions and heatmaps; do not change it."""
    from dmdp.commands.predict import DEFAULT_MODELS, DEMONSTRATION
    from dmdp.intake.row import PatientRow
    from dmdp.jobs.job import Job
    from dmdp.workflow import predict_to_folder

    patient, study = simulated_study
    out = tmp_path_factory.mktemp("predicted") / "result"
    row = PatientRow(ct=study, pet=study, seed=tuple(patient.seed_lps), clinical=patient.clinical)
    models = (*DEFAULT_MODELS, DEMONSTRATION)
    predict_to_folder(row, models, out, Job("predict", {"ct": str(study), "pet": str(study)}, str(out)), "cpu")
    return out


@pytest.fixture
def predicted_copy(predicted, tmp_path) -> Path:
    """A copy of the result that a test may damage."""
    return Path(shutil.copytree(predicted, tmp_path / "result"))
