"""Bundles: what is whole is read, everything else is refused before it is used."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy as safetensors
from dmdp.bundles.bundle import read_bundle, write_bundle
from dmdp.ensemble.model import load_ensemble
from dmdp.errors import ModelError
from dmdp.models import load_model
from dmdp_training.cohorts.published import ENDPOINTS


@pytest.fixture
def copy(project, tmp_path):
    """A copy of the shipped machine-learning bundle that a test may damage."""
    return shutil.copytree(project / "Resources/Models/published-pet-clinical", tmp_path / "published-pet-clinical")


def rewrite(folder, change):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def refused(path) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(read_bundle(path))
    assert caught.value.exit_code == 4
    return caught.value.code


def test_the_shipped_bundle_is_whole_as_folder_and_zip(copy, tmp_path):
    model = load_model(read_bundle(copy))
    assert {s.task for s in model.sub_models} == set(ENDPOINTS)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", copy)
    assert read_bundle(packed).sha256 == model.bundle.sha256
    whole = shutil.make_archive(str(tmp_path / "published-pet-clinical"), "zip", tmp_path, "published-pet-clinical")
    assert read_bundle(whole).sha256 == model.bundle.sha256


def test_a_changed_byte_is_found(copy):
    path = next(copy.glob("*.safetensors"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert refused(copy) == "bundle.hash"


def test_added_and_missing_files_are_found(copy):
    (copy / "extra.json").write_bytes(b"x")
    assert refused(copy) == "bundle.extra_file"
    (copy / "extra.json").unlink()
    next(copy.glob("*.safetensors")).unlink()
    assert refused(copy) == "bundle.missing_file"


@pytest.mark.parametrize("name", ["evil.pkl", "run.py", "weights.pt", "model.skops", "model.joblib"])
def test_file_types_that_could_run_are_refused(copy, name):
    (copy / name).write_bytes(b"x")
    assert refused(copy) == "bundle.file_type"


def test_symlinks_and_folders_are_refused(copy):
    (copy / "link.json").symlink_to("/etc/hostname")
    assert refused(copy) == "bundle.path"


def test_a_changed_coefficient_fails_the_self_test(copy):
    change_tensor(copy, "EGFR-robust.weights", lambda a: a + 0.1)
    assert refused(copy) == "bundle.self_test"


@pytest.mark.parametrize(
    ("tensor", "change"),
    [
        ("EGFR-robust-stack.RF.left", lambda a: a * 0),
        ("EGFR-robust-stack.second", lambda a: a[:-1]),
        ("EGFR-robust.bootstrap", lambda a: a * np.nan),
        ("EGFR-robust.weights", lambda a: np.zeros(99)),
    ],
)
def test_tensors_that_are_no_model_are_refused(copy, tensor, change):
    change_tensor(copy, tensor, change)
    assert refused(copy) == "bundle.manifest"


def change_tensor(folder, name, change):
    """Change a tensor and put things right with the manifest, as somebody with bad intentions would."""
    path = folder / "ensemble.safetensors"
    tensors = safetensors.load(path.read_bytes())
    tensors[name] = np.ascontiguousarray(change(tensors[name]))
    path.write_bytes(safetensors.save(tensors))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    rewrite(folder, lambda m: m["files"].update({path.name: digest}))


def test_incomplete_and_foreign_manifests(copy):
    rewrite(copy, lambda m: m.pop("intended_use"))
    assert refused(copy) == "bundle.manifest"
    (copy / "manifest.json").write_text("{", encoding="utf-8")
    assert refused(copy) == "bundle.manifest"
    (copy / "manifest.json").unlink()
    assert refused(copy) == "bundle.no_manifest"


def zipped(tmp_path, *members: tuple[str, bytes]):
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../out.json", "/etc/passwd.json", "a/b.json", "c:\\x.json"])
def test_paths_that_lead_out_of_a_zip_are_refused(tmp_path, name):
    assert refused(zipped(tmp_path, (name, b"{}"))) == "bundle.path"


def test_zip_bombs_and_rubbish_are_refused(tmp_path):
    assert refused(zipped(tmp_path, ("big.safetensors", b"\0" * (65 * 1024 * 1024)))) == "bundle.size"
    (tmp_path / "b.zip").write_bytes(b"PK\3\4 rubbish")
    assert refused(tmp_path / "b.zip") == "bundle.zip"


def test_a_truncated_zip_is_refused(copy, tmp_path):
    packed = tmp_path / "packed.zip"
    shutil.make_archive(str(packed.with_suffix("")), "zip", copy)
    packed.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    assert refused(packed) == "bundle.zip"


def test_a_learner_of_another_kind_is_refused(copy):
    rewrite(copy, lambda m: m["sub_models"][0].update(kind="oracle"))
    assert refused(copy) == "bundle.manifest"


def test_a_failed_write_leaves_the_former_bundle(copy):
    before = read_bundle(copy).sha256
    with pytest.raises(TypeError):
        write_bundle(copy, replace(read_bundle(copy).manifest, name=object()), {})
    assert read_bundle(copy).sha256 == before
    assert [p.name for p in copy.parent.iterdir()] == [copy.name]


def test_missing_inputs_choose_another_sub_model(project):
    model = load_ensemble(read_bundle(project / "Resources/Models/published-pet-clinical"))
    images = {
        "suv_max": 9.0,
        "suv_peak": 7.0,
        "suv_mean": 4.0,
        "suv_sd": 2.0,
        "suv_skew": 1.0,
        "suv_kurtosis": 0.5,
        "MTV_3": 20.0,
    }

    def first(values, contour="auto"):
        return model.candidates("EGFR", values, contour)[0].id

    assert first(images) == "EGFR-robust-stack"
    assert first({**images, "sex": 1.0}) == "EGFR-robust-sex-stack"
    assert first({**images, "sex": 1.0, "age": 60.0}) == "EGFR-robust-age-sex-stack"
    assert first({**images, "sex": 1.0, "age": 60.0, "smoking": 0.0}) == "EGFR-robust-age-sex-smoking-stack"
    assert first({**images, "age": 60.0}) == "EGFR-robust-stack"
    offered = {m.id for m in model.candidates("EGFR", images, "manual")}
    assert "EGFR-contour" in offered
    assert "EGFR-contour" not in {m.id for m in model.candidates("EGFR", images, "pet41")}
    assert model.candidates("EGFR", {**images, "suv_max": 0.0}, "auto") == []


def test_an_estimate_lies_in_its_interval(project):
    model = load_ensemble(read_bundle(project / "Resources/Models/published-pet-clinical"))
    rng = np.random.default_rng(0)
    for sub_model in model.sub_models:
        for _ in range(20):
            maximum = rng.uniform(1, 40)
            values = {"suv_max": maximum, "suv_peak": 0.8 * maximum, "suv_mean": 0.4 * maximum, "suv_sd": 0.2 * maximum,
                      "suv_skew": 1.0, "suv_kurtosis": 0.0, "MTV_3": rng.uniform(1, 100), "age": rng.uniform(40, 80),
                      "sex": float(rng.integers(2)), "smoking": float(rng.integers(2))}  # fmt: skip
            estimate = sub_model.estimate(values)
            low, high = estimate.interval
            assert 0 < low <= estimate.probability <= high < 1


@pytest.mark.parametrize("name", ["../../escaped", "a/b", "", ".hidden", 7])
def test_a_name_that_leads_elsewhere_is_refused(copy, name):
    rewrite(copy, lambda manifest: manifest.update(name=name))
    assert refused(copy) == "bundle.name"
