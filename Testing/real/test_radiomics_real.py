"""The radiomics engine against PyRadiomics on public CT: three lung tumours with the profile that ships."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dmdp.files import read_mask, read_volume
from dmdp.radiomics.engine import extract
from dmdp.radiomics.profile import read_profile
from dmdp.radiomics.reference import extract_by_pyradiomics

pytestmark = pytest.mark.data


@pytest.mark.slow
@pytest.mark.parametrize("patient", ["LUNG1-001", "LUNG1-002", "LUNG1-003"])
def test_radiomics_v1_equals_pyradiomics_on_lung_tumours(data, project, patient):
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: the engine is not compared with it")
    folder = data("lung_ct")
    image, (mask, grid) = read_volume(folder / f"{patient}_ct.nii.gz", "HU"), read_mask(folder / f"{patient}_gtv.nii.gz")
    assert grid.same_grid(image.geometry)
    profile = replace(read_profile(project / "Resources/Profiles/radiomics_v1.json"), log_sigma_mm=(2.0,))
    ours = extract(image, {"gtv": mask}, profile)["gtv"]
    theirs = extract_by_pyradiomics(image, {"gtv": mask}, profile)["gtv"]
    assert set(ours) == set(theirs)
    assert len(ours) == 14 + 10 * 93
    worst = max(theirs, key=lambda name: abs(ours[name] - theirs[name]) / (abs(theirs[name]) + 1e-9))
    for name, value in theirs.items():
        assert abs(ours[name] - value) <= 1e-6 * max(abs(ours[name]), abs(value)) + 1e-9, (name, worst)
    assert np.isfinite(list(ours.values())).all()
