"""What cannot be written costs its own format: the others leave, and each that does not says why."""

from __future__ import annotations

import json
import sys

import pydicom
import pytest
from dmdp.errors import DmdpError, InputError, MissingPackage, OutputError
from dmdp.report.export import export_result
from dmdp.report.formats import FORMATS


def without_maps(result):
    for path in result.glob("heatmap_*.nii.gz"):
        path.unlink()
    return result


def test_a_missing_package_costs_one_format(predicted, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    outcome = export_result(predicted, tmp_path / "out", ["html", "pdf", "csv"])
    assert [item.path.name for item in outcome] == ["report.html", "features.csv", "ct_features.csv"]
    (left,) = outcome.not_written
    assert left.format == "pdf"
    assert isinstance(left.reason, MissingPackage)
    listed = json.loads((tmp_path / "out" / "export.json").read_text(encoding="utf-8"))
    assert listed["schema"] == 2
    assert [(item["format"], item["reason"]["code"]) for item in listed["not_written"]] == [("pdf", "package.missing")]


def test_no_heatmaps_cost_the_maps(predicted_copy, simulated_study, tmp_path):
    study = simulated_study[1]
    outcome = export_result(without_maps(predicted_copy), tmp_path / "out", ["sr", "map"], ct=study, pet=study)
    assert {item.path.name for item in outcome} == {"segmentation_pet.dcm", "report.dcm"}
    assert [item.format for item in outcome.not_written] == ["map"]
    assert "no network was run" in outcome.not_written[0].reason.found
    with pytest.raises(InputError, match="no network was run"):
        export_result(predicted_copy, tmp_path / "maps", ["map"], ct=study, pet=study)
    assert not (tmp_path / "maps").exists()


def test_images_that_are_not_dicom_cost_the_dicom_formats(predicted, tmp_path):
    outcome = export_result(predicted, tmp_path / "out", list(FORMATS))
    assert {item.format for item in outcome} == {"html", "pdf", "json", "csv"}
    assert [(item.format, item.reason.code) for item in outcome.not_written] == [
        (name, "export.not_dicom") for name in ("seg", "sr", "map")
    ]


def test_series_of_another_patient_cost_the_dicom_formats_and_leave_no_object(predicted, study_copy, tmp_path):

    for path in (study_copy / "pet").glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.RescaleSlope = float(dataset.RescaleSlope) * 2
        dataset.save_as(path)
    outcome = export_result(predicted, tmp_path / "out", ["json", "seg", "sr"], ct=study_copy, pet=study_copy)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"prediction.json", "export.json"}
    assert [item.format for item in outcome.not_written] == ["seg", "sr"]


def test_an_object_that_cannot_be_made_leaves_none_of_its_kind(predicted, simulated_study, tmp_path, monkeypatch):
    def unfit(*_arguments, **_more):
        return pydicom.Dataset().PatientName  # as a library that misses an attribute

    monkeypatch.setattr("dmdp.report.dicom.parametric_map.parametric_map", unfit)
    study = simulated_study[1]
    outcome = export_result(predicted, tmp_path / "out", ["json", "seg", "map"], ct=study, pet=study)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"prediction.json", "export.json"}
    assert [(item.format, item.reason.code) for item in outcome.not_written] == [
        ("seg", "export.header"),
        ("map", "export.header"),
    ]


def test_an_error_of_our_own_is_not_called_a_header(predicted, simulated_study, tmp_path, monkeypatch):
    def wrong(*_arguments, **_more):
        raise ValueError("of our own")

    monkeypatch.setattr("dmdp.report.dicom.parametric_map.parametric_map", wrong)
    with pytest.raises(ValueError, match="of our own"):
        export_result(predicted, tmp_path / "out", ["map"], ct=simulated_study[1], pet=simulated_study[1])


def test_where_nothing_can_be_written_every_reason_is_told(predicted, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    with pytest.raises(DmdpError) as refused:
        export_result(predicted, tmp_path / "out", ["pdf", "sr"])
    assert "reportlab" in refused.value.found
    assert "no DICOM series" in refused.value.found
    assert refused.value.exit_code == 3
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(DmdpError) as refused:
        export_result(predicted, tmp_path / "out", ["pdf", "sr", "seg"], ct=tmp_path, pet=tmp_path)
    assert refused.value.exit_code == 7
    assert "reportlab" in refused.value.found
    assert "highdicom" in refused.value.found
    assert not (tmp_path / "out").exists()


def test_the_command_writes_what_it_can(predicted_copy, dmdp_command, tmp_path, monkeypatch):
    blocked = tmp_path / "blocked" / "reportlab"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ImportError('damaged')\n")
    monkeypatch.syspath_prepend(str(blocked.parent))
    done = dmdp_command("export", predicted_copy, "--format", "pdf", "--format", "csv", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "features.csv: PET features" in done.stdout
    assert "not written, pdf: The Python package 'reportlab'" in done.stdout
    assert "pip install 'dmdp[pdf]'" in done.stdout
    done = dmdp_command("export", predicted_copy, "--format", "pdf", "--out", tmp_path / "none")
    assert done.returncode == 7
    assert "Traceback" not in done.stderr
    monkeypatch.setenv("DMDP_IN_SLICER", "1")
    done = dmdp_command("export", predicted_copy, "--format", "pdf", "--format", "csv", "--out", tmp_path / "out")
    assert "slicer.util.pip_install('reportlab')" in done.stdout
    assert "dmdp[" not in done.stdout


def test_what_others_put_into_an_earlier_export_stays(predicted, tmp_path):
    out = tmp_path / "out"
    export_result(predicted, out, ["html", "json"])
    (out / "letter.odt").write_text("Dear colleague")
    (out / "notes").mkdir()
    (out / "notes" / "a.txt").write_text("a")
    export_result(predicted, out, ["csv", "json"])
    assert {path.name for path in out.iterdir()} == {
        "export.json", "prediction.json", "features.csv", "ct_features.csv", "letter.odt", "notes",
    }  # fmt: skip
    assert (out / "notes" / "a.txt").read_text() == "a"
    (out / "report.html").write_text("mine")
    with pytest.raises(OutputError, match=r"'report\.html' lies in"):
        export_result(predicted, out, ["html"])
    assert (out / "report.html").read_text() == "mine"
    assert (out / "features.csv").exists()
