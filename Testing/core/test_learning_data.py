"""What training reads: the cohort file, folds of patients, crops, and changes that keep the answer."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from dmdp.errors import Cancelled, InputError, MissingPackage
from dmdp.images.files import write_mask, write_volume
from dmdp.intake.row import PatientRow
from dmdp.patients.case import Clinical
from dmdp_training.commands.simulate import COMMAND as SIMULATE
from dmdp_training.learning.augment import NONE, Augmentation, augment_images, augment_values
from dmdp_training.learning.cohort_csv import read_cohort
from dmdp_training.learning.crops import _key, read_examples
from dmdp_training.learning.examples import label_array, spread, standardisation
from dmdp_training.learning.folds import inner_split, patient_folds, stratum
from dmdp_training.learning.simulated import simulated_example
from dmdp_training.simulate.cohort import draw_truth, simulate_hard_patient
from dmdp_training.simulate.labels import SIMULATED_ENDPOINTS

HEADER = "patient,ct,pet,mask,pet_mask,ct_mask,seed,pet_is_suv,age,sex,smoking,site,EGFR,subtype\n"


def table(folder, *rows, header=HEADER):
    (folder / "ct").mkdir(exist_ok=True)
    (folder / "pet").mkdir(exist_ok=True)
    (folder / "m.nii.gz").touch()
    path = folder / "cohort.csv"
    path.write_text(header + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_cohort_with_gaps(tmp_path):
    path = table(
        tmp_path,
        "a,ct,pet,m.nii.gz,,,,,61,F,never,north,1,",
        "b,ct,,,,m.nii.gz,,,,,,,wild type,squamous cell carcinoma",
        ",,,,,,,,,,,,,",
        'c,ct,pet,,,,"1, 2.5 -3",yes,Unknown,M,unknown,south,Not collected,0',
    )
    a, b, c = read_cohort(path, ("EGFR", "subtype"))
    assert (a.labels, a.clinical, a.site, a.mask) == ({"EGFR": 1}, Clinical(61.0, "F", "never"), "north", tmp_path / "m.nii.gz")
    assert (b.labels, b.pet, b.ct_mask.name) == ({"EGFR": 0, "subtype": 1}, None, "m.nii.gz")
    assert (c.labels, c.seed, c.pet_is_suv, c.clinical) == ({"subtype": 0}, (1.0, 2.5, -3.0), True, Clinical(None, "M", None))
    assert read_cohort(path, ("EGFR",), values=("age",))[0].values == {"age": 61.0}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a,ct,nowhere,m.nii.gz,,,,,,,,,1,", "Row 2, column 'pet'"),
        ("a,,,m.nii.gz,,,,,,,,,1,", "column 'ct'"),
        ("a,ct,pet,,,,,,,,,,1,", "no lesion"),
        ("a,ct,pet,m.nii.gz,,,1 2 3,,,,,,1,", "more than one"),
        ("a,ct,,,,,1 2 3,,,,,,1,", "column 'seed'"),
        ("a,ct,pet,,,,1 2,,,,,,1,", "three numbers"),
        ("a,ct,pet,m.nii.gz,,,,perhaps,,,,,1,", "yes or no"),
        ("a,ct,pet,m.nii.gz,,,,,old,,,,1,", "column 'age'"),
        ("a,ct,pet,m.nii.gz,,,,,,X,,,1,", "sex is 'X'"),
        ("a,ct,pet,m.nii.gz,,,,,,,,,positive,", "'mutant'"),
        (",ct,pet,m.nii.gz,,,,,,,,,1,", "column 'patient'"),
        ("a,ct,pet,m.nii.gz,,,,,61,0,F,never,north,1,", "Row 2 has 15 cells, the header 14"),  # 61,0 years
        ("a,ct,pet,,,,nan nan nan,,,,,,1,", "three numbers"),
        ("a,ct,pet,m.nii.gz,,,,,inf,,,,1,", "column 'age'"),
        (f"a,{'x' * 5000},pet,m.nii.gz,,,,,,,,,1,", "column 'ct'"),
        ("a,~nobody-of-this-name/ct,pet,m.nii.gz,,,,,,,,,1,", "column 'ct'"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path, row, says):
    with pytest.raises(InputError, match=says):
        read_cohort(table(tmp_path, row), ("EGFR", "subtype"))


def test_a_wrong_file_is_named(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_cohort(tmp_path / "none.csv", ("EGFR",))
    with pytest.raises(InputError, match="lacks KRAS"):
        read_cohort(table(tmp_path, "a"), ("KRAS",))
    with pytest.raises(InputError, match="no patients"):
        read_cohort(table(tmp_path), ("EGFR",))
    with pytest.raises(InputError, match="registered"):
        read_cohort(table(tmp_path), ("hair",))


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("patient,ct,pet,seed,age,age,EGFR\n", "'age' twice"),
        ("patient,ct,pet,pet mask,EGFR\n", "'pet_mask', spelled so"),
        ("patient,ct,pet,seed,EGFR,egfr\n", "'EGFR' twice"),
        ("patient,ct,pet,seed,E-GFR\n", "'EGFR', spelled so"),
        ("patient\tct\tpet\n", "tabs. Expected: cells separated by commas"),
    ],
)
def test_a_header_that_could_be_misread_is_refused(tmp_path, header, says):
    with pytest.raises(InputError, match=says):
        read_cohort(table(tmp_path, header=header), ("EGFR",))


def test_headers_are_stripped_and_a_column_without_a_name_is_left_out(tmp_path):
    path = table(tmp_path, "0,a,ct,pet,1 2 3,1", header=",patient, ct, pet ,seed , EGFR\n")
    (entry,) = read_cohort(path, ("EGFR",))
    assert (entry.ct, entry.seed, entry.labels, entry.line) == (tmp_path / "ct", (1.0, 2.0, 3.0), {"EGFR": 1}, 2)


def test_an_unknown_method_is_noticed_in_the_file(tmp_path):
    path = table(tmp_path, "a,pet,1 2 3,suv99,1", header="patient,pet,seed,method,EGFR\n")
    with pytest.raises(InputError, match="Row 2, column 'method': 'suv99'"):
        read_cohort(path, ("EGFR",))


def test_rows_of_one_patient_do_not_contradict_each_other(tmp_path):
    rows = ("a,ct,pet,m.nii.gz,,,,,,,,,1,", "b,ct,pet,m.nii.gz,,,,,,,,,0,", "a,ct,pet,m.nii.gz,,,,,,,,,{},1")
    assert len(read_cohort(table(tmp_path, *rows[:2], rows[2].format("")), ("EGFR", "subtype"))) == 3
    with pytest.raises(InputError, match="Rows 2 and 4 are of one patient; EGFR is 1 in one, 0 in the other"):
        read_cohort(table(tmp_path, *rows[:2], rows[2].format(0)), ("EGFR", "subtype"))


def test_patients_never_part_and_strata_spread():
    rng = np.random.default_rng(0)
    patients = [f"p{number // 2}" for number in range(200)]  # two scans each
    strata = [f"{'ab'[n // 2 % 2]}|{int(n // 2 % 10 < 3)}" for n in range(200)]
    order = rng.permutation(200)
    patients, strata = [patients[i] for i in order], [strata[i] for i in order]
    folds = patient_folds(patients, strata, 5, seed=1)
    assert len({(p, f) for p, f in zip(patients, folds, strict=True)}) == 100
    for word in set(strata):
        counts = np.bincount([f for f, s in zip(folds, strata, strict=True) if s == word], minlength=5)
        assert np.ptp(counts) <= 2  # scans, so one patient
    np.testing.assert_array_equal(folds, patient_folds(patients, strata, 5, seed=1))
    assert not np.array_equal(folds, patient_folds(patients, strata, 5, seed=1, repeat=1))
    learn, stop = inner_split(patients, strata, seed=3)
    assert not {patients[i] for i in learn} & {patients[i] for i in stop}
    assert len(learn) + len(stop) == 200
    assert 30 <= len(stop) <= 50
    with pytest.raises(InputError, match="3 folds of 2 patients"):
        patient_folds(["a", "b"], ["x", "x"], 3, 0)


def test_the_stratum_says_what_is_unknown():
    assert stratum("north", {"EGFR": 1}, ("EGFR", "subtype")) == "north|1|?"


def test_nothing_changes_without_augmentation():
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 32, 32)).astype(np.float16)
    same, present = augment_images(images, (True, False), NONE, np.random.default_rng(0))
    np.testing.assert_array_equal(same, images.astype(np.float32))
    assert present == (True, False)
    still = Augmentation(**{**NONE.__dict__, "ct_noise": 1e-6})  # through the interpolation, but nowhere to
    found, _ = augment_images(images, (True, True), still, np.random.default_rng(0))
    np.testing.assert_allclose(found[0], images[0], atol=1e-4)
    np.testing.assert_allclose(found[1], np.clip(images[1], 0, 1), atol=1e-4)


def test_a_flip_turns_left_and_right_only_and_a_shift_is_in_mm():
    images = np.zeros((2, 16, 32, 32), np.float32)
    images[0] = -1
    images[:, 4, 20, 6] = 1
    flipped, _ = augment_images(images, (True, True), Augmentation(**{**NONE.__dict__, "flip": 1.0}), np.random.default_rng(0))
    assert np.unravel_index(flipped[1].argmax(), flipped[1].shape) == (4, 20, 25)
    assert flipped[0, 4, 20, 25] == pytest.approx(1, abs=1e-4)
    apart, _ = augment_images(
        images, (True, True), Augmentation(**{**NONE.__dict__, "misregistration": 5.0}), np.random.default_rng(1)
    )
    assert np.unravel_index(apart[0].argmax(), apart[0].shape) == (4, 20, 6)
    heat = apart[1] / apart[1].sum()
    moved = (np.indices(heat.shape) * heat).sum(axis=(1, 2, 3)) - (4, 20, 6)
    assert 0.1 < np.linalg.norm(moved) <= 5.2


def test_augmented_images_stay_in_range_and_an_absent_one_stays_absent():
    images = simulated_example(0).images
    for seed in range(4):
        found, _ = augment_images(images, (True, True), Augmentation(), np.random.default_rng(seed))
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        assert found[0].min() >= -1
        assert found[0].max() <= 1
        assert found[1].min() >= 0
        assert found[1].max() <= 1
    found, present = augment_images(images, (True, False), Augmentation(), np.random.default_rng(0))
    assert present == (True, False)
    assert not found[1].any()


def test_a_modality_is_dropped_now_and_then_but_never_both():
    images = np.zeros((2, 8, 8, 8), np.float16)
    how = Augmentation(modality_dropout=0.5)
    left = [augment_images(images, (True, True), how, np.random.default_rng(seed))[1] for seed in range(200)]
    assert set(left) == {(True, True), (True, False), (False, True)}
    assert 60 < sum(not all(p) for p in left) < 140


def test_values_are_swapped_with_those_of_others():
    pool = np.arange(20, dtype=np.float32).reshape(10, 2)
    how = Augmentation(modality_dropout=0.0, corruption=0.3)
    found = np.array([augment_values(np.array([-1, -2], np.float32), pool, how, np.random.default_rng(s)) for s in range(400)])
    assert 0.2 < (found[:, 0] != -1).mean() < 0.4
    assert set(found[:, 1]) <= {-2.0, *pool[:, 1]}
    gone = augment_values(pool[0], pool, Augmentation(modality_dropout=1.0), np.random.default_rng(0))
    assert np.isnan(gone).all()


def test_labels_and_scaling():
    examples = [simulated_example(seed) for seed in (0, 1, 2)]
    assert label_array(examples, ("sim_margin", "KRAS")).shape == (3, 2)
    assert np.isnan(label_array(examples, ("KRAS",))).all()
    mean, deviation = standardisation(examples, ("suv_max",))
    assert mean[0] == pytest.approx(np.mean([np.log(e.values["suv_max"]) for e in examples]))
    assert deviation[0] > 0
    with pytest.raises(InputError, match="No patient has 'weight'"):
        standardisation(examples, ("weight",))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    patient = simulate_hard_patient(2, near=True)
    write_volume(folder / "ct.nii.gz", patient.ct)
    write_volume(folder / "pet.nii.gz", patient.pet)
    write_mask(folder / "pet_mask.nii.gz", patient.lesion_pet.array, patient.pet.geometry)
    write_mask(folder / "ct_mask.nii.gz", patient.lesion_ct.array, patient.ct.geometry)
    return folder


def test_crops_are_computed_once_and_equal_the_simulated_ones(files, tmp_path, monkeypatch):
    entry = PatientRow(
        "a",
        ct=files / "ct.nii.gz",
        pet=files / "pet.nii.gz",
        pet_mask=files / "pet_mask.nii.gz",
        pet_is_suv=True,
        labels={"EGFR": 1},
    )
    (first,) = read_examples([entry], tmp_path)
    expected = simulated_example(2)
    np.testing.assert_allclose(first.images.astype(float), expected.images.astype(float), atol=2e-3)
    assert first.values["suv_max"] == pytest.approx(expected.values["suv_max"])
    monkeypatch.setattr("dmdp_training.learning.crops.example_of", None)
    (second,) = read_examples([entry], tmp_path)
    np.testing.assert_array_equal(first.images, second.images)
    assert (first.values, first.labels, first.present) == (second.values, second.labels, second.present)
    assert [p.suffix for p in tmp_path.iterdir()] == [".safetensors"]
    monkeypatch.undo()
    kept = next(tmp_path.iterdir())
    kept.write_bytes(kept.read_bytes()[:100])
    (third,) = read_examples([entry], tmp_path)
    np.testing.assert_array_equal(first.images, third.images)


def test_a_patient_without_pet_or_without_ct(files, tmp_path):
    ct, pet = files / "ct.nii.gz", files / "pet.nii.gz"
    only_ct, only_pet, on_ct = read_examples(
        [
            PatientRow("a", ct=ct, ct_mask=files / "ct_mask.nii.gz"),
            PatientRow("b", pet=pet, pet_mask=files / "pet_mask.nii.gz", pet_is_suv=True),
            PatientRow("a", ct=ct, pet=pet, ct_mask=files / "ct_mask.nii.gz", pet_is_suv=True),
        ],
        tmp_path,
    )
    assert (only_ct.present, only_pet.present, on_ct.present) == ((True, False), (False, True), (True, True))
    assert not only_ct.images[1].any()
    assert "suv_max" not in only_ct.values
    assert (only_pet.images[0] == -1).all()
    assert only_pet.values["suv_max"] > 2
    assert on_ct.values["suv_max"] > 2
    with pytest.raises(InputError, match="Row 7 of the cohort file"):
        read_examples([PatientRow("a", pet=pet, pet_mask=files / "pet_mask.nii.gz", line=7)], tmp_path)


def test_the_same_scan_under_two_names_is_refused(files, tmp_path):
    entry = PatientRow("a", ct=files / "ct.nii.gz", ct_mask=files / "ct_mask.nii.gz", line=2)
    other = replace(entry, patient="b", line=5)
    with pytest.raises(InputError, match="Rows 2 and 5 of the cohort file are two patients with the same CT"):
        read_examples([entry, other], tmp_path)
    assert len(read_examples([entry, replace(other, patient="a")], tmp_path)) == 2


@pytest.mark.parametrize("error", [MissingPackage("nibabel", "this image"), Cancelled()])
def test_an_error_that_is_made_otherwise_comes_through(files, tmp_path, monkeypatch, error):
    def fail(*given):
        raise error

    monkeypatch.setattr("dmdp_training.learning.crops.cached_example", fail)
    with pytest.raises(type(error)) as caught:
        read_examples([PatientRow("a", ct=files / "ct.nii.gz", line=3)], tmp_path)
    assert ("Row 3 of the cohort file" in str(caught.value)) == isinstance(error, MissingPackage)
    assert caught.value.code == error.code


def test_a_changed_file_in_a_folder_is_read_again(tmp_path):
    (tmp_path / "ct" / "series").mkdir(parents=True)
    slices = tmp_path / "ct" / "series" / "0.dcm"
    slices.write_bytes(b"one")
    os.utime(slices, ns=(1, 1))
    entry = PatientRow("a", ct=tmp_path / "ct")
    before = _key(entry, 1)
    assert _key(replace(entry, patient="b", line=9), 1) == before
    slices.write_bytes(b"two")
    os.utime(slices, ns=(2, 2))
    assert _key(entry, 1) != before


def test_a_constant_column_is_not_blown_up():
    ages = 61.7 * 0.1 + np.arange(3) * 1e-16
    assert np.std(np.full(7, 6.17)) < 1e-12
    assert spread(np.full(7, 6.17)) == spread(ages) == spread(1e6 + np.arange(5) * 1e-5) == 1.0
    assert spread(np.array([1.0, 2.0])) == 0.5


@pytest.mark.slow
def test_the_simulated_cohort_as_dicom_is_read_as_any_other(tmp_path):
    SIMULATE.run({"patients": 2, "seed": 5, "cohort": True, "out": str(tmp_path / "cohort")}, lambda share, words: None)
    entries = read_cohort(tmp_path / "cohort" / "cohort.csv", tuple(SIMULATED_ENDPOINTS))
    assert [e.labels for e in entries] == [draw_truth(seed).known for seed in (5, 6)]
    assert [e.clinical for e in entries] == [draw_truth(seed).clinical for seed in (5, 6)]
    for seed, found in zip((5, 6), read_examples(entries, tmp_path / "crops"), strict=True):
        near = simulated_example(seed)  # the same but for the noise
        assert found.site == near.site
        assert found.values["suv_max"] == pytest.approx(near.values["suv_max"], rel=0.1)
        assert np.abs(found.images.astype(float) - near.images.astype(float)).mean() < 0.08
