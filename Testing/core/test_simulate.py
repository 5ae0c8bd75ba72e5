"""The simulated patient: deterministic, plausible, and true to what is said of it."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from dmdp.errors import UsageError
from dmdp_training.commands.simulate import COMMAND
from dmdp_training.simulate import simulate_patient


def test_a_seed_gives_the_same_patient():
    a, b, c = simulate_patient(3), simulate_patient(3), simulate_patient(4)
    np.testing.assert_array_equal(a.ct.array, b.ct.array)
    np.testing.assert_array_equal(a.pet.array, b.pet.array)
    assert not np.array_equal(a.pet.array, c.pet.array)


def test_the_truth_is_where_the_uptake_is(simulated_study):
    patient, _ = simulated_study
    inside = patient.pet.array[patient.lesion_pet.array]
    assert inside.max() > 4
    index = patient.pet.geometry.nearest_voxel(patient.seed_lps)
    assert patient.lesion_pet.array[index]
    assert patient.pet.array[index] == inside.max()
    ct_ml = patient.lesion_ct.array.sum() * patient.ct.geometry.voxel_ml
    assert patient.lesion_pet.array.sum() * patient.pet.geometry.voxel_ml == pytest.approx(ct_ml, rel=0.1)


@pytest.mark.parametrize("label", ["EGFR", "subtype"])
def test_labels_show_in_the_images_and_not_in_size_or_uptake(label):
    hollow, rim, volume = {0: [], 1: []}, {0: [], 1: []}, {0: [], 1: []}
    for seed in range(24):
        p = simulate_patient(seed)
        answer = p.labels[label]
        points = p.pet.geometry.to_lps(np.argwhere(p.lesion_pet.array))
        near = np.linalg.norm(points - points.mean(axis=0), axis=1) < 7
        hollow[answer].append(p.pet.array[p.lesion_pet.array][near].mean() / p.pet.array[p.lesion_pet.array].max())
        grown = p.lesion_ct.array.copy()
        for axis in range(3):
            grown |= np.roll(grown, 2, axis) | np.roll(grown, -2, axis)
        ring = grown & ~p.lesion_ct.array
        rim[answer].append(((p.ct.array[ring] > -620) & (p.ct.array[ring] < -340)).mean())
        volume[answer].append(p.lesion_ct.array.sum())
    if label == "subtype":
        assert np.mean(hollow[1]) < np.mean(hollow[0]) - 0.2
    else:
        assert np.mean(rim[1]) > np.mean(rim[0]) + 0.2
    assert 0.6 < np.mean(volume[1]) / np.mean(volume[0]) < 1.6


def test_the_dicom_says_whose_it_is(simulated_study):
    _, folder = simulated_study
    for name in ("ct/0000.dcm", "pet/0000.dcm"):
        ds = pydicom.dcmread(folder / name)
        assert ds.PatientName == "SIMULATED^PATIENT"
        assert "research use only" in ds.SeriesDescription
        assert pydicom.uid.UID(ds.SOPInstanceUID).is_valid


@pytest.mark.parametrize("option", [{"patients": 0}, {"patients": -2}, {"seed": -1}])
def test_numbers_that_cannot_be_are_refused(tmp_path, option):
    ((name, value),) = option.items()
    with pytest.raises(UsageError, match=f"--{name} {value}"):
        COMMAND.run({**option, "out": str(tmp_path / "x")}, lambda share, words: None)
    assert not (tmp_path / "x").exists()


def test_the_command_writes_volumes_instead_of_dicom(tmp_path):
    from dmdp.images.files import read_volume

    said = COMMAND.run({"seed": 3, "volumes": True, "out": str(tmp_path / "out")}, lambda fraction, words: None)
    assert "SUVbw" in said
    patient, folder = simulate_patient(3), tmp_path / "out" / "patient_0003"
    assert sorted(path.name for path in folder.iterdir()) == [
        "ct.nrrd",
        "lesion_ct.nii.gz",
        "lesion_pet.nii.gz",
        "pet.nrrd",
        "truth.json",
    ]
    pet = read_volume(folder / "pet.nrrd", "SUVbw g/ml")
    np.testing.assert_allclose(pet.array, patient.pet.array, rtol=1e-6)
    assert pet.geometry.same_grid(patient.pet.geometry)
    with pytest.raises(UsageError, match="--volumes"):
        COMMAND.run({"cohort": True, "volumes": True, "out": str(tmp_path / "both")}, lambda fraction, words: None)
