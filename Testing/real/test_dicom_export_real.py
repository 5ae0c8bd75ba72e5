"""DICOM objects of ACRIN-NSCLC-FDG-PET-042: JPEG-LS series, slices that are 0.02 mm off, free text in headers."""

from __future__ import annotations

import json

import highdicom as hd
import numpy as np
import pydicom
import pytest
from dmdp import RESEARCH_USE_ONLY
from dmdp.commands.predict import DEFAULT_MODELS, DEMONSTRATION
from dmdp.dicom.series import discover
from dmdp.images.files import read_mask, read_volume
from dmdp.intake.row import PatientRow
from dmdp.jobs.job import Job
from dmdp.report.export import export_result
from dmdp.workflow import predict_to_folder

SEED = (-41.8, -14.7, -121.3)

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory):
    """The result folder and the folder of its DICOM objects."""
    study, folder = data("acrin_nsclc_042"), tmp_path_factory.mktemp("acrin")
    models = (*DEFAULT_MODELS, DEMONSTRATION)
    predict_to_folder(PatientRow(ct=study, pet=study, seed=SEED), models, folder / "result", Job("predict", {}, None), "cpu")
    export_result(folder / "result", folder / "dicom", ct=study / "ct", pet=study)
    return folder / "result", folder / "dicom"


def frames_by_slice(dataset, series, segment: int) -> dict[int, np.ndarray]:
    """Slice number in the source series → frame of a segment; each frame names its source slice and has its exact position."""
    positions = {str(h.SOPInstanceUID): (z, [float(v) for v in h.ImagePositionPatient]) for z, h in enumerate(series.headers)}
    shared, found = dataset.SharedFunctionalGroupsSequence[0], {}
    for frame, groups in zip(dataset.pixel_array, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        identified = groups.get("SegmentIdentificationSequence") or shared.SegmentIdentificationSequence
        if identified[0].ReferencedSegmentNumber == segment:
            source = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
            z, position = positions[source]
            assert [float(v) for v in groups.PlanePositionSequence[0].ImagePositionPatient] == pytest.approx(position, abs=1e-4)
            found[z] = frame
    return found


@pytest.mark.parametrize(("name", "folder"), [("pet", "pet_ac"), ("ct", "ct")])
def test_the_lesion_is_the_mask_on_the_slices_it_names(exported, data, name, folder):
    result, dicom = exported
    mask, _ = read_mask(result / f"lesion_{name}.nii.gz")
    series = discover(data("acrin_nsclc_042") / folder).series[0]
    frames = frames_by_slice(pydicom.dcmread(dicom / f"segmentation_{name}.dcm"), series, 1)
    assert set(frames) == set(np.flatnonzero(mask.any(axis=(1, 2))))
    assert all((frames[z] == mask[z]).all() for z in frames)


def test_the_measurements_are_those_of_the_contracts(exported):
    result, dicom = exported
    told = json.loads((result / "prediction.json").read_text(encoding="utf-8"))
    report = hd.sr.srread(dicom / "report.dcm")
    group = report.content.get_volumetric_roi_measurement_groups()[0]
    found = {(m.name.value, m.derivation.value if m.derivation else None): m for m in group.get_measurements()}
    assert found["126401", "56851009"].value == told["features"]["suv_max"]["value"] == pytest.approx(42.2, abs=0.05)
    assert found["126401", "56851009"].unit.value == "g/ml{SUVbw}"
    assert found["126032", None].value == pytest.approx(62.9, abs=0.1)
    assert found["126032", None].unit.value == "ml"
    for task, tasks in zip(told["tasks"].values(), report.content.get_image_measurement_groups(), strict=True):
        assert tasks.get_measurements()[0].value == task["probability"]
        said = " ".join(item.value for item in tasks[0].ContentSequence if item.name.value == "121106")
        assert "Scanned 159 min" in said
        assert RESEARCH_USE_ONLY in said


def test_maps_lie_where_the_heatmaps_do(exported):
    result, dicom = exported
    for path in dicom.glob("heatmap_*.dcm"):
        heatmap = read_volume(result / f"{path.stem}.nii.gz", "1")
        dataset = pydicom.dcmread(path)
        values = np.frombuffer(dataset.FloatPixelData, "<f4").reshape(heatmap.geometry.shape)
        for frame, groups in zip(values, dataset.PerFrameFunctionalGroupsSequence, strict=True):
            position = [float(v) for v in groups.PlanePositionSequence[0].ImagePositionPatient]
            index = heatmap.geometry.to_index(position)
            assert index == pytest.approx(np.round(index), abs=1e-3)
            assert (frame == heatmap.array[round(float(index[0]))]).all()


def test_objects_carry_the_study_and_leave_the_history_behind(exported, data):
    source = pydicom.dcmread(data("acrin_nsclc_042") / "pet_ac" / "001.dcm", stop_before_pixels=True)
    assert source.AdditionalPatientHistory
    for path in exported[1].glob("*.dcm"):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "PatientIdentityRemoved"):
            assert dataset.get(keyword) == source.get(keyword)
        if dataset.Modality != "SR":
            assert dataset.FrameOfReferenceUID == source.FrameOfReferenceUID
        assert "AdditionalPatientHistory" not in dataset
        named = [e.keyword for e in dataset.iterall() if e.VR != "SQ" and str(source.PatientName) in str(e.value)]
        assert set(named) == {"PatientName", "PatientID"}
