"""Numbers of DICOM headers as careless programs write them: read in the one way that they can be meant, or found out."""

from __future__ import annotations

import math

import pydicom
import pytest
from dmdp.dicom.numbers import POSITIVE, Limits, first_text, read_number, read_numbers
from dmdp.errors import DicomError
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag


def raw(keyword: str | int, value: bytes, vr: str | None = "DS") -> Dataset:
    """A header with one element as bytes, as it comes from a file; without ``vr`` as in implicit transfer syntax."""
    header = Dataset()
    tag = Tag(keyword)
    header._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, vr is None, True)
    return header


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (b"1.5", 1.5), (b" 1.5 ", 1.5), (b"1.5\0", 1.5), (b"1.", 1.0), (b".5", 0.5), (b"+2", 2.0), (b"3.5e8", 3.5e8),
        (b"3.5E+08", 3.5e8), (b"-1024", -1024.0), (b"0", 0.0), (b"00064", 64.0),
    ],
)  # fmt: skip
def test_plain_numbers(written, number):
    found = read_number(raw("RescaleSlope", written), "RescaleSlope")
    assert (found.value, found.finding, found.note) == (number, None, "")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (b"64,0", 64.0), (b"0,125", 0.125), (b"64,", 64.0), (b",5", 0.5), (b"3,5E8", 3.5e8), (b"1,23456", 1.23456),
        (b"350,000,000", 3.5e8), (b"350.000.000", 3.5e8), (b"1.234,5", 1234.5), (b"1,234.5", 1234.5), (b"-0,5", -0.5),
        (b"1.234.567,5", 1234567.5),
    ],
)  # fmt: skip
def test_commas_with_one_reading_are_read_and_said(written, number):
    found = read_number(raw("RescaleSlope", written), "RescaleSlope")
    assert (found.value, found.finding) == (number, None)
    assert written.decode() in found.note
    assert "(0028,1053) RescaleSlope" in found.note


def test_a_comma_with_two_readings_is_refused_unless_the_limits_decide():
    header = raw("RescaleSlope", b"4,073")
    assert read_number(header, "RescaleSlope").finding.code == "ambiguous"
    assert "4.073 or 4073" in read_number(header, "RescaleSlope").finding.found
    assert read_number(header, "RescaleSlope", Limits(0, 50)).value == 4.073
    assert read_number(header, "RescaleSlope", Limits(1000, 5000)).value == 4073


def test_a_comma_with_two_readings_is_decided_by_the_other_values():
    header = raw("ImagePositionPatient", b"-94,123\\22,5\\18,375")
    assert read_numbers(header, "ImagePositionPatient", 3).values == (-94.123, 22.5, 18.375)
    assert read_numbers(raw("PixelSpacing", b"4,0\\4,0 "), "PixelSpacing", 2, POSITIVE).values == (4.0, 4.0)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (b"", "empty"), (b"  ", "empty"), (b"n/a", "text"), (b"64 kg", "text"), (b"1_000", "text"), (b"0x10", "text"),
        (b"1.0D+2", "text"), (b"--1", "text"), (b"nan", "not_finite"), (b"-NaN", "not_finite"), (b"inf", "not_finite"),
        (b"1.#IND", "not_finite"), (b"1e999", "not_finite"), (b"0", "zero"), (b"0.000", "zero"), (b"-1", "range"),
        (b"1\\2", "several"), (b"1\\1", "several"), (b"1\\", "several"), (b"1,0,0", "text"), (b"\xb2", "text"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("vr", ["DS", None, "LO", "UN"])
def test_what_is_no_number_is_one_finding_with_tag_and_value(written, code, vr):
    found = read_number(raw("RescaleSlope", written, vr), "RescaleSlope", POSITIVE)
    assert found.value is None
    assert found.finding.code == code
    assert found.finding.found.startswith("(0028,1053) RescaleSlope ")
    assert "positive number" in found.finding.expected


def test_a_missing_element_and_a_header_as_a_mapping():
    assert read_number(Dataset(), "RescaleSlope").finding.code == "missing"
    assert read_number({}, "PatientWeight").finding.found == "(0010,1030) PatientWeight is missing."
    assert read_number({"PatientWeight": 70.5}, "PatientWeight").value == 70.5
    assert read_number({"PatientWeight": math.nan}, "PatientWeight").finding.code == "not_finite"
    assert read_number({"PatientWeight": None}, "PatientWeight").finding.code == "empty"
    assert read_number({"PatientWeight": [70, 71]}, "PatientWeight").finding.code == "several"


def test_limits_hold_and_are_said():
    limits = Limits(20, 300)
    assert read_number({"PatientWeight": 300}, "PatientWeight", limits).value == 300
    assert "from 20 to 300" in read_number({"PatientWeight": 301}, "PatientWeight", limits).finding.expected
    assert "2 values" in read_numbers({"PixelSpacing": "4"}, "PixelSpacing", 2, POSITIVE).finding.expected
    assert "not 0" in read_number({"RescaleSlope": 0}, "RescaleSlope", Limits(-1, 1, zero=False)).finding.expected


def test_binary_numbers_and_private_elements():
    header = raw("Rows", b"\x80\x00", "US")
    assert read_number(header, "Rows").value == 128
    header.add_new(0x70531000, "DS", "0.5")
    assert read_number(header, 0x70531000, name="PhilipsSUVScaleFactor").value == 0.5
    assert read_number(raw(0x70531000, b"0.5 ", "UN"), 0x70531000, name="X").value == 0.5
    found = read_number(header, 0x70531009, name="PhilipsActivity").finding
    assert found.found == "(7053,1009) PhilipsActivity is missing."


def test_a_whole_number_with_decimals_is_said():
    assert read_number(raw("ActualFrameDuration", b"120000.0", "IS"), "ActualFrameDuration").note == ""
    found = read_number(raw("ActualFrameDuration", b"120000.5", "IS"), "ActualFrameDuration")
    assert found.value == 120000.5
    assert "120000.5" in found.note


def test_values_are_cut_made_printable_and_withheld_where_they_identify():
    long = read_number(raw("RescaleSlope", b"x" * 500), "RescaleSlope").finding
    assert len(long.found) < 100
    assert "\x1b" not in read_number(raw("RescaleSlope", b"\x1b[31m"), "RescaleSlope").finding.found
    secret = read_number(raw("PatientID", b"Secret^Name", "LO"), "PatientID").finding
    assert "Secret" not in secret.found
    assert "withheld" in secret.found


def test_a_finding_becomes_the_refusal_of_its_reader():
    error = read_number({}, "PixelSpacing").finding.error(DicomError, "dicom.spacing", "Export it again.")
    assert isinstance(error, DicomError)
    assert (error.code, error.remedy) == ("dicom.spacing", "Export it again.")
    assert "PixelSpacing is missing" in error.found


def test_elements_survive_a_file(tmp_path):
    header = raw("PixelSpacing", b"4,0\\4,0 ")
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    header.save_as(tmp_path / "a.dcm", enforce_file_format=False)
    found = pydicom.dcmread(tmp_path / "a.dcm", force=True)
    assert read_numbers(found, "PixelSpacing", 2).values == (4.0, 4.0)
    assert first_text(found, "PixelSpacing") == "4,0"
    assert first_text(found, "Units") == ""


def test_text_is_read_in_the_character_set_of_the_file(tmp_path):
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.Radiopharmaceutical = "フルデオキシグルコース"
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    header.save_as(tmp_path / "a.dcm", enforce_file_format=False)
    found = pydicom.dcmread(tmp_path / "a.dcm", force=True)
    assert first_text(found, "Radiopharmaceutical") == "フルデオキシグルコース"
