"""SUV against factors and voxels that others published."""

from __future__ import annotations

import json

import numpy as np
import pytest
from dmdp.dicom.suv import PetHeader, suv_factors
from dmdp.images.files import read_volume
from dmdp.images.resampling import sample
from dmdp.intake.load import load_pet

VENDOR_CASES = (
    "PHILIPS_BQML", "PHILIPS_CNTS_AND_BQML_SUV", "PHILIPS_CNTS_AND_SUV", "SIEMENS", "GE_MEDICAL_AND_BQML",
    "BQML_AC_DT_lessThan_S_DT_SIEMENS", "CPS_AND_BQML_AC_DT_-_S_DT", "RADIOPHARM_DATETIME_UNDEFINED",
)  # fmt: skip


def expected_values(data) -> dict:
    return json.loads((data("suv_vendor_cases") / "expected_values.json").read_text(encoding="utf-8"))


@pytest.mark.data
@pytest.mark.parametrize("name", VENDOR_CASES)
def test_vendor_cases(data, name):
    instances = json.loads((data("suv_vendor_cases") / f"test/metadata/{name}-instances.json").read_text(encoding="utf-8"))
    philips = instances[0]["PhilipsPETPrivateGroup"]
    tags = {
        **instances[0],
        **{f"Philips{key}": value for key, value in philips.items()},
    }
    acquired = tuple((i["AcquisitionDate"], i["AcquisitionTime"]) for i in instances)
    expected = expected_values(data)["cornerstonejs/calculate-suv metadata -> suvbw factor"][name]
    assert suv_factors(PetHeader(tags, acquired)).bw == pytest.approx(expected, rel=1e-6)


@pytest.mark.data
def test_acrin_042_factors(data):
    found = load_pet(data("acrin_nsclc_042") / "pet_ac").suv_audit
    published = expected_values(data)["ACRIN-NSCLC-FDG-PET-042 PET AC"]
    for name, value in found.factors.items():
        assert value == pytest.approx(published[f"slope_{name}"], rel=2e-5), name
    assert {"late_scan", "no_start_datetime", "frame_average", "private_dates"} <= {w.code for w in found.warnings}
    assert any("1.016" in w.text for w in found.warnings)


@pytest.mark.data
def test_sts_001_voxel_by_voxel(data):
    ours = load_pet(data("sts_001") / "pet_dicom").pet
    published = read_volume(data("sts_001") / "ibsi_suv/PET_image.nii.gz", "SUVbw g/ml")
    ours_there = sample(ours.array, ours.geometry, published.geometry, order=0, outside=np.nan)
    assert np.abs(ours_there - published.array).max() <= 1e-3
