"""PET series whose headers are damaged as public reports tell: the SUV of the whole study stays right, or is refused by name.

Each maker changes the slices of the simulated patient, whose SUVbw is 64 kg × 1000 / (350 MBq × 2^(−3600 s / 6586.2 s)).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pydicom
import pytest
from dmdp.applicability.assess import _acquisition
from dmdp.dicom.suv import suv_factors
from dmdp.dicom.suv.header import pet_header
from dmdp.errors import DicomError, SuvError
from dmdp.intake.load import load_pair, load_pet
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

FACTOR = 64_000 / (350e6 * 2 ** (-3600 / 6586.2))
Change = Callable[[pydicom.Dataset], None]


def drug(header: pydicom.Dataset) -> pydicom.Dataset:
    return header.RadiopharmaceuticalInformationSequence[0]


def set_all(**values) -> Change:
    """Sets elements of the series, or (``drug_…``) of its radiopharmaceutical; None removes one."""

    def change(header):
        for name, value in values.items():
            target = drug(header) if name.startswith("drug_") else header
            name = name.removeprefix("drug_")
            if value is None:
                if name in target:
                    delattr(target, name)
            else:
                setattr(target, name, value)

    return change


def raw(header: pydicom.Dataset, keyword: str, vr: str, value: bytes) -> None:
    """Put bytes into an element as a careless program wrote them."""
    tag = Tag(keyword)
    header._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)


def philips(block: int, factor: str | None, activity: str | None, creator: str | None = "Philips PET Private Group") -> Change:
    """Counts with Philips' private factors in a block of group 7053."""

    def change(header):
        header.Units, header.Manufacturer = "CNTS", "Philips"
        if block != 0x10:
            header.add_new(0x70530010, "LO", "Somebody else")
            header.add_new(0x70531000, "LO", "not a factor")
        if creator:
            header.add_new(0x70530000 | block, "LO", creator)
        for low, value in ((0x00, factor), (0x09, activity)):
            if value is not None:
                header.add_new(0x70530000 | block << 8 | low, "DS", value)

    return change


@pytest.fixture
def pet(study_copy):
    """``pet(change)`` applies a change to every slice of the PET and gives its folder."""

    def changed(change: Change):
        for path in sorted((study_copy / "pet").glob("*.dcm")):
            header = pydicom.dcmread(path)
            change(header)
            header.save_as(path)
        return study_copy / "pet"

    return changed


def over_midnight(header: pydicom.Dataset) -> None:
    """Begun at 23:55, an hour after the injection; the upper half follows after midnight, and no date was moved on."""
    header.SeriesTime = "235500"
    header.AcquisitionTime = "235500" if float(header.ImagePositionPatient[2]) < 0 else "000500"
    drug(header).RadiopharmaceuticalStartDateTime = "20200101225500"
    drug(header).RadiopharmaceuticalStartTime = "225500"


DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
CASES = {
    "series-time-before-scan": (set_all(SeriesTime="093000", FrameReferenceTime="59937"), 1.0, "reference_time"),
    "acquisition-datetime-only": (
        set_all(AcquisitionDate=None, AcquisitionTime=None, AcquisitionDateTime="20200101100000", SeriesTime="113000"),
        1.0,
        "acquisition_datetime",
    ),
    "injection-time-in-utc": (
        set_all(drug_RadiopharmaceuticalStartDateTime="20200101080000.000000+0000", TimezoneOffsetFromUTC="+0100"),
        1.0,
        "time_zone",
    ),
    "dose-in-mbq": (set_all(drug_RadionuclideTotalDose="350"), 1.0, "dose"),
    "half-life-in-minutes": (set_all(drug_RadionuclideHalfLife="109.77"), 1.0, "half_life"),
    "weight-in-grams": (set_all(PatientWeight="64000"), 1.0, "weight"),
    "philips-suv-factor-zero": (philips(0x10, "0", "1.5"), 1.5, "philips_factor"),
    "philips-block-elsewhere": (philips(0x11, "0.0005", "1.5"), 0.0005 / FACTOR, "philips_factor"),
    "philips-block-far": (philips(0xE0, None, "1.5"), 1.5, None),
    "philips-block-without-creator": (philips(0x10, "0", "1.5", creator=None), 1.5, "philips_factor"),
    "injection-date-anonymised": (set_all(drug_RadiopharmaceuticalStartDateTime="19000101090000"), 1.0, "dates"),
    "tracer-solution": (set_all(drug_Radiopharmaceutical="Solution"), 1.0, "tracer"),
    "dates-removed-times-kept": (
        set_all(**dict.fromkeys(DATES, ""), drug_RadiopharmaceuticalStartDateTime=None),
        1.0,
        "dates",
    ),
    "corrected-image-absent": (set_all(CorrectedImage=None, AttenuationCorrectionMethod="measured,CT"), 1.0, "attenuation"),
    "corrected-image-absent-alone": (set_all(CorrectedImage=None), 1.0, "attenuation"),
    "corrected-image-empty": (set_all(CorrectedImage=""), 1.0, "attenuation"),
    "corrected-image-brackets": (lambda header: raw(header, "CorrectedImage", "CS", b"[]"), 1.0, "attenuation"),
    "corrected-image-of-a-list": (lambda header: raw(header, "CorrectedImage", "CS", b"['DECY', 'ATTN']"), 1.0, None),
    "corrected-image-commas": (lambda header: raw(header, "CorrectedImage", "CS", b"DECY,ATTN "), 1.0, None),
    "over-midnight-in-one-date": (over_midnight, 1.0, "dates"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_factor_is_right_and_the_reading_is_said(pet, name):
    change, scale, code = CASES[name]
    audit = load_pet(pet(change)).suv_audit
    assert audit.factors["SUVbw"] == pytest.approx(scale * FACTOR, rel=1e-4)
    assert audit.uptake_minutes == 60
    assert "fluorodeoxyglucose" in audit.tracer.lower()
    assert code is None or code in {warning.code for warning in audit.warnings}
    assert list(_acquisition(audit)) == []  # neither tracer nor uptake asks for caution


def test_a_long_acquisition_keeps_its_uptake(pet):
    audit = load_pet(pet(set_all(SeriesTime="090000", ActualFrameDuration="600000", FrameReferenceTime="3900000"))).suv_audit
    assert audit.factors["SUVbw"] == pytest.approx(64_000 / 350e6)
    assert audit.uptake_minutes == 60
    assert list(_acquisition(audit)) == []


def test_an_injection_just_after_the_start(pet):
    change = set_all(
        SeriesTime="090000", AcquisitionTime="090000", ActualFrameDuration="3600000", FrameReferenceTime="1700000",
        drug_RadiopharmaceuticalStartDateTime="20200101090030", drug_RadiopharmaceuticalStartTime="090030",
    )  # fmt: skip
    audit = load_pet(pet(change)).suv_audit
    assert audit.factors["SUVbw"] == pytest.approx(64_000 / (350e6 * 2 ** (30 / 6586.2)))
    assert audit.uptake_minutes == 0


def test_several_tracers_beside_stored_suv_are_said(pet):
    def change(header):
        second = copy.deepcopy(drug(header))
        second.RadionuclideTotalDose = "100000000"
        header.RadiopharmaceuticalInformationSequence.append(second)
        header.Units, header.RescaleSlope = "GML", f"{float(header.RescaleSlope) * FACTOR:.8g}"

    audit = load_pet(pet(change)).suv_audit
    assert audit.factors["SUVbw"] == 1
    assert "2 different radiopharmaceuticals" in next(w.text for w in audit.warnings if w.code == "several_tracers")


def test_stored_suv_by_lean_body_mass_becomes_suv_by_weight(pet, simulated_study):
    def change(header):
        header.Units, header.SUVType = "GML", "LBMJAMES128"
        header.RescaleSlope = f"{float(header.RescaleSlope) * FACTOR * 44.1969 / 64:.10g}"

    patient, _study = simulated_study
    found = load_pet(pet(change))
    assert found.suv_audit.factors["SUVbw"] == pytest.approx(64 / 44.1969, rel=1e-4)
    assert found.pet.array.max() == pytest.approx(patient.pet.array.max(), rel=1e-3)


def test_numbers_with_decimal_commas(pet):
    def change(header):
        raw(header, "PatientWeight", "DS", b"64,0")
        raw(drug(header), "RadionuclideTotalDose", "DS", b"350,0 ")
        raw(drug(header), "RadionuclideHalfLife", "DS", b"6586,2")

    audit = load_pet(pet(change)).suv_audit
    assert audit.factors["SUVbw"] == pytest.approx(FACTOR)
    said = " ".join(warning.text for warning in audit.warnings)
    assert all(text in said for text in ("'64,0'", "'350,0'", "'6586,2'"))


def test_the_command_shows_what_was_read_how(pet, dmdp_command):
    folder = pet(set_all(drug_RadionuclideTotalDose="350", SeriesTime="093000", FrameReferenceTime="59937", DecayFactor="1.0063"))
    shown = dmdp_command("suv", folder)
    assert shown.returncode == 0, shown.stderr
    for words in ("taken as MBq", "Reference time 10:00:00", "30 min apart", "DecayFactor = 1.0063", "Uptake 60 min"):
        assert words in shown.stdout
    audit = json.loads(dmdp_command("suv", folder, "--json").stdout)
    assert audit["decay_factor"] == "1.0063"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_all(drug_RadionuclideHalfLife="1223"), r"\(0018,1075\)"),
        (set_all(drug_RadionuclideTotalDose="25"), r"\(0018,1074\)"),
        (set_all(PatientWeight="0"), r"\(0010,1030\)"),
        (set_all(Units="GML", SUVType="BSA"), r"\(0054,1006\)"),
        (
            set_all(drug_RadiopharmaceuticalStartDateTime="20200101080000Z", drug_RadiopharmaceuticalStartTime=None),
            r"\(0008,0201\)",
        ),
        (lambda h: h.RadiopharmaceuticalInformationSequence.append(_other(h)), r"\(0054,0016\)"),
        (lambda h: setattr(h, "PatientWeight", 60 + h.InstanceNumber % 2), r"PatientWeight differs"),
        (lambda h: setattr(drug(h), "RadionuclideTotalDose", 3.5e8 + h.InstanceNumber % 2), r"\(0054,0016\).*differs"),
        (philips(0x11, None, None), r"\(7053,1000\)"),
    ],
)  # fmt: skip
def test_what_has_no_one_reading_is_refused_by_its_tag(pet, change, words):
    with pytest.raises(SuvError, match=words) as caught:
        load_pet(pet(change))
    assert caught.value.expected
    assert caught.value.remedy


def _other(header):
    second = pydicom.Dataset()
    second.update(drug(header))
    second.RadionuclideTotalDose = 1e8
    return second


def test_the_same_radiopharmaceutical_twice_is_one(pet):
    def change(header):
        header.RadiopharmaceuticalInformationSequence.append(pydicom.Dataset())
        header.RadiopharmaceuticalInformationSequence.append(drug(header))

    assert load_pet(pet(change)).suv_audit.factors["SUVbw"] == pytest.approx(FACTOR)


def test_a_missing_attenuation_tag_is_no_correction_where_the_header_says_so(pet):
    change = set_all(CorrectedImage=None, AttenuationCorrectionMethod="NONE")
    with pytest.raises(DicomError, match="AttenuationCorrectionMethod is 'NONE'"):
        load_pet(pet(change))
    change = set_all(AttenuationCorrectionMethod=None, SeriesDescription="WB PET NAC")
    with pytest.raises(DicomError, match="SeriesDescription"):
        load_pet(pet(change))


def test_a_series_that_is_known_to_be_corrected_is_preferred(study_copy, simulated_study):
    for path in sorted((simulated_study[1] / "pet").glob("*.dcm")):
        header = pydicom.dcmread(path)
        header.SeriesInstanceUID += ".9"
        header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = f"{header.SOPInstanceUID}.9"
        header.SeriesInstanceUID = f"1.{header.SeriesInstanceUID}"[:60]  # sorts first
        header.SeriesNumber = 1
        del header.CorrectedImage
        header.save_as(study_copy / "pet" / f"unknown_{path.name}")
    assert "series 3" in load_pet(study_copy / "pet").notes[0].split(", not")[0]
    assert "PT series 3" in load_pair(study_copy, study_copy).notes[0]


def age_of(folder) -> tuple[float | None, str]:
    loaded = load_pet(folder)
    return loaded.header.age, " ".join(loaded.notes)


@pytest.mark.parametrize(
    ("stated", "born", "age"),
    [
        ("", "19500101", 70), ("", "19500102", 69), (None, "1950-06-01", 69), ("", "1950.01.01", 70), ("", "19000101", None),
        ("", "20210101", None), ("", "", None), ("", "unknown", None), ("070Y", "19800101", 70), ("840M", "", 70),
        ("old", "19500101", 70), ("000Y", "19500101", 70),
    ],
)  # fmt: skip
def test_the_age_comes_from_the_birth_date_where_it_is_not_stated(pet, stated, born, age):
    def change(header):
        set_all(PatientAge=None)(header)
        if stated is not None:
            raw(header, "PatientAge", "AS", stated.encode())
        raw(header, "PatientBirthDate", "DA", born.encode())

    found, notes = age_of(pet(change))
    assert found == age
    assert ("birth date" in notes) == (age is not None and stated not in ("070Y", "840M"))
    assert "1950" not in notes


def test_the_headers_are_gathered_as_they_are(pet):
    folder = pet(set_all(DecayFactor="1.0063"))
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(folder.glob("*.dcm"))]
    header = pet_header(headers)
    assert len(header.frames) == 1
    assert header.tags["PatientWeight"] == "64.0"
    assert suv_factors(header).bw == pytest.approx(FACTOR)
