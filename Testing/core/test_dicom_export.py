"""A result as DICOM objects, read back: the same voxels in the same place, the same numbers, and nobody's name elsewhere."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess

import highdicom as hd
import numpy as np
import pydicom
import pytest
from dmdp import RESEARCH_USE_ONLY
from dmdp.evidence import DEMONSTRATION
from dmdp.images.files import read_mask, read_volume
from dmdp.report.dicom.codes import MEASURES
from dmdp.report.export import export_result
from pydicom.datadict import keyword_for_tag

MAPS = ("ct_encoder", "pet_encoder", "fused_fusion")
UNITS = {"g/ml": "g/ml{SUVbw}", "ml": "ml", "g": "g"}


@pytest.fixture(scope="module")
def exported(predicted, simulated_study, tmp_path_factory):
    """The folder with the objects of ``result``."""
    out = tmp_path_factory.mktemp("dicom") / "out"
    export_result(predicted, out, ct=simulated_study[1], pet=simulated_study[1])
    return out


def document(folder) -> dict:
    return json.loads((folder / "prediction.json").read_text(encoding="utf-8"))


def voxels(path, segment: int, geometry) -> np.ndarray:
    """A segment as bool (z, y, x) on ``geometry``, each frame put where its position says (0.05 mm)."""
    dataset = pydicom.dcmread(path)
    frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    found = np.zeros(geometry.shape, bool)
    assert frames.shape[1:] == geometry.shape[1:]
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for frame, groups in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        identified = groups.get("SegmentIdentificationSequence") or shared.SegmentIdentificationSequence
        if identified[0].ReferencedSegmentNumber != segment:
            continue
        position = [float(v) for v in groups.PlanePositionSequence[0].ImagePositionPatient]
        index = geometry.to_index(position)
        assert np.abs(geometry.to_lps(np.round(index)) - position).max() < 0.05
        assert np.round(index)[1:].tolist() == [0, 0]
        found[int(np.round(index[0]))] = frame
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
    assert [float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing] == pytest.approx(geometry.spacing[1:], abs=1e-4)
    return found


def numbers(group) -> dict[tuple[str, str | None], tuple[float, str]]:
    """(concept, derivation) → (value, unit) of a measurement group, codes as (scheme value)."""
    found = {}
    for item in group.get_measurements():
        derivation = item.derivation.value if item.derivation else None
        found[item.name.value, derivation] = (item.value, item.unit.value)
    return found


def comments(group) -> list[str]:
    return [item.value for item in group[0].ContentSequence if item.name.value == "121106"]


def test_the_lesion_on_the_pet_is_the_mask(exported, predicted, simulated_study):
    patient, _ = simulated_study
    mask, _ = read_mask(predicted / "lesion_pet.nii.gz")
    assert (voxels(exported / "segmentation_pet.dcm", 1, patient.pet.geometry) == mask).all()
    segmentation = hd.seg.segread(exported / "segmentation_pet.dcm")
    assert segmentation.number_of_segments == 1
    assert segmentation.get_segment_description(1).segmented_property_type.meaning == "Neoplasm"
    volume = segmentation.get_volume(combine_segments=True)
    first = patient.pet.geometry.to_lps((np.flatnonzero(mask.any(axis=(1, 2)))[0], 0, 0))
    corners = volume.affine[:3, 3], volume.affine[:3] @ [volume.shape[0] - 1, 0, 0, 1]
    assert min(np.abs(corner - first).max() for corner in corners) < 0.01
    assert volume.array.sum() == mask.sum()


def test_lesion_and_regions_on_the_ct(exported, predicted, simulated_study):
    patient, _ = simulated_study
    geometry = patient.ct.geometry
    mask, _ = read_mask(predicted / "lesion_ct.nii.gz")
    assert (voxels(exported / "segmentation_ct.dcm", 1, geometry) == mask).all()
    regions = read_volume(predicted / "regions.nii.gz", "1")
    segmentation = hd.seg.segread(exported / "segmentation_ct.dcm")
    carried = np.zeros(geometry.shape)
    for number in range(2, segmentation.number_of_segments + 1):
        code = segmentation.get_segment_description(number).segmented_property_type
        assert (code.scheme_designator, code.value[:3]) == ("99DMDP", "REG")
        found = voxels(exported / "segmentation_ct.dcm", number, geometry)
        assert found.any()
        assert not carried[found].any()
        carried[found] = int(code.value[3:])
    index = regions.geometry.to_index(geometry.to_lps(np.moveaxis(np.indices(geometry.shape), 0, -1)))
    right = np.zeros(geometry.shape, bool)
    for tie in itertools.product((-1e-3, 1e-3), repeat=3):  # a centre between two voxels may fall to either
        nearest = np.floor(index + 0.5 + tie).astype(int)
        inside = np.all((nearest >= 0) & (nearest < regions.array.shape), axis=-1)
        expected = np.zeros(geometry.shape)
        expected[inside] = regions.array[tuple(nearest[inside].T)]
        right |= carried == expected
    assert right.all()


def test_the_report_holds_the_measurements(exported, predicted):
    told = document(predicted)
    report = hd.sr.srread(exported / "report.dcm")
    group = report.content.get_volumetric_roi_measurement_groups()[0]
    found = numbers(group)
    for measure in MEASURES:
        feature = told["features"][measure.feature]
        value, unit = found[measure.name.value, measure.derivation.value if measure.derivation else None]
        assert value == feature["value"], measure.feature
        assert unit == UNITS[feature["unit"]]
    assert found["126401", "56851009"] == (told["features"]["suv_max"]["value"], "g/ml{SUVbw}")
    assert len(found) == len(MEASURES)
    segment = pydicom.dcmread(exported / "segmentation_pet.dcm", stop_before_pixels=True)
    assert group.referenced_segment.referenced_sop_instance_uid == segment.SOPInstanceUID
    assert group.tracking_uid == segment.SegmentSequence[0].TrackingUID
    assert RESEARCH_USE_ONLY in comments(group)


def test_the_report_holds_the_prediction(exported, predicted):
    told = document(predicted)
    report = hd.sr.srread(exported / "report.dcm")
    groups = report.content.get_image_measurement_groups()
    assert len(groups) == len(told["tasks"])
    for (name, task), group in zip(told["tasks"].items(), groups, strict=True):
        found = numbers(group)
        assert found[f"P-{name.upper()}", None] == (task["probability"], "1")
        assert [found[code, None][0] for code in ("LOW90", "HIGH90")] == task["interval"]
        assert {item.name.scheme_designator for item in group.get_measurements()} == {"99DMDP"}
        items = group[0].ContentSequence
        algorithm = {item.name.value: item.value for item in items if item.name.value in ("111001", "111003")}
        assert f"{algorithm['111001']} {algorithm['111003']}" == task["model"]
        verdict = {item.name.value: item.value.meaning for item in group.get_qualitative_evaluations()}
        assert verdict["APPLICABILITY"] == "Applicable with caution"
        assert verdict["ANSWER"].lower() == task["set"]
        said = " ".join(comments(group))
        assert RESEARCH_USE_ONLY in said
        assert told["applicability"]["reasons"][0]["found"] in said
        assert f"n = {task['n']}" in said


def test_outside_there_is_a_verdict_and_no_number(predicted_copy, simulated_study, tmp_path):
    told = document(predicted_copy)
    told["applicability"]["reasons"].append({"code": "x", "found": "A kidney.", "expected": "a lung", "level": "outside"})
    (predicted_copy / "prediction.json").write_text(json.dumps(told), encoding="utf-8")
    export_result(predicted_copy, tmp_path / "out", ct=simulated_study[1], pet=simulated_study[1])
    for group in hd.sr.srread(tmp_path / "out" / "report.dcm").content.get_image_measurement_groups():
        assert group.get_measurements() == []
        evaluations = group.get_qualitative_evaluations()
        assert [e.value.value for e in evaluations if e.name.scheme_designator == "99DMDP"] == ["APPL-OUTSIDE"]
        assert "A kidney." in " ".join(comments(group))


@pytest.mark.parametrize("place", MAPS)
def test_a_map_is_the_heatmap_and_nothing_beyond_its_crop(exported, predicted, place):
    heatmap = read_volume(predicted / f"heatmap_EGFR_{place}.nii.gz", "1")
    dataset = pydicom.dcmread(exported / f"heatmap_EGFR_{place}.dcm")
    values = np.frombuffer(dataset.FloatPixelData, "<f4").reshape(-1, dataset.Rows, dataset.Columns)
    assert values.shape == heatmap.geometry.shape
    slices = set()
    for frame, groups in zip(values, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        position = [float(v) for v in groups.PlanePositionSequence[0].ImagePositionPatient]
        z = round(float(heatmap.geometry.to_index(position)[0]))
        assert position == pytest.approx(heatmap.geometry.to_lps((z, 0, 0)), abs=1e-3)
        assert (frame == heatmap.array[z]).all()
        slices.add(z)
    assert slices == set(range(heatmap.geometry.shape[0]))
    shared = dataset.SharedFunctionalGroupsSequence[0]
    measures = shared.PixelMeasuresSequence[0]
    spacing = [float(v) for v in (measures.SpacingBetweenSlices, *measures.PixelSpacing)]
    assert spacing == pytest.approx(heatmap.geometry.spacing, abs=1e-4)
    mapping = shared.RealWorldValueMappingSequence[0]
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1.0, 0.0)
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "1"
    assert DEMONSTRATION.label in dataset.ImageComments[0].lower() + dataset.ImageComments[1:]
    assert RESEARCH_USE_ONLY in dataset.ImageComments
    assert dataset.ContentQualification == "RESEARCH"
    volume = hd.imread(exported / f"heatmap_EGFR_{place}.dcm").get_volume(dtype=np.float32)
    assert volume.array.sum(axis=(1, 2)).tolist() in [
        order.sum(axis=(1, 2)).tolist() for order in (heatmap.array, heatmap.array[::-1])
    ]


def test_a_map_says_how_it_was_made_and_of_what_network(predicted_copy, simulated_study, tmp_path):
    told = document(predicted_copy)
    label = "network trained on a cohort, n = 90, not validated elsewhere; shows the network, not the biology"
    told["network"].update(demonstration=False, label=label)
    (predicted_copy / "prediction.json").write_text(json.dumps(told), encoding="utf-8")
    for place in ("sim_margin_fused_fusion", "sim_margin_ct_occlusion"):
        shutil.copy(predicted_copy / "heatmap_EGFR_ct_encoder.nii.gz", predicted_copy / f"heatmap_{place}.nii.gz")
    export_result(predicted_copy, tmp_path / "out", ("map",), ct=simulated_study[1], pet=simulated_study[1])
    made = {p.stem: pydicom.dcmread(p) for p in (tmp_path / "out").glob("heatmap_*.dcm")}
    for name, expected in (
        ("heatmap_sim_margin_fused_fusion", ("130403", "DCM", "GRADCAM")),
        ("heatmap_sim_margin_ct_occlusion", ("OCCLUSION", "99DMDP", "OCCLUSION")),
    ):
        dataset = made[name]
        mapping = dataset.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
        (quantity,) = (item.ConceptCodeSequence[0] for item in mapping.QuantityDefinitionSequence)
        assert (quantity.CodeValue, quantity.CodingSchemeDesignator, mapping.LUTLabel) == expected
        schemes = {item.CodingSchemeDesignator for item in dataset.get("CodingSchemeIdentificationSequence", ())}
        assert ("99DMDP" in schemes) == (expected[1] == "99DMDP")
        assert dataset.ContentDescription == "Research use only: not validated elsewhere"
        assert dataset.ImageComments.startswith(f"N{label[1:]}.")
        assert "does not explain the low answer" in dataset.ImageComments
        for text in (dataset.SeriesDescription, dataset.ContentDescription, dataset.ImageComments):
            assert "emonstration" not in text
    assert made["heatmap_sim_margin_ct_occlusion"].SeriesDescription == "Research use only: network map sim margin ct occlusion"
    assert "Gradient" not in str(made["heatmap_sim_margin_ct_occlusion"])


def test_objects_belong_to_the_study_and_say_research_use_only(exported, simulated_study):
    _, study = simulated_study
    source = {m: pydicom.dcmread(next((study / m).glob("*.dcm")), stop_before_pixels=True) for m in ("ct", "pet")}
    uids = set()
    for path in exported.glob("*.dcm"):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        for keyword in ("PatientID", "PatientName", "PatientSex", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
            assert dataset.get(keyword) == source["pet"].get(keyword), (path.name, keyword)
        if dataset.Modality != "SR":
            assert dataset.FrameOfReferenceUID == source["pet"].FrameOfReferenceUID
        assert dataset.SeriesDescription.startswith("Research use only")
        uids |= {dataset.SOPInstanceUID, dataset.SeriesInstanceUID}
    assert len(uids) == 2 * len(list(exported.glob("*.dcm")))
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids)
    on_pet = pydicom.dcmread(exported / "segmentation_pet.dcm", stop_before_pixels=True)
    assert on_pet.ReferencedSeriesSequence[0].SeriesInstanceUID == source["pet"].SeriesInstanceUID


def test_the_same_result_gives_the_same_bytes(exported, predicted, simulated_study, tmp_path):
    export_result(predicted, tmp_path / "again", ct=simulated_study[1] / "ct", pet=simulated_study[1] / "pet")
    for path in exported.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_names_of_any_script_stay_in_their_place_and_free_text_stays_behind(predicted, study_copy, tmp_path, capfd):
    for path in study_copy.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.SpecificCharacterSet = "GB18030"
        dataset.PatientName = "Wang^XiaoDong=王^小东"
        dataset.PatientComments = dataset.AdditionalPatientHistory = "XiaoDong, 王, lives at"
        dataset.PatientSex = "W"
        for keyword in ("StudyID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientBirthDate"):
            delattr(dataset, keyword)
        dataset.save_as(path)
    export_result(predicted, tmp_path / "out", ct=study_copy, pet=study_copy)
    for path in (tmp_path / "out").glob("*.dcm"):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        assert str(dataset.PatientName) == "Wang^XiaoDong=王^小东"
        holding = {keyword_for_tag(e.tag) for e in dataset.iterall() if e.VR != "SQ" and "XiaoDong" in str(e.value)}
        assert holding == {"PatientName"}
    assert "XiaoDong" not in (tmp_path / "out" / "export.json").read_text(encoding="utf-8") + "".join(capfd.readouterr())


if shutil.which("dciodvfy"):  # dicom3tools; an outside checker that not every machine has

    def test_the_validator_finds_no_error(exported):
        for path in exported.glob("*.dcm"):
            said = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, errors="replace")
            errors = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]
            assert errors == [], path.name
