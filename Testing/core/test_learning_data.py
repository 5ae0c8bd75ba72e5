"""What training reads: the cohort file, folds of patients, crops, and changes that keep the answer."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.case import Clinical
from dmdp.errors import InputError
from dmdp.files import write_mask, write_volume
from dmdp_training.commands.simulate import COMMAND as SIMULATE
from dmdp_training.learning.augment import NONE, Augmentation, augment_images, augment_values
from dmdp_training.learning.cohort_csv import Entry, read_cohort
from dmdp_training.learning.crops import read_examples
from dmdp_training.learning.examples import label_array, standardisation
from dmdp_training.learning.folds import inner_split, patient_folds, stratum
from dmdp_training.learning.simulated import simulated_example
from dmdp_training.simulate.cohort import draw_truth, simulate_hard_patient
from dmdp_training.simulate.labels import SIMULATED_TASKS

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
    write_mask(folder / "pet_mask.nii.gz", patient.lesion_pet, patient.pet.geometry)
    write_mask(folder / "ct_mask.nii.gz", patient.lesion_ct, patient.ct.geometry)
    return folder


def test_crops_are_computed_once_and_equal_the_simulated_ones(files, tmp_path, monkeypatch):
    entry = Entry(
        "a", files / "ct.nii.gz", files / "pet.nii.gz", pet_mask=files / "pet_mask.nii.gz", pet_is_suv=True, labels={"EGFR": 1}
    )
    (first,) = read_examples([entry], tmp_path)
    expected = simulated_example(2)
    np.testing.assert_allclose(first.images.astype(float), expected.images.astype(float), atol=2e-3)
    assert first.values["suv_max"] == pytest.approx(expected.values["suv_max"])
    monkeypatch.setattr("dmdp_training.learning.crops._compute", None)
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
            Entry("a", ct, None, ct_mask=files / "ct_mask.nii.gz"),
            Entry("b", None, pet, pet_mask=files / "pet_mask.nii.gz", pet_is_suv=True),
            Entry("c", ct, pet, ct_mask=files / "ct_mask.nii.gz", pet_is_suv=True),
        ],
        tmp_path,
    )
    assert (only_ct.present, only_pet.present, on_ct.present) == ((True, False), (False, True), (True, True))
    assert not only_ct.images[1].any()
    assert "suv_max" not in only_ct.values
    assert (only_pet.images[0] == -1).all()
    assert only_pet.values["suv_max"] > 2
    assert on_ct.values["suv_max"] > 2
    with pytest.raises(InputError, match="Patient 1 of the cohort file"):
        read_examples([Entry("a", None, pet, pet_mask=files / "pet_mask.nii.gz")], tmp_path)


@pytest.mark.slow
def test_the_simulated_cohort_as_dicom_is_read_as_any_other(tmp_path):
    SIMULATE.run({"patients": 2, "seed": 5, "cohort": True, "out": str(tmp_path / "cohort")}, lambda share, words: None)
    entries = read_cohort(tmp_path / "cohort" / "cohort.csv", tuple(SIMULATED_TASKS))
    assert [e.labels for e in entries] == [draw_truth(seed).known for seed in (5, 6)]
    assert [e.clinical for e in entries] == [draw_truth(seed).clinical for seed in (5, 6)]
    for seed, found in zip((5, 6), read_examples(entries, tmp_path / "crops"), strict=True):
        near = simulated_example(seed)  # the same but for the noise
        assert found.site == near.site
        assert found.values["suv_max"] == pytest.approx(near.values["suv_max"], rel=0.1)
        assert np.abs(found.images.astype(float) - near.images.astype(float)).mean() < 0.08
