"""A CT alone, or a PET alone: what can be computed is, what cannot is listed, and a model that needs the other says so."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from dmdp.applicability.lung import lung_position
from dmdp.bundles.bundle import Bundle
from dmdp.bundles.manifest import Manifest, SelfTest
from dmdp.cli import main
from dmdp.delineation.pet import delineate
from dmdp.ensemble.learners import Regression
from dmdp.ensemble.model import EnsembleModel, SubModel
from dmdp.errors import ImageMissing, LesionError, ModelError
from dmdp.explain.opinion import network_opinion
from dmdp.features.ct import ct_features
from dmdp.images.files import read_mask, write_mask
from dmdp.models import check_images
from dmdp.network.config import NetworkConfig
from dmdp.network.dmdp import Dmdp
from dmdp.network.members import Members
from dmdp.network.model import NetworkModel
from dmdp.patients.case import Case
from dmdp.pet_features import pet_features
from dmdp.prediction.predict import predict
from dmdp.radiomics.profile import Profile
from dmdp.regions.ct_regions import ct_regions
from dmdp.regions.thorax import find_thorax
from dmdp.report.export import export_result
from dmdp.report.pictures import write_pictures

FIRST_ORDER = Profile("first", classes=("firstorder",), spacing_mm=(1.0, 1.0, 1.0), minimum_voxels=64)
MEAN_HU = "original_firstorder_Mean_tumour"


@pytest.fixture(scope="module")
def study(simulated_study, tmp_path_factory):
    """The patient, the folder of the DICOM study, and the lesion on the CT as a file."""
    patient, folder = simulated_study
    mask = tmp_path_factory.mktemp("one") / "ct_mask.nii.gz"
    return patient, folder, write_mask(mask, patient.lesion_ct.array, patient.ct.geometry)


@pytest.fixture(scope="module")
def only_ct(simulated_study) -> Case:
    whole = simulated_study[0].case
    return replace(whole, images={"CT": whole.ct}, lesions={"CT": whole.ct_lesion})


@pytest.fixture(scope="module")
def only_pet(simulated_study) -> Case:
    whole = simulated_study[0].case
    return replace(whole, images={"PET": whole.pet}, lesions={"PET": whole.pet_lesion})


def run(*words) -> int:
    return main([str(word) for word in words])


def seed(patient) -> str:
    return ",".join(map(str, patient.seed_lps))


def test_a_case_says_what_it_has(only_ct, only_pet):
    assert (only_ct.has("CT"), only_ct.has("CT", "PET"), only_ct.missing) == (True, False, ("PET",))
    assert only_pet.lesion is only_pet.pet_lesion
    assert only_ct.backdrop is only_ct.ct
    with pytest.raises(ImageMissing, match="There is no PET, only CT"):
        only_ct.require("PET")
    with pytest.raises(LesionError, match="No lesion is known on the CT"):
        replace(only_ct, lesions={}).lesion_on("CT")


@pytest.fixture(scope="module")
def pet_result(study, tmp_path_factory):
    patient, folder, _ = study
    out = tmp_path_factory.mktemp("pet") / "result"
    assert run("predict", "--pet", folder, "--seed", seed(patient), "--age", 61, "--out", out) == 0
    return out


@pytest.mark.slow
def test_a_pet_alone_is_predicted_as_with_its_ct(study, pet_result, tmp_path, capsys):
    patient, folder, _ = study
    both = tmp_path / "both"
    assert run("predict", "--ct", folder, "--pet", folder, "--seed", seed(patient), "--age", 61, "--out", both) == 0
    one, two = (json.loads((path / "prediction.json").read_text()) for path in (pet_result, both))
    assert one["tasks"] == two["tasks"]
    assert one["features"] == two["features"]
    assert one["suv_audit"]["factors"] == two["suv_audit"]["factors"]
    assert (one["regions"], one["ct_features"]) == (None, None)
    assert [reason["code"] for reason in one["applicability"]["reasons"]][:1] == ["images.no_ct"]
    assert not any("lung" in reason["code"] for reason in one["applicability"]["reasons"])
    assert set(one["hashes"]) >= {"pet_suv_voxels", "pet_lesion"}
    assert not {"ct_voxels", "ct_lesion"} & set(one["hashes"])
    assert {path.name for path in pet_result.glob("*.nii.gz")} == {"lesion_pet.nii.gz"}
    assert {path.name for path in (pet_result / "pictures").iterdir()} == {"pet.png", "close.png"}
    assert "There is no CT" in (pet_result / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_came_of_a_pet_alone_is_exported(study, pet_result, tmp_path):
    _, folder, _ = study
    outcome = export_result(pet_result, tmp_path / "out", ["html", "pdf", "json", "csv", "seg", "sr", "map"], pet=folder)
    assert {item.path.name for item in outcome} == {
        "report.html", "report.pdf", "prediction.json", "features.csv", "segmentation_pet.dcm", "report.dcm"
    }  # fmt: skip
    assert [item.format for item in outcome.not_written] == ["map"]


def test_a_model_that_needs_the_pet_is_refused_by_name(study, tmp_path, capsys):
    _, folder, mask = study
    known = ("--age", 61, "--sex", "F", "--smoking", "never")  # for the sub-models that read nothing else
    assert run("predict", "--ct", folder, "--mask", mask, *known, "--out", tmp_path / "out") == 4
    said = capsys.readouterr().err
    assert "published-pet-clinical" in said
    assert "needs the PET, and only the CT is given" in said
    assert not (tmp_path / "out").exists()


def test_a_network_that_needs_the_ct_is_refused_by_name(study, tmp_path, capsys):
    patient, folder, _ = study
    models = ("--model", "published-pet-clinical", "--model", "demo-network")
    assert run("predict", "--pet", folder, "--seed", seed(patient), *models, "--out", tmp_path / "out") == 4
    assert "'demo-network 1.0.0' needs the CT" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--seed", "1,2,3"), 2, "Neither a CT nor a PET is given"),
        (("--ct", "{study}"), 2, "The lesion is given in no way"),
        (("--ct", "{study}", "--seed", "1,2,3"), 3, "no PET in which a lesion can be outlined"),
        (("--ct", "{study}", "--pet-mask", "{mask}"), 3, "drawn on the PET, and only a CT is given"),
        (("--ct", "{study}", "--mask", "{mask}", "--ct-mask", "{mask}"), 2, "in more than one way"),
    ],
)
def test_what_one_image_cannot_do_is_refused_in_words(study, tmp_path, capsys, words, code, says):
    _, folder, mask = study
    given = [word.format(study=folder, mask=mask) for word in words]
    assert run("features", *given, "--out", tmp_path / "f.csv") == code
    assert says in capsys.readouterr().err


def table(path) -> set[str]:
    return {row["region"] for row in csv.DictReader(line for line in path.read_text().splitlines() if line[0] != "#")}


def test_features_of_one_image(study, tmp_path, capsys):
    patient, folder, mask = study
    for words in (("--ct", folder, "--mask", mask), ("--ct", folder, "--ct-mask", mask)):
        assert run("features", *words, "--out", tmp_path / "ct.csv", "--overwrite") == 0
        assert {"tumour", "reg1"} <= table(tmp_path / "ct.csv")
        assert "PET" not in table(tmp_path / "ct.csv")
        assert "There is no PET: SUV, the PET features" in capsys.readouterr().out
    assert run("features", "--pet", folder, "--seed", seed(patient), "--out", tmp_path / "pet.csv") == 0
    assert table(tmp_path / "pet.csv") == {"PET"}
    assert "There is no CT: the CT regions" in capsys.readouterr().out


METRIC = {"metric": "AUC", "interval": [0.6, 0.9], "value": 0.7, "protocol": "cross-validation", "n": 40, "events": 12}


def manifest(name: str, kind: str) -> Manifest:
    """The least that a bundle says of a model for EGFR."""
    return Manifest(
        name=name, version="1.0.0", kind=kind, tasks=("EGFR",), intended_use="", cohorts=(), self_test=SelfTest({}, {})
    )


def reader(inputs, contour, name="ct-radiomics") -> EnsembleModel:
    """A bundle of one sub-model for EGFR, with its card as the document needs it."""
    weights = np.array([0.5, *[0.01] * len(inputs)])
    card = {
        "n": 40, "events": 12, "cohort": "X", "interval_kind": "bootstrap", "metrics": [METRIC],
        "typical": dict.fromkeys(inputs, 1.0),
        "distance": {"mean": [0.0] * len(inputs), "precision": np.eye(len(inputs)).tolist(), "quantiles": {"0.99": 1e9}},
    }  # fmt: skip
    model = SubModel("m", "EGFR", "regression", inputs, contour, Regression(weights, np.stack([weights] * 3)), card)
    return EnsembleModel(Bundle(manifest(name, "ensemble"), {}, "0" * 64), (model,))


def test_a_ct_alone_is_answered_by_a_model_that_reads_it(only_ct):
    thorax = find_thorax(only_ct.ct)
    regions = ct_regions(only_ct.ct, only_ct.ct_lesion, thorax)
    ct = ct_features(only_ct, regions, FIRST_ORDER, ("tumour",))
    model = reader((MEAN_HU, "age"), "any")
    check_images(model, {"CT"})
    prediction = predict(only_ct, {}, [model], lung_position(thorax, only_ct.ct_lesion), ct=ct)
    assert list(prediction.tasks) == ["EGFR"]
    assert prediction.tasks["EGFR"].inputs == (MEAN_HU, "age")
    assert (prediction.contour.spread, prediction.contour.modality, prediction.suv_audit) == ({}, "CT", None)
    assert [reason.code for reason in prediction.applicability.reasons] == ["images.no_pet"]


def test_what_is_known_clinically_stands_in_for_no_image_unasked(only_ct):
    """Without its PET a bundle has nothing to say, though one of its sub-models reads no image; asked alone, that one speaks."""
    both = reader(("suv_max",), "any")
    both = replace(both, sub_models=(*both.sub_models, *reader(("age",), "none").sub_models))
    with pytest.raises(ModelError, match=r"'ct-radiomics 1.0.0' needs the PET"):
        check_images(both, {"CT"})
    with pytest.raises(ModelError, match="No sub-model accepts"):
        predict(only_ct, {}, [both], None)
    clinical = reader(("age",), "none")
    check_images(clinical, {"CT"})
    assert list(predict(only_ct, {}, [clinical], None).tasks) == ["EGFR"]


@pytest.mark.parametrize("name", ["ct", "pet"])
def test_a_network_of_one_image_is_run_on_it(only_ct, only_pet, tmp_path, name):
    config = NetworkConfig.quick(tasks=("EGFR",), modalities=(name,), align_modalities=False)
    torch.manual_seed(0)
    model = NetworkModel(Bundle(manifest("one", "network"), {}, ""), Members((Dmdp(config).eval(),), {}))
    case = {"ct": only_ct, "pet": only_pet}[name]
    check_images(model, set(case.images))
    features = pet_features(case.pet, case.pet_lesion) if case.has("PET") else {}
    said, heatmaps = network_opinion(model, case, features, "cpu")
    assert 0 < said.probabilities["EGFR"] < 1
    assert heatmaps
    pictures = write_pictures(tmp_path, case, heatmaps)
    assert [picture.kind for picture in pictures] == [name, "close", "heatmap"]


def test_a_contour_without_a_seed_is_tried_by_other_rules(only_pet):
    """A contour that came from a CT has no seed: its hottest voxel is one."""
    lesion = replace(only_pet.pet_lesion, seed=None)
    features = pet_features(only_pet.pet, lesion)
    prediction = predict(replace(only_pet, lesions={"PET": lesion}), features, [reader(("suv_max",), "any")], None)
    found = delineate(only_pet.pet, tuple(only_pet.pet.geometry.to_lps(np.argwhere(lesion.mask.array)[0])), "suv2.5")
    assert found.voxels
    assert prediction.contour.spread["EGFR"]["suv2.5"] is not None
    assert prediction.contour.seed_lps_mm is None


@pytest.mark.slow
def test_a_batch_takes_rows_of_one_image(study, dmdp_command, tmp_path):
    patient, folder, mask = study
    lines = [f"pet;;{folder / 'pet'};{seed(patient)};", f"ct;{folder / 'ct'};;;{mask}"]
    (tmp_path / "c.csv").write_text("\n".join(["Id;CT;PET;Seed;Mask", *lines]) + "\n", encoding="utf-8")
    done = dmdp_command("batch", tmp_path / "c.csv", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "1 done, 0 skipped, 1 failed" in done.stdout
    assert "ct: The model 'published-pet-clinical" in done.stdout
    assert read_mask(tmp_path / "out" / "pet" / "lesion_pet.nii.gz")[0].any()
