"""Every number that enters SUV is what it can be: corrected where one reading is left, refused otherwise, and always said."""

from __future__ import annotations

import pytest
from dmdp.dicom.suv import PetHeader, suv_factors
from dmdp.dicom.suv.body import ideal_body_weight, lean_body_mass, lean_body_mass_janmahasatian
from dmdp.errors import SuvError
from dmdp.patients.audit import UsedTag
from dmdp.tracers import names_another, nuclide_of

FACTOR = 64_000 / (3.5e8 * 2 ** (-3600 / 6586.2))
TAGS = {
    "Units": "BQML",
    "DecayCorrection": "START",
    "CorrectedImage": "ATTN\\DECY",
    "SeriesDate": "20200101",
    "SeriesTime": "100000",
    "PatientWeight": "64",
    "PatientSize": "1.58",
    "PatientSex": "F",
    "Radiopharmaceutical": "Fluorodeoxyglucose F^18^",
    "RadiopharmaceuticalCode": "C-B1031 Fluorodeoxyglucose F^18^",
    "RadionuclideCode": "C-111A1 ^18^Fluorine",
    "RadiopharmaceuticalStartDateTime": "20200101090000",
    "RadionuclideTotalDose": "350000000",
    "RadionuclideHalfLife": "6586.2",
}
NAMED = ("Radiopharmaceutical", "RadiopharmaceuticalCode", "RadionuclideCode")
ACQUIRED = (("20200101", "100000"),)


def convert(*without: str, **changed):
    tags = {name: value for name, value in {**TAGS, **changed}.items() if name not in without}
    return suv_factors(PetHeader(tags, ACQUIRED))


def words(factors, code: str) -> str:
    return " ".join(warning.text for warning in factors.audit.warnings if warning.code == code)


def test_a_plain_header_says_nothing():
    assert convert().bw == pytest.approx(FACTOR)
    assert convert().audit.warnings == ()
    assert convert(RadionuclideTotalDose="3.5E8", PatientWeight="64.000").audit.warnings == ()


# Dose


@pytest.mark.parametrize(
    ("written", "unit"),
    [("350", "MBq"), ("350.0", "MBq"), ("350,0", "MBq"), ("350000", "kBq"), ("350.000", "MBq"), ("0.35", "GBq"), ("0,35", "GBq"),
     ("9.459459459", "mCi")],
)  # fmt: skip
def test_a_dose_in_another_unit_with_one_reading_is_taken_and_said(written, unit):
    found = convert(RadionuclideTotalDose=written)
    assert found.bw == pytest.approx(FACTOR, rel=1e-8)
    assert f"taken as {unit}: 350" in words(found, "dose")
    assert "(0018,1074)" in words(found, "dose")


def test_a_dose_with_decimal_commas_is_said():
    found = convert(RadionuclideTotalDose="350000000,0")
    assert found.bw == pytest.approx(FACTOR)
    assert "350000000,0" in words(found, "number")


@pytest.mark.parametrize("written", ["25", "2.5", "60"])
def test_a_dose_with_two_readings_is_refused_with_both(written):
    with pytest.raises(SuvError, match="it may mean") as caught:
        convert(RadionuclideTotalDose=written)
    assert caught.value.code == "suv.dose"
    assert "mCi" in str(caught.value)


@pytest.mark.parametrize("written", ["0", "-350000000", "NaN", "inf", "", "n/a", "1", "3.5E13", "0.0001", "350000000\\0"])
def test_a_dose_with_no_reading_is_refused_by_its_tag(written):
    with pytest.raises(SuvError, match=r"\(0018,1074\) RadionuclideTotalDose") as caught:
        convert(RadionuclideTotalDose=written)
    assert caught.value.remedy


@pytest.mark.parametrize(("written", "warned"), [("126000000", False), ("2220000000", False), ("10000000", True), ("5E9", True)])
def test_an_unusual_dose_is_taken_and_said(written, warned):
    found = convert(RadionuclideTotalDose=written)
    assert found.bw == pytest.approx(FACTOR * 3.5e8 / float(written))
    assert bool(words(found, "dose")) == warned


# Half-life and nuclide


@pytest.mark.parametrize("written", ["6586.2", "6588", "6586.2001953125", "6600", "6582"])
def test_half_lives_of_fluorine(written):
    assert convert(RadionuclideHalfLife=written).audit.warnings == ()


@pytest.mark.parametrize(
    ("written", "unit"), [("109.77", "minutes"), ("110", "minutes"), ("109,77", "minutes"), ("1.8295", "hours")]
)
@pytest.mark.parametrize("without", [(), NAMED])
def test_a_half_life_in_another_unit_is_taken_and_said(written, unit, without):
    found = convert(*without, RadionuclideHalfLife=written)
    assert found.bw == pytest.approx(FACTOR, rel=2e-3)
    assert f"taken as {unit}" in words(found, "half_life")
    assert "18F" in words(found, "half_life")


@pytest.mark.parametrize("written", ["1223", "4062", "597.9", "20.4"])
@pytest.mark.parametrize("kept", NAMED)
def test_the_half_life_of_another_nuclide_is_refused(written, kept):
    with pytest.raises(SuvError, match=r"\(0018,1075\)") as caught:
        convert(*set(NAMED) - {kept}, RadionuclideHalfLife=written)
    assert caught.value.code == "suv.half_life"
    assert "18F" in str(caught.value)


def test_a_nuclide_that_contradicts_the_tracer_is_refused():
    with pytest.raises(SuvError, match="11C"):
        convert(RadionuclideCode="C-105A1 ^11^Carbon", RadionuclideHalfLife="1223")


@pytest.mark.parametrize(
    ("name", "code", "written"),
    [("Ga-68 DOTATATE", "C-131A3 ^68^Gallium", "4062.6"), ("[11C]methionine", "", "1223"),
     ("82Rb chloride", "79197006 x", "76.38"), ("13N ammonia", "C-107A1 ^13^Nitrogen", "598"),
     ("", "C-168A4 ^89^Zirconium", "282240")],
)  # fmt: skip
def test_other_nuclides_with_their_own_half_life(name, code, written):
    without = ["RadiopharmaceuticalCode", *([] if name else ["Radiopharmaceutical"]), *([] if code else ["RadionuclideCode"])]
    changed = {"Radiopharmaceutical": name, "RadionuclideCode": code, "RadionuclideHalfLife": written}
    found = convert(*without, **{k: v for k, v in changed.items() if v})
    assert found.bw == pytest.approx(64_000 / (3.5e8 * 2 ** (-3600 / float(written))))
    assert words(found, "half_life") == ""


@pytest.mark.parametrize("written", ["5000", "1", "65862", "0", "NaN", "", "two hours"])
def test_a_half_life_of_no_nuclide_is_refused(written):
    with pytest.raises(SuvError, match=r"\(0018,1075\) RadionuclideHalfLife"):
        convert(*NAMED, RadionuclideHalfLife=written)


@pytest.mark.parametrize(
    ("name", "nuclide"),
    [("Fluorodeoxyglucose F^18^", "18F"), ("^18^Fluorine", "18F"), ("F-18", "18F"), ("18F-NaF", "18F"), ("FDG", "18F"),
     ("^11^Carbon", "11C"), ("C-11 choline", "11C"), ("68Ga-PSMA", "68Ga"), ("Zr-89", "89Zr"), ("^94m^Technetium", "94mTc"),
     ("Solution", ""), ("C-111A1", ""), ("", "")],
)  # fmt: skip
def test_nuclides_are_known_by_their_names(name, nuclide):
    assert nuclide_of(name) == nuclide


# Weight and height


@pytest.mark.parametrize("written", ["64000", "64000.0", "64,0", "64,000", "64.0"])
def test_a_weight_with_one_reading(written):
    found = convert(PatientWeight=written)
    assert found.bw == pytest.approx(FACTOR)
    assert bool(found.audit.warnings) == (written != "64.0")


@pytest.mark.parametrize("written", ["0", "-64", "6.4", "640", "0.064", "NaN", "", "64 kg", "64\\65"])
def test_a_weight_that_no_adult_has_is_refused(written):
    with pytest.raises(SuvError, match=r"\(0010,1030\) PatientWeight"):
        convert(PatientWeight=written)


def test_a_weight_in_pounds_is_doubted_by_the_height():
    assert "BMI" in words(convert(PatientWeight="160"), "weight")


@pytest.mark.parametrize(("written", "metres"), [("158", 1.58), ("1580", 1.58), ("1,58", 1.58), ("1,580", 1.58), ("1.58", 1.58)])
def test_a_height_in_another_unit_is_taken_and_said(written, metres):
    found = convert(PatientSize=written)
    assert found.lbm == pytest.approx(FACTOR / 64 * lean_body_mass(64, metres * 100, "F"))
    assert bool(found.audit.warnings) == (written != "1.58")


@pytest.mark.parametrize("written", ["0", "62", "NaN", "-1.58", "tall"])
def test_a_height_that_cannot_be_leaves_suvbw_alone(written):
    found = convert(PatientSize=written)
    assert found.bw == pytest.approx(FACTOR)
    assert found.lbm is found.bsa is found.ibw is None
    assert found.audit.warnings


# Several radiopharmaceuticals, slices that differ, corrections


def test_several_radiopharmaceuticals_are_refused():
    with pytest.raises(SuvError, match=r"\(0054,0016\).*2 different"):
        convert(several=2)


def test_slices_that_differ_are_refused():
    with pytest.raises(SuvError, match=r"\(0010,1030\) PatientWeight differs"):
        convert(differing=["PatientWeight"])


def test_a_decay_correction_that_the_image_lacks_is_said():
    assert "DECY" in words(convert(CorrectedImage="ATTN"), "decay_correction")


@pytest.mark.parametrize("units", ["BQML", "GML", "CNTS"])
def test_no_decay_correction_is_refused_in_every_unit(units):
    with pytest.raises(SuvError, match="DecayCorrection is 'NONE'"):
        convert(Units=units, DecayCorrection="NONE", PhilipsSUVScaleFactor="0.0005")


# The meaning of GML


@pytest.mark.parametrize("kind", ["", "BW", "bw ", None])
def test_gml_by_weight(kind):
    found = convert(Units="GML", **({} if kind is None else {"SUVType": kind}))
    assert found.bw == 1.0
    assert found.audit.warnings == ()


@pytest.mark.parametrize(
    ("kind", "sex", "mass"),
    [
        ("LBMJAMES128", "F", 1.07 * 64 - 148 * (64 / 158) ** 2),
        ("LBMJAMES128", "M", 1.10 * 64 - 128 * (64 / 158) ** 2),
        ("LBMJANMA", "F", 9270 * 64 / (8780 + 244 * 64 / 1.58**2)),
        ("LBMJANMA", "M", 9270 * 64 / (6680 + 216 * 64 / 1.58**2)),
        ("IBW", "F", 45.5 + 0.91 * 6),
        ("IBW", "M", 48.0 + 1.06 * 6),
        ("LBM", "F", 1.07 * 64 - 148 * (64 / 158) ** 2),
    ],
)
def test_gml_of_another_kind_is_converted_and_said(kind, sex, mass):
    found = convert(Units="GML", SUVType=kind, PatientSex=sex)
    assert found.bw == pytest.approx(64 / mass)
    assert kind in words(found, "suv_type")
    assert UsedTag("(0054,1006)", "SUVType", kind) in found.audit.tags


def test_the_case_of_the_issue():
    assert convert(Units="GML", SUVType="LBMJAMES128").bw == pytest.approx(1.448, abs=5e-4)
    assert lean_body_mass_janmahasatian(64, 158, "F") == pytest.approx(39.459, abs=0.001)
    assert ideal_body_weight(158, "F") == pytest.approx(50.96)


@pytest.mark.parametrize("kind", ["BSA", "LBMX", "LBMJAMES120", "SUL", "BW\\LBM"])
def test_gml_of_an_unclear_kind_is_refused_by_its_tag(kind):
    with pytest.raises(SuvError, match=r"\(0054,1006\) SUVType") as caught:
        convert(Units="GML", SUVType=kind)
    assert caught.value.code == "suv.type"


def test_plain_lean_body_mass_of_a_man_is_refused_with_both_readings():
    with pytest.raises(SuvError, match="128 and with 120"):
        convert(Units="GML", SUVType="LBM", PatientSex="M")


@pytest.mark.parametrize("men", [128.0, 120.0])
def test_philips_factors_tell_which_lean_body_mass_a_man_has(men):
    mass = lean_body_mass(64, 158, "M", men)
    activity = 1.5
    factor = activity * mass * 1000 / (64_000 / FACTOR)
    found = convert(
        Units="GML", SUVType="LBM", PatientSex="M", PhilipsSUVScaleFactor=f"{factor:.8g}",
        PhilipsActivityConcentrationScaleFactor=str(activity),
    )  # fmt: skip
    assert found.bw == pytest.approx(64 / mass)
    assert f"with {men:g}" in words(found, "suv_type")


@pytest.mark.parametrize(
    ("missing", "tag"), [("PatientWeight", "0010,1030"), ("PatientSize", "0010,1020"), ("PatientSex", "0010,0040")]
)
@pytest.mark.parametrize("kind", ["LBMJAMES128", "LBMJANMA", "IBW", "LBM"])
def test_a_conversion_without_what_it_needs_is_refused(missing, tag, kind):
    with pytest.raises(SuvError, match=tag):
        convert(missing, Units="GML", SUVType=kind)
    assert convert(missing, Units="GML").bw == 1.0


# Philips


@pytest.mark.parametrize("written", ["0", "0.0", "", "NaN", "-1", "none", None])
def test_philips_activity_factor_stands_in(written):
    given = {} if written is None else {"PhilipsSUVScaleFactor": written}
    found = convert(Units="CNTS", PhilipsActivityConcentrationScaleFactor="1.5", **given)
    assert found.bw == pytest.approx(1.5 * FACTOR)
    assert bool(words(found, "philips_factor")) == bool(written)


def test_philips_factors_that_both_fail_are_refused():
    for given in (
        {},
        {"PhilipsSUVScaleFactor": "0"},
        {"PhilipsSUVScaleFactor": "0", "PhilipsActivityConcentrationScaleFactor": "0"},
    ):
        with pytest.raises(SuvError, match=r"\(7053,1000\)"):
            convert(Units="CNTS", **given)


def test_philips_factors_that_disagree_are_said():
    activity = {"PhilipsActivityConcentrationScaleFactor": "1.5"}
    agreed = convert(Units="CNTS", PhilipsSUVScaleFactor=f"{1.5 * FACTOR:.6g}", **activity)
    assert agreed.audit.warnings == ()
    found = convert(Units="CNTS", PhilipsSUVScaleFactor="0.0008", **activity)
    assert found.bw == 0.0008
    assert "(7053,1009)" in words(found, "philips_factor")
    alone = convert(Units="CNTS", PhilipsSUVScaleFactor="0.0008", PhilipsActivityConcentrationScaleFactor="0")
    assert words(alone, "philips_factor") == ""


# The tracer


@pytest.mark.parametrize("name", ["Solution", "F-18", "Other", "FDG", None])
@pytest.mark.parametrize(
    "code", ["C-B1031 Fluorodeoxyglucose F^18^", "35321007 Fluorodeoxyglucose F^18^", "C-B1031", "C-B1031 Glucose"]
)
def test_fdg_by_its_code(name, code):
    from dmdp.applicability.assess import is_fdg

    without = () if name else ("Radiopharmaceutical",)
    found = convert(*without, RadiopharmaceuticalCode=code, **({"Radiopharmaceutical": name} if name else {}))
    assert is_fdg(found.audit.tracer)
    assert bool(words(found, "tracer")) == (name in ("Solution", "F-18", "Other"))


def test_a_tracer_with_another_name_than_its_code_is_not_fdg():
    from dmdp.applicability.assess import is_fdg

    for name, code in (("FLT", TAGS["RadiopharmaceuticalCode"]), ("FDG", "C-B1032 Sodium fluoride F^18^")):
        found = convert(Radiopharmaceutical=name, RadiopharmaceuticalCode=code)
        assert not is_fdg(found.audit.tracer)
        assert words(found, "tracer")
    assert names_another("18F-FLT")
    assert not names_another("Solution")


def test_a_header_without_a_tracer():
    assert convert(*NAMED).audit.tracer is None
    assert convert("RadiopharmaceuticalCode", Radiopharmaceutical="Solution").audit.tracer == "Solution"
