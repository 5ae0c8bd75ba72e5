"""Masks mean what was meant: labels, named segments, probabilities, and files that have lost their place."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
from dmdp.cli import main
from dmdp.errors import InputError, LesionError, UsageError
from dmdp.images.files import to_sitk, write_mask
from dmdp.images.volume import Geometry
from dmdp.intake.load import load_mask
from dmdp.intake.masks import read_segment
from dmdp.intake.prepare import COLD_NOTE
from dmdp.intake.row import PatientRow
from dmdp.intake.table import read_table
from scipy import ndimage

GRID = Geometry.from_spacing((20, 24, 28), (3.0, 2.0, 2.0), (-20.0, -30.0, 5.0))
LIGHT = "setting:\n  binWidth: 25\n{more}imageType:\n  Original: {{}}\nfeatureClass:\n  firstorder:\n    - Mean\n"


def box(low: int, high: int) -> np.ndarray:
    mask = np.zeros(GRID.shape, bool)
    mask[low:high, low:high, low:high] = True
    return mask


ORGAN, TUMOUR = box(2, 15), box(6, 10)
LABELS = np.where(TUMOUR, 2, ORGAN.astype(np.uint8)).astype(np.uint8)


def saved(path, array, geometry=GRID):
    sitk.WriteImage(to_sitk(array, geometry), str(path))
    return path


def slicer_file(path, array, fields, vector=False):
    """A segmentation as 3D Slicer writes it."""
    image = to_sitk(array, GRID) if not vector else sitk.GetImageFromArray(array, isVector=True)
    if vector:
        image.CopyInformation(to_sitk(array[..., 0].copy(), GRID))
    for key, value in fields.items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path))
    return path


def named(*rows) -> dict[str, str]:
    fields = {}
    for number, (name, value, layer) in enumerate(rows):
        fields |= {
            f"Segment{number}_ID": f"Segment_{number + 1}",
            f"Segment{number}_Name": name,
            f"Segment{number}_LabelValue": str(value),
            f"Segment{number}_Layer": str(layer),
        }
    return fields


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("suffix", ["nii.gz", "nrrd", "mha"])
def test_several_labels_are_listed_and_one_is_chosen(tmp_path, suffix, kind):
    path = saved(tmp_path / f"m.{suffix}", LABELS.astype(kind))
    with pytest.raises(LesionError) as caught:
        load_mask(path, GRID)
    assert caught.value.code == "mask.several_segments"
    assert caught.value.exit_code == 3
    assert f"1, {int((LABELS == 1).sum())} voxels" in caught.value.found
    assert "2, 64 voxels" in caught.value.found
    for wanted in (2, "2"):
        mask, notes = load_mask(path, GRID, wanted)
        assert np.array_equal(mask.array, TUMOUR)
        assert notes == ()
    with pytest.raises(LesionError, match=r"no segment called '3'; it holds 1, .*; 2, 64 voxels") as caught:
        load_mask(path, GRID, 3)
    assert caught.value.code == "mask.segment"


def test_one_label_needs_no_name_whatever_its_number(tmp_path):
    path = saved(tmp_path / "m.nii.gz", TUMOUR.astype(np.uint8) * 255)
    assert np.array_equal(load_mask(path, GRID)[0].array, TUMOUR)
    assert np.array_equal(load_mask(path, GRID, "255")[0].array, TUMOUR)
    with pytest.raises(LesionError, match="no segment called '1'"):
        load_mask(path, GRID, 1)


def test_segments_of_slicer_go_by_their_names(tmp_path):
    path = slicer_file(tmp_path / "m.seg.nrrd", LABELS, named(("Liver", 1, 0), ("Tumour ä", 2, 0), ("nothing", 3, 0)))
    with pytest.raises(LesionError, match=r"1 \(Liver\)") as caught:
        load_mask(path, GRID)
    assert "Tumour" in caught.value.found
    for wanted in ("Tumour ä", "tumour Ä", "2", 2):
        assert np.array_equal(load_mask(path, GRID, wanted)[0].array, TUMOUR)
    with pytest.raises(LesionError, match="empty"):
        load_mask(path, GRID, "nothing")
    only = slicer_file(tmp_path / "one.seg.nrrd", np.where(TUMOUR, 2, 0).astype(np.uint8), named(("Liver", 1, 0), ("T", 2, 0)))
    assert np.array_equal(load_mask(only, GRID)[0].array, TUMOUR)


def test_overlapping_segments_of_slicer_lie_in_layers(tmp_path):
    layers = np.stack([ORGAN, TUMOUR], axis=-1).astype(np.uint8)
    path = slicer_file(tmp_path / "m.seg.nrrd", layers, named(("Organ", 1, 0), ("Tumour", 1, 1)), vector=True)
    assert np.array_equal(load_mask(path, GRID, "Tumour")[0].array, TUMOUR)
    assert np.array_equal(load_mask(path, GRID, "Organ")[0].array, ORGAN)
    with pytest.raises(LesionError, match="2 segments called '1'"):
        load_mask(path, GRID, 1)
    with pytest.raises(InputError, match="2 values in each voxel"):
        load_mask(slicer_file(tmp_path / "plain.nrrd", layers, {}, vector=True), GRID)


def test_probabilities_are_taken_from_one_half_and_said(tmp_path):
    smooth = ndimage.gaussian_filter(TUMOUR.astype(np.float32), 1)
    path = saved(tmp_path / "m.nii.gz", smooth)
    mask, notes = load_mask(path, GRID)
    assert np.array_equal(mask.array, smooth >= 0.5)
    assert len(notes) == 1
    assert "probabilities" in notes[0]
    assert str(int((smooth >= 0.5).sum())) in notes[0]
    assert np.array_equal(load_mask(path, GRID, 1)[0].array, mask.array)
    with pytest.raises(LesionError, match=r"none above 0\.3"):
        load_mask(saved(tmp_path / "low.nii.gz", (smooth * 0.3 / smooth.max()).astype(np.float32)), GRID)
    for factor in (100.0, 2.5):
        with pytest.raises(InputError, match="not whole numbers") as caught:
            load_mask(saved(tmp_path / "percent.nii.gz", (smooth * factor).astype(np.float32)), GRID)
        assert caught.value.code == "mask.values"
    with pytest.raises(InputError, match="not whole numbers"):
        load_mask(saved(tmp_path / "logits.nii.gz", (smooth * 8 - 4).astype(np.float32)), GRID)


def test_an_image_given_as_a_mask_is_suspected(tmp_path):
    image = np.random.default_rng(0).integers(-1000, 3000, GRID.shape).astype(np.int16)
    with pytest.raises(LesionError, match=r"and \d+ more\. Perhaps it is an image") as caught:
        load_mask(saved(tmp_path / "ct.nii.gz", image), GRID)
    assert len(caught.value.found) < 800


def test_ones_that_are_not_quite_one_are_labels(tmp_path):
    mask, notes = load_mask(saved(tmp_path / "m.nrrd", TUMOUR * np.float32(0.99999)), GRID)
    assert np.array_equal(mask.array, TUMOUR)
    assert notes == ()


@pytest.mark.parametrize("turned", [False, True])
def test_a_mask_that_has_lost_its_place_is_noticed(tmp_path, turned):
    array = TUMOUR.transpose(2, 1, 0) if turned else TUMOUR
    sitk.WriteImage(sitk.GetImageFromArray(np.ascontiguousarray(array.astype(np.uint8))), str(tmp_path / "m.nii.gz"))
    _, notes = load_mask(tmp_path / "m.nii.gz", Geometry.from_spacing(GRID.shape, (3.0, 2.0, 2.0), (-10.0, -10.0, 0.0)))
    assert any("saved without its header" in note for note in notes)


def test_a_mask_of_another_order_of_axes_is_none_the_worse(tmp_path):
    image = sitk.PermuteAxes(to_sitk(TUMOUR.astype(np.uint8), GRID), [2, 0, 1])
    sitk.WriteImage(image, str(tmp_path / "m.nii.gz"))
    mask, notes = load_mask(tmp_path / "m.nii.gz", GRID)
    assert np.array_equal(mask.array, TUMOUR)
    assert not any("header" in note for note in notes)


def test_a_segment_without_a_mask_is_a_mistake():
    with pytest.raises(UsageError, match="no mask"):
        PatientRow.of({"ct": "c", "pet": "p", "seed": "1,2,3", "segment": "Tumour"})
    assert PatientRow.of({"ct": "c", "pet": "p", "mask": "m", "segment": 2}).segment == "2"
    assert PatientRow.of({"ct": "c", "pet": "p", "mask": "m", "segment": ""}).segment is None


def test_a_column_of_a_batch_chooses(tmp_path):
    (tmp_path / "c.csv").write_text("id,ct,pet,mask,segment\np1,a,b,m.nii.gz,Tumour\np2,a,b,m.nii.gz,\n", encoding="utf-8")
    first, second = (row.arguments() for row in read_table(tmp_path / "c.csv").rows)
    assert first["segment"] == "Tumour"
    assert "segment" not in second


@pytest.fixture
def study(simulated_study, tmp_path):
    """``run(mask, *words)`` measures the simulated study with a mask: (exit code, features by region and name)."""
    folder = simulated_study[1]

    def run(mask, *words):
        out = tmp_path / "f.csv"
        out.unlink(missing_ok=True)
        code = main([str(w) for w in ("features", "--ct", folder, "--pet", folder, "--mask", mask, *words, "--out", out)])
        rows = [line.split(",") for line in out.read_text().splitlines() if line[0] != "#"] if out.exists() else []
        return code, {(row[0], row[1]): row[2] for row in rows}

    (tmp_path / "light.yaml").write_text(LIGHT.format(more=""), encoding="utf-8")
    (tmp_path / "label2.yaml").write_text(LIGHT.format(more="  label: 2\n"), encoding="utf-8")
    return run


def test_the_label_of_a_parameter_file_is_the_tumour(study, simulated_study, tmp_path, capsys):
    patient, _ = simulated_study
    lesion, grid = patient.lesion_ct.array, patient.ct.geometry
    z, y, x = np.argwhere(lesion).mean(axis=0).astype(int)
    labels = np.zeros(lesion.shape, np.uint8)
    labels[z - 12 : z + 12, y - 25 : y + 25, x - 25 : x + 25] = 1
    labels[lesion] = 2
    mask = write_mask(tmp_path / "mask.nii.gz", labels, grid)
    code, found = study(mask, "--profile", tmp_path / "label2.yaml")
    assert code == 0
    assert float(found["PET", "MTV_3"]) == pytest.approx(lesion.sum() * grid.voxel_ml, rel=0.01)
    assert float(found["tumour", "original_firstorder_Mean"]) == pytest.approx(13.1, abs=0.1)
    code, other = study(mask, "--profile", tmp_path / "label2.yaml", "--segment", "1")
    assert (code, float(other["PET", "MTV_3"]) > 600) == (0, True)
    capsys.readouterr()
    code, found = study(mask, "--profile", tmp_path / "light.yaml")
    assert (code, found) == (3, {})
    assert "holds 2 segments: 1, " in capsys.readouterr().err


def test_a_contour_in_air_is_said_to_lie_there(study, simulated_study, tmp_path, capsys):
    patient, _ = simulated_study
    sitk.WriteImage(sitk.GetImageFromArray(patient.lesion_ct.array.astype(np.uint8)), str(tmp_path / "mask.nii.gz"))
    code, _ = study(tmp_path / "mask.nii.gz", "--profile", tmp_path / "light.yaml")
    shown = capsys.readouterr().out
    assert code == 0
    assert COLD_NOTE in shown
    assert "saved without its header" in shown
    good = write_mask(tmp_path / "good.nii.gz", patient.lesion_ct.array, patient.ct.geometry)
    assert study(good, "--profile", tmp_path / "light.yaml")[0] == 0
    shown = capsys.readouterr().out
    assert COLD_NOTE not in shown
    assert "header (origin" not in shown


def test_probabilities_reach_the_table_at_one_half(study, simulated_study, tmp_path, capsys):
    patient, _ = simulated_study
    smooth = ndimage.gaussian_filter(patient.lesion_ct.array.astype(np.float32), 3)
    sitk.WriteImage(to_sitk(smooth, patient.ct.geometry), str(tmp_path / "mask.nii.gz"))
    code, found = study(tmp_path / "mask.nii.gz", "--profile", tmp_path / "light.yaml")
    assert code == 0
    assert float(found["PET", "MTV_3"]) == pytest.approx(9.2, abs=0.3)
    assert "765 voxels of 0.5 or more" in capsys.readouterr().out


def test_a_job_takes_the_segment_too(simulated_study, tmp_path, dmdp_command):
    patient, folder = simulated_study
    mask = write_mask(tmp_path / "mask.nii.gz", np.where(patient.lesion_ct.array, 2, 0) + 0, patient.ct.geometry)
    arguments = {"ct": str(folder), "pet": str(folder), "mask": str(mask), "segment": "7"}
    job = {"schema": 1, "command": "predict", "arguments": arguments, "out": str(tmp_path / "out")}
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")
    done = dmdp_command("run-job", tmp_path / "job.json")
    assert done.returncode == 3
    assert json.loads(done.stdout.strip().splitlines()[-1].removeprefix("FAILED "))["code"] == "mask.segment"


def test_an_empty_file_holds_no_segment(tmp_path):
    mask, notes = read_segment(saved(tmp_path / "m.nrrd", np.zeros(GRID.shape, np.uint8)))
    assert not mask
    assert mask.geometry.same_grid(GRID)
    assert notes == ()
