"""A result leaves as files: those that were asked for, all or none, and with a reason where it cannot be."""

from __future__ import annotations

import json
import sys

import numpy as np
import pydicom
import pytest
from dmdp import RESEARCH_USE_ONLY
from dmdp.errors import DicomError, GeometryError, InputError, LesionError, MissingPackage, OutputError, UsageError
from dmdp.images.files import read_mask, write_mask
from dmdp.report.export import export_result
from dmdp.report.formats import DICOM_FORMATS, FORMATS, obstacle
from dmdp_training.simulate import simulate_patient, write_patient

MAPS = [f"heatmap_{task}_{place}.dcm" for task in ("EGFR", "subtype") for place in ("ct_encoder", "fused_fusion", "pet_encoder")]


@pytest.mark.parametrize(
    ("formats", "files"),
    [
        (["html", "json", "csv"], ["report.html", "prediction.json", "features.csv", "ct_features.csv"]),
        (["sr"], ["segmentation_pet.dcm", "report.dcm"]),  # the report refers to the segment
        (["seg"], ["segmentation_pet.dcm", "segmentation_ct.dcm"]),
        (["map", "json"], ["prediction.json", *MAPS]),
    ],
)
def test_it_writes_what_was_asked_for_and_lists_it(predicted, simulated_study, tmp_path, formats, files):
    study = simulated_study[1] if set(formats) & set(DICOM_FORMATS) else None
    written = export_result(predicted, tmp_path / "out", formats, ct=study, pet=study)
    assert [item.path for item in written] == [tmp_path / "out" / file for file in files]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"export.json", *files}
    listed = json.loads((tmp_path / "out" / "export.json").read_text(encoding="utf-8"))
    assert listed["research_use_only"] == RESEARCH_USE_ONLY
    assert [(item["file"], item["sop_instance_uid"]) for item in listed["files"]] == [(i.path.name, i.uid) for i in written]
    for item in written:
        if item.path.suffix == ".dcm":
            assert pydicom.dcmread(item.path, stop_before_pixels=True).SOPInstanceUID == item.uid
        else:
            assert item.path.read_bytes() == (predicted / item.path.name).read_bytes()


def test_progress_runs_to_its_end(predicted, simulated_study, tmp_path):
    told = []
    study = simulated_study[1]
    export_result(predicted, tmp_path / "out", ct=study, pet=study, progress=lambda share, words: told.append((share, words)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert "finding the PET series" in [words for _, words in told]


def test_obstacles_are_told_before_anything_is_read(simulated_study, tmp_path, monkeypatch):
    study = simulated_study[1]
    assert [obstacle(name, study, study) for name in FORMATS] == [None] * len(FORMATS)
    assert obstacle("csv") is None
    assert "no DICOM series" in str(obstacle("sr"))
    assert "ct.nrrd" in str(obstacle("seg", _touched(tmp_path / "ct.nrrd"), study))
    assert obstacle("map", study, tmp_path / "gone").code == "path.missing"
    with pytest.raises(UsageError, match="'docx' is no export format"):
        obstacle("docx")
    monkeypatch.setitem(sys.modules, "highdicom", None)
    assert "dmdp[dicom]" in str(obstacle("sr", study, study))


def _touched(path):
    path.write_bytes(b"")
    return path


def shift(dataset):
    dataset.ImagePositionPatient = [float(dataset.ImagePositionPatient[0]) + 5.0, *dataset.ImagePositionPatient[1:]]


def brighten(dataset):
    dataset.RescaleIntercept = float(dataset.RescaleIntercept) + 1.0


def drop_frame(dataset):
    del dataset.FrameOfReferenceUID


def drop_study(dataset):
    del dataset.StudyInstanceUID


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        (shift, GeometryError, "export.other_grid"),
        (brighten, InputError, "export.other_images"),
        (drop_frame, DicomError, "export.no_frame"),
        (drop_study, DicomError, "export.header"),
    ],
)
def test_series_that_the_result_was_not_made_from_are_refused(predicted, study_copy, tmp_path, change, error, code):
    for path in (study_copy / "ct").glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)
    with pytest.raises(error) as refused:
        export_result(predicted, tmp_path / "out", ct=study_copy, pet=study_copy)
    assert refused.value.code == code
    assert "SIMULATED" not in str(refused.value)
    assert {path.name for path in tmp_path.iterdir()} == {"study"}


@pytest.mark.parametrize(
    ("modality", "which", "code"),
    [("ct", 0, "export.other_grid"), ("pet", -1, "export.other_grid"), ("ct", 20, "dicom.no_ct"), ("pet", 9, "dicom.no_pet")],
)
def test_missing_files_are_refused(predicted, study_copy, tmp_path, modality, which, code):
    sorted((study_copy / modality).glob("*.dcm"))[which].unlink()
    with pytest.raises(InputError, match="slices") as refused:
        export_result(predicted, tmp_path / "out", ct=study_copy, pet=study_copy)
    assert refused.value.code == code
    assert {path.name for path in tmp_path.iterdir()} == {"study"}


def test_another_patients_series_are_refused(predicted, simulated_study, tmp_path):
    other = write_patient(simulate_patient(8), tmp_path / "other")
    for ct, pet in ((other, simulated_study[1]), (simulated_study[1], other)):
        with pytest.raises(InputError) as refused:
            export_result(predicted, tmp_path / "out", ct=ct, pet=pet)
        assert refused.value.code in ("export.other_images", "export.other_grid")
        assert not (tmp_path / "out").exists()


def test_a_pet_that_came_as_suv_is_known_by_its_uptake(predicted_copy, simulated_study, tmp_path):
    told = json.loads((predicted_copy / "prediction.json").read_text(encoding="utf-8"))
    told["suv_audit"], told["hashes"]["pet_suv_voxels"] = None, "0" * 64
    for share, accepted in ((1.00001, True), (1.001, False)):
        changed = json.loads(json.dumps(told))
        changed["features"]["suv_mean"]["value"] *= share
        (predicted_copy / "prediction.json").write_text(json.dumps(changed), encoding="utf-8")
        if accepted:
            assert export_result(predicted_copy, tmp_path / "out", ["sr"], ct=simulated_study[1], pet=simulated_study[1])
        else:
            with pytest.raises(InputError, match="not those that the result was computed from"):
                export_result(predicted_copy, tmp_path / "out", ["sr"], ct=simulated_study[1], pet=simulated_study[1])


def test_image_files_are_refused_with_the_reason(predicted, simulated_study, tmp_path):
    with pytest.raises(DicomError, match=r"neither the study's identifiers nor its frame of reference") as refused:
        export_result(predicted, tmp_path / "out", ct=simulated_study[1] / "lesion_ct.nii.gz", pet=simulated_study[1])
    assert refused.value.code == "export.not_dicom"
    assert not list(tmp_path.iterdir())


def test_a_changed_contour_is_refused(predicted_copy, tmp_path):
    mask, geometry = read_mask(predicted_copy / "lesion_pet.nii.gz")
    write_mask(predicted_copy / "lesion_pet.nii.gz", np.roll(mask, 1, axis=0), geometry)
    with pytest.raises(LesionError, match="Predict again"):
        export_result(predicted_copy, tmp_path / "out", ["csv"])


@pytest.mark.parametrize("content", [None, "{}", '{"schema": 99}', "[1]"])
def test_other_folders_are_no_result(content, tmp_path):
    if content:
        (tmp_path / "prediction.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        export_result(tmp_path, tmp_path / "out", ["csv"])
    assert refused.value.code == "export.no_result"


def test_a_result_without_ct_regions_has_one_table(predicted_copy, tmp_path):
    (predicted_copy / "ct_features.csv").unlink()
    assert [item.path.name for item in export_result(predicted_copy, tmp_path / "out", ["csv"])] == ["features.csv"]


def test_a_result_that_lacks_a_file_says_which(predicted_copy, tmp_path):
    (predicted_copy / "report.html").unlink()
    with pytest.raises(InputError, match=r"lacks 'report\.html'"):
        export_result(predicted_copy, tmp_path / "out", ["html"])
    assert not (tmp_path / "out").exists()


def test_without_highdicom_it_says_how_to_get_it(predicted, simulated_study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(MissingPackage, match=r"dmdp\[dicom\]"):
        export_result(predicted, tmp_path / "out", ct=simulated_study[1], pet=simulated_study[1])


def test_a_place_that_cannot_be_written_is_refused(predicted, tmp_path):
    _touched(tmp_path / "file")  # what a read-only folder is to a user who is not root
    with pytest.raises(OutputError) as refused:
        export_result(predicted, tmp_path / "file" / "out", ["csv"])
    assert refused.value.code == "output.unwritable"


def test_foreign_files_are_not_replaced(predicted, tmp_path):
    kept = _touched(tmp_path / "letter.odt")
    with pytest.raises(OutputError, match="not a result of this program"):
        export_result(predicted, tmp_path, ["csv"])
    assert list(tmp_path.iterdir()) == [kept]


def test_a_failure_on_the_way_leaves_the_former_export(predicted, simulated_study, tmp_path, monkeypatch):
    study, out = simulated_study[1], tmp_path / "out"
    export_result(predicted, out, ["json"])

    def full(*_arguments, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dmdp.report.dicom.parametric_map.parametric_map", full)
    with pytest.raises(OutputError, match="No space left"):
        export_result(predicted, out, ct=study, pet=study)
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert {path.name for path in out.iterdir()} == {"export.json", "prediction.json"}


def test_the_command_exports_what_the_job_was_made_from(predicted, simulated_study, dmdp_command, tmp_path):
    done = dmdp_command("export", predicted, "--format", "json", "--format", "sr", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert RESEARCH_USE_ONLY in done.stdout
    assert "report.dcm: DICOM structured report" in done.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"export.json", "prediction.json", "segmentation_pet.dcm", "report.dcm"}
    refused = dmdp_command("export", predicted, "--ct", simulated_study[1] / "lesion_ct.nii.gz", "--out", tmp_path / "no")
    assert refused.returncode == 3
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "no").exists()
