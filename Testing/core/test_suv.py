"""SUV rules: what is refused, by which tag, and what is warned about."""

from __future__ import annotations

import math

import pytest
from dmdp.dicom.suv import PetHeader, ideal_body_weight, lean_body_mass, suv_factors
from dmdp.errors import SuvError

HALF_LIFE = 6586.2
TAGS = {
    "Units": "BQML",
    "DecayCorrection": "START",
    "SeriesDate": "20200101",
    "SeriesTime": "100000",
    "PatientWeight": 70.0,
    "PatientSize": 1.7,
    "PatientSex": "F",
    "RadiopharmaceuticalStartDateTime": "20200101090000",
    "RadiopharmaceuticalStartTime": "090000",
    "RadionuclideTotalDose": 3.5e8,
    "RadionuclideHalfLife": HALF_LIFE,
    "ActualFrameDuration": 60000,
}
ACQUIRED = (("20200101", "100500"),)


def header(*without: str, acquired=ACQUIRED, **changed) -> PetHeader:
    return PetHeader({k: v for k, v in {**TAGS, **changed}.items() if k not in without}, acquired)


def expected(seconds: float) -> float:
    return 70_000 / (3.5e8 * 2 ** (-seconds / HALF_LIFE))


def test_the_formula_and_the_earlier_reference_time():
    assert suv_factors(header()).bw == pytest.approx(expected(3600))
    assert suv_factors(header(acquired=(("20200101", "095000"),))).bw == pytest.approx(expected(3000))
    assert suv_factors(header()).audit.uptake_minutes == pytest.approx(65)  # to the acquisition, not to the reference


def test_decay_correction_to_the_injection_needs_no_decay():
    assert suv_factors(header(DecayCorrection="ADMIN")).bw == pytest.approx(70_000 / 3.5e8)


def test_midnight_is_crossed_where_only_the_time_is_known():
    found = suv_factors(
        header(
            "RadiopharmaceuticalStartDateTime",
            RadiopharmaceuticalStartTime="233000",
            SeriesTime="003000",
            acquired=(("20200101", "003000"),),
        )
    )
    assert found.bw == pytest.approx(expected(3600))
    assert {"no_start_datetime", "midnight"} <= {w.code for w in found.audit.warnings}


def test_philips_counts_prefer_the_suv_factor():
    both = header(Units="CNTS", PhilipsSUVScaleFactor="0.0005", PhilipsActivityConcentrationScaleFactor="2.0")
    assert suv_factors(both).bw == 0.0005
    only = header(Units="CNTS", PhilipsActivityConcentrationScaleFactor="2.0")
    assert suv_factors(only).bw == pytest.approx(2 * expected(3600))


def test_stored_suv_is_taken_as_it_is():
    assert suv_factors(header("RadionuclideTotalDose", Units="GML")).bw == 1.0


@pytest.mark.parametrize(
    ("missing", "tag"),
    [
        ("Units", "(0054,1001)"),
        ("PatientWeight", "(0010,1030)"),
        ("RadionuclideTotalDose", "(0018,1074)"),
        ("RadionuclideHalfLife", "(0018,1075)"),
        ("DecayCorrection", "(0054,1102)"),
    ],
)
def test_each_missing_tag_is_named(missing, tag):
    with pytest.raises(SuvError) as caught:
        suv_factors(header(missing))
    assert tag in str(caught.value)
    assert missing in str(caught.value)
    assert caught.value.remedy


def test_missing_times_are_named():
    with pytest.raises(SuvError, match="RadiopharmaceuticalStartDateTime"):
        suv_factors(header("RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime"))
    with pytest.raises(SuvError, match="SeriesTime"):
        suv_factors(header("SeriesTime", acquired=()))


@pytest.mark.parametrize("value", [0, -1, math.nan, "n/a"])
def test_impossible_values_are_refused(value):
    for name in ("PatientWeight", "RadionuclideTotalDose", "RadionuclideHalfLife"):
        with pytest.raises(SuvError, match=name):
            suv_factors(header(**{name: value}))


def test_what_cannot_be_converted_is_refused():
    with pytest.raises(SuvError, match="DecayCorrection"):
        suv_factors(header(DecayCorrection="NONE"))
    with pytest.raises(SuvError, match="PROPCNTS"):
        suv_factors(header(Units="PROPCNTS"))
    with pytest.raises(SuvError, match="before the scan"):
        suv_factors(header(RadiopharmaceuticalStartDateTime="20200101110000"))
    with pytest.raises(SuvError, match="before the scan"):
        suv_factors(header("RadiopharmaceuticalStartTime", RadiopharmaceuticalStartDateTime="20191224020000"))


def test_height_and_sex_only_matter_for_the_other_normalisations():
    found = suv_factors(header("PatientSize", "PatientSex"))
    assert found.lbm is found.bsa is found.ibw is None
    full = suv_factors(header())
    assert full.lbm == pytest.approx(full.bw / 70 * lean_body_mass(70, 170, "F"))
    assert full.ibw == pytest.approx(full.bw / 70 * ideal_body_weight(170, "F"))


def test_the_audit_holds_no_identity():
    audit = str(suv_factors(header()).audit)
    assert "PatientName" not in audit
    assert "PatientBirthDate" not in audit
