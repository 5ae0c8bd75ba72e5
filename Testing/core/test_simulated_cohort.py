"""The simulated cohort: hard labels that the obvious measurements do not tell, and patterns that do."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp_training.simulate.cohort import draw_truth, hard_crop, simulate_hard_patient
from dmdp_training.simulate.labels import MODALITIES, SIMULATED_ENDPOINTS, Factors, true_labels
from dmdp_training.simulate.sites import SITES, grid
from scipy import ndimage, stats
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

LESIONS = 240
EASY_AUC, ALONE_AUC = 0.60, 0.65


def spread(values, mask, spacing):
    """A modality's summary: moments, percentiles, the profile from the edge inwards and outwards, graininess."""
    inside = values[mask]
    depth = ndimage.distance_transform_edt(mask, spacing) - ndimage.distance_transform_edt(~mask, spacing)
    shells = [(-9, -5), (-5, -2), (0, 3), (3, 6), (6, 9), (9, 40)]
    profile = [values[(depth > a) & (depth <= b)] for a, b in shells]
    smooth = ndimage.gaussian_filter(values, 4.0 / np.array(spacing))[mask]
    return [
        inside.std(),
        stats.skew(inside),
        stats.kurtosis(inside),
        *np.percentile(inside, (5, 25, 50, 75, 95)),
        *(part.mean() if part.size else inside.mean() for part in profile),
        *(part.std() if part.size else 0.0 for part in profile),
        smooth.std(),
        smooth.std() / abs(smooth.mean()),
    ]


@pytest.fixture(scope="module")
def lesions():
    """The four obvious measurements, a summary of each modality, and the true labels of some hundred lesions."""
    easy, pet, ct, labels = [], [], [], []
    for seed in range(LESIONS):
        p = simulate_hard_patient(seed, near=True)
        uptake, density = p.pet.array[p.lesion_pet.array], p.ct.array[p.lesion_ct.array]
        easy.append([p.lesion_pet.array.sum() * p.pet.geometry.voxel_ml, uptake.max(), uptake.mean(), density.mean()])
        pet.append([*easy[-1][:3], *spread(p.pet.array, p.lesion_pet.array, p.pet.geometry.spacing)])
        ct.append([easy[-1][0], easy[-1][3], *spread(p.ct.array, p.lesion_ct.array, p.ct.geometry.spacing)])
        labels.append(true_labels(draw_truth(seed).factors))
    return {"easy": np.array(easy), "pet": np.array(pet), "ct": np.array(ct)}, labels


def probe(kind, inputs, answers, seed=0):
    model = (
        make_pipeline(StandardScaler(), LogisticRegression())
        if kind == "linear"
        else ExtraTreesClassifier(200, min_samples_leaf=3, random_state=seed)
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    scores = cross_val_predict(model, inputs, answers, cv=folds, method="predict_proba")[:, 1]
    return roc_auc_score(answers, scores)


@pytest.mark.slow
def test_obvious_measurements_do_not_tell_the_labels(lesions):
    measured, labels = lesions
    found = {task: probe("linear", measured["easy"], [label[task] for label in labels]) for task in SIMULATED_ENDPOINTS}
    assert max(found.values()) <= EASY_AUC, found


@pytest.mark.slow
def test_no_modality_alone_tells_the_interaction(lesions):
    measured, labels = lesions
    answers = [label["sim_interaction"] for label in labels]
    found = {modality: probe("trees", measured[modality], answers) for modality in ("pet", "ct")}
    assert max(found.values()) <= ALONE_AUC, found


@pytest.mark.slow
def test_the_right_modality_tells_a_label_and_the_other_does_not(lesions):
    measured, labels = lesions
    for task in ("sim_heterogeneity", "sim_habitat", "sim_margin"):
        answers = [label[task] for label in labels]
        (own,) = MODALITIES[task]
        other = "ct" if own == "pet" else "pet"
        assert probe("trees", measured[own], answers) > 0.85, task
        assert probe("trees", measured[other], answers) < ALONE_AUC, task


def test_a_seed_gives_the_same_patient_and_other_seeds_others():
    a, b, c = (simulate_hard_patient(seed, near=True) for seed in (5, 5, 6))
    np.testing.assert_array_equal(a.ct.array, b.ct.array)
    np.testing.assert_array_equal(a.pet.array, b.pet.array)
    assert (a.labels, a.clinical, a.seed_lps) == (b.labels, b.clinical, b.seed_lps)
    assert a.ct.array.shape != c.ct.array.shape or not np.array_equal(a.ct.array, c.ct.array)


def test_labels_follow_the_factors_and_some_are_unknown():
    assert true_labels(Factors(True, False, True)) == {
        "sim_heterogeneity": 1,
        "sim_habitat": 0,
        "sim_margin": 1,
        "sim_interaction": 1,
    }
    assert true_labels(Factors(True, True, False))["sim_interaction"] == 0
    truths = [draw_truth(seed) for seed in range(400)]
    for task in SIMULATED_ENDPOINTS:
        known = [t.known[task] for t in truths if task in t.known]
        assert 0.75 < len(known) / len(truths) < 0.95
        assert all(t.known.get(task, value) == value for t in truths for value in [true_labels(t.factors)[task]])
        assert 0.4 < np.mean(known) < 0.6
    assert {t.site.name for t in truths} == {site.name for site in SITES}


def test_a_box_is_a_piece_of_the_whole_grid():
    whole, part = grid((3.0, 2.2, 2.2)), grid((3.0, 2.2, 2.2), (70.0, 0.0, 30.0), np.array([40.0, 40.0, 30.0]))
    index = whole.to_index(part.to_lps((0, 0, 0)))
    np.testing.assert_allclose(index, np.rint(index), atol=1e-9)
    assert all(p < w for p, w in zip(part.shape, whole.shape, strict=True))


def test_a_whole_thorax_is_plausible_and_holds_the_same_tumour_as_the_box():
    whole, near = simulate_hard_patient(11), simulate_hard_patient(11, near=True)
    assert whole.lesion_ct.array.sum() == near.lesion_ct.array.sum()
    assert whole.lesion_pet.array.sum() == near.lesion_pet.array.sum()
    assert whole.pet.array[whole.lesion_pet.array].mean() == pytest.approx(near.pet.array[near.lesion_pet.array].mean(), rel=0.03)
    hu = whole.ct.array
    litre = whole.ct.geometry.voxel_ml / 1000
    body = ndimage.binary_fill_holes(ndimage.binary_opening(hu > -300)[60])
    lung = ((hu > -950) & (hu < -600)).sum() * litre
    assert 2 < lung < 8
    assert body.any()
    at = whole.ct.geometry.to_lps(np.argwhere(whole.lesion_ct.array)).mean(axis=0)
    on_pet = whole.pet.geometry.to_lps(np.argwhere(whole.lesion_pet.array)).mean(axis=0)
    assert np.linalg.norm(at - on_pet) < 14  # breathing


def test_the_crop_holds_the_tumour_in_both_images():
    crop, patient = hard_crop(3)
    assert crop.images["CT"].shape == crop.images["PET"].shape == (48, 96, 96)
    centre = tuple(slice(n // 2 - 4, n // 2 + 4) for n in crop.images["CT"].shape)
    assert crop.images["CT"][centre].mean() > -150
    assert crop.images["PET"].max() == pytest.approx(patient.pet.array[patient.lesion_pet.array].max(), rel=0.2)
    assert (crop.images["CT"] > -1000).mean() > 0.9  # the box reaches as far as the crop
