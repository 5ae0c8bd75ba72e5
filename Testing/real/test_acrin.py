"""The real patient ACRIN-NSCLC-FDG-PET-042, from a mixed folder to the report."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from dmdp.applicability.lung import lung_position
from dmdp.delineation.pet import delineate
from dmdp.dicom.series import discover
from dmdp.images.files import read_mask, read_volume, write_mask
from dmdp.images.mask import Mask
from dmdp.intake.load import load_pair, load_pet
from dmdp.regions.thorax import find_thorax

SEED = (-41.8, -14.7, -121.3)
KIDNEYS = ((-59.0, -2.0, -327.0), (40.0, -16.0, -331.0))
HEART = ((26.0, -68.0, -171.0), (63.0, -63.0, -190.0), (35.0, -54.0, -203.0), (45.0, -115.0, -213.0))

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def pair(data):
    folder = data("acrin_nsclc_042")
    return load_pair(folder / "ct", folder / "pet_ac")


def test_one_flat_folder_with_everything(data, tmp_path):
    source = data("acrin_nsclc_042")
    for sub in ("ct", "pet_ac", "pet_nac", "rwv_318261", "rwv_829512", "rwv_833547", "seg_test_drawing"):
        for path in (source / sub).glob("*.dcm"):
            (tmp_path / f"{sub}_{path.name}").symlink_to(path)
    found = discover(tmp_path)
    assert {(s.modality, s.headers[0].get("Units")) for s in found.series} == {("CT", None), ("PT", "BQML")}
    reasons = " ".join(r.reason for r in found.rejected)
    assert "PROPCNTS" in reasons
    assert "RWV" in reasons
    assert "SEG" in reasons
    loaded = load_pair(tmp_path, tmp_path)
    assert loaded.ct.array.shape == (135, 512, 512)
    assert loaded.pet.geometry.spacing == pytest.approx((3.27, 4.6875, 4.6875), abs=0.01)


def test_the_seeded_lesion_measures_what_the_contracts_say(pair):
    lesion = delineate(pair.pet, SEED)
    inside = np.where(lesion.mask.array, pair.pet.array, 0)
    assert pair.pet.array[pair.pet.geometry.nearest_voxel(SEED)] == pytest.approx(12.7, abs=0.05)
    assert lesion.volume_ml == pytest.approx(62.9, abs=0.1)
    assert inside.max() == pytest.approx(42.2, abs=0.05)
    hottest = pair.pet.geometry.to_lps(np.unravel_index(inside.argmax(), inside.shape))
    assert hottest == pytest.approx((-39.8, -25.8, -98.6), abs=0.1)
    relative = delineate(pair.pet, SEED, "pet41")
    assert relative.volume_ml == pytest.approx(13.7, abs=0.05)
    assert any("2 islands" in note for note in relative.notes)
    assert any("seed lies outside" in note for note in relative.notes)


def test_only_the_tumour_lies_next_to_lung(pair):
    for method in ("auto", "suv2.5", "pet41"):
        assert lung_position(find_thorax(pair.ct), delineate(pair.pet, SEED, method)).inside_or_next_to_lung
        for seed in (*KIDNEYS, *HEART):
            assert not lung_position(find_thorax(pair.ct), delineate(pair.pet, seed, method)).inside_or_next_to_lung, (
                seed,
                method,
            )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_public_lung_tumours_lie_next_to_lung(data, number):
    from dmdp.patients.case import Lesion

    ct = read_volume(data("lung_ct") / f"LUNG1-00{number}_ct.nii.gz", "HU")
    mask, geometry = read_mask(data("lung_ct") / f"LUNG1-00{number}_gtv.nii.gz")
    assert lung_position(find_thorax(ct), Lesion(Mask(mask, geometry), "manual")).inside_or_next_to_lung


def test_a_thigh_is_no_lung(data):
    from dmdp.patients.case import Lesion

    ct = read_volume(data("sts_001") / "ibsi_suv/CT_image.nii.gz", "HU")
    mask, geometry = read_mask(data("sts_001") / "ibsi_suv/CT_mask.nii.gz")
    assert not lung_position(find_thorax(ct), Lesion(Mask(mask, geometry), "manual")).inside_or_next_to_lung


@pytest.mark.slow
@pytest.mark.parametrize("clinical", [(), ("--age", 69, "--sex", "M")], ids=["images only", "with age and sex"])
def test_the_whole_way(data, dmdp_command, tmp_path, clinical):
    folder = data("acrin_nsclc_042")
    out = tmp_path / "out"
    seed = ",".join(map(str, SEED))
    done = dmdp_command("predict", "--ct", folder, "--pet", folder, "--seed", seed, *clinical, "--out", out)
    assert done.returncode == 0, done.stderr
    document = json.loads((out / "prediction.json").read_text(encoding="utf-8"))
    assert document["applicability"]["verdict"] == "caution"  # a late scan
    assert [r["code"] for r in document["applicability"]["reasons"]] == ["acquisition.uptake"]
    assert document["features"]["suv_max"]["value"] == pytest.approx(42.2, abs=0.05)
    assert document["inputs"]["missing"] == (["smoking"] if clinical else ["age", "sex", "smoking"])
    for task in document["tasks"].values():
        values = [task["probability"], *task["interval"]]
        assert all(0 < v < 1 for v in values)
    mask, geometry = read_mask(out / "lesion_ct.nii.gz")
    assert geometry.to_lps(np.argwhere(mask)).mean(axis=0) == pytest.approx((-43, -15, -122), abs=2)
    words_of_page = re.sub(r"base64,[^\"]+", "", (out / "report.html").read_text(encoding="utf-8"))
    assert not any(word in words_of_page for word in ("ACRIN-NSCLC", "19600116"))


@pytest.mark.slow
def test_one_image_is_enough(data, pair, dmdp_command, tmp_path):
    folder = data("acrin_nsclc_042")
    done = dmdp_command("predict", "--pet", folder / "pet_ac", "--seed", ",".join(map(str, SEED)), "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out" / "prediction.json").read_text(encoding="utf-8"))
    assert [r["code"] for r in document["applicability"]["reasons"]] == ["images.no_ct", "acquisition.uptake"]
    assert document["features"]["suv_max"]["value"] == pytest.approx(42.2, abs=0.05)
    assert len(document["tasks"]) == 3
    on_ct = delineate(pair.pet, SEED).onto(pair.ct.geometry, "CT")
    mask = write_mask(tmp_path / "mask.nii.gz", on_ct.mask.array, on_ct.geometry)
    words = ("--ct", folder / "ct", "--mask", mask, "--out")
    refused = dmdp_command("predict", *words, tmp_path / "ct")
    assert refused.returncode == 4
    assert "needs the PET" in refused.stderr
    measured = dmdp_command("features", *words, tmp_path / "ct.csv")
    assert measured.returncode == 0, measured.stderr
    assert "There is no PET" in measured.stdout


@pytest.mark.slow
@pytest.mark.parametrize("seed", [KIDNEYS[0], HEART[0], HEART[1]], ids=["kidney", "heart", "heart wall"])
def test_a_seed_elsewhere_is_outside(data, dmdp_command, tmp_path, seed):
    folder = data("acrin_nsclc_042")
    words = ("predict", "--ct", folder / "ct", "--pet", folder / "pet_ac", "--seed", ",".join(map(str, seed)))
    done = dmdp_command(*words, "--model", "published-pet-clinical", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "Applicability: outside" in done.stdout
    assert "show anyway" in done.stdout
    assert "mutant;" not in done.stdout  # no number on the screen
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.index("Show anyway") < page.index("probability of")


@pytest.mark.slow
def test_the_thigh_sarcoma_is_outside(data, dmdp_command, tmp_path):
    folder = data("sts_001") / "ibsi_suv"
    done = dmdp_command(
        "predict", "--ct", folder / "CT_image.nii.gz", "--pet", folder / "PET_image.nii.gz", "--pet-is-suv",
        "--pet-mask", folder / "PET_mask.nii.gz", "--ct-mask", folder / "CT_mask.nii.gz",
        "--model", "published-pet-clinical", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Applicability: outside" in done.stdout


def test_the_uncorrected_series_is_refused(data, dmdp_command):
    folder = data("acrin_nsclc_042")
    done = dmdp_command("suv", folder / "pet_nac")
    assert done.returncode == 3
    assert "PROPCNTS" in done.stderr


def test_identity_stays_out_of_what_is_said(data, dmdp_command):
    said = dmdp_command("suv", data("acrin_nsclc_042") / "pet_ac", "--json").stdout
    assert "ACRIN" not in said
    assert load_pet(data("acrin_nsclc_042") / "pet_ac").pet.provenance["modality"] == "PET"
