"""Profiles, PyRadiomics parameter files, back-ends, and what each feature is called."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from dmdp.errors import InputError, UsageError
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.radiomics import backend
from dmdp.radiomics.backend import compute, find_settings
from dmdp.radiomics.catalogue import CATALOGUE, described
from dmdp.radiomics.engine import extract
from dmdp.radiomics.names import feature_names
from dmdp.radiomics.parameters import from_document, read_parameters
from dmdp.radiomics.profile import Profile, read_profile

FILE = """
imageType:
  Original: {}
  Wavelet:
    wavelet: coif1
  LoG:
    sigma: [1.0, 2.5]  # mm
featureClass:
  shape:
  firstorder: []
  glcm:
    - 'Contrast'
    - 'MCC'
setting:
  binWidth: 10
  resampledPixelSpacing: [1, 1, 1]
  interpolator: 'sitkLinear'
  minimumROISize: 63
  force2D: false
  force2Ddimension: 0
  normalize: false
  correctMask: true
  label: 1
"""


def drawn(image: Volume, masks: dict[str, np.ndarray]) -> dict[str, Mask]:
    return {name: Mask(mask, image.geometry) for name, mask in masks.items()}


def scene() -> tuple[Volume, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    grid = Geometry.from_spacing((16, 17, 18), (2.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[4:12, 3:12, 4:13] = True
    return Volume(rng.normal(size=grid.shape) * 100, grid, "HU"), {"r": mask}


def test_the_profile_that_ships(project):
    profile = find_settings("radiomics_v1")
    assert profile == read_profile(project / "Resources/Profiles/radiomics_v1.json")
    assert (profile.spacing_mm, profile.interpolator, profile.bin_width) == ((1.0, 1.0, 1.0), "bspline", 25.0)
    assert len(feature_names(profile)) == 14 + 9 * 93


@pytest.mark.parametrize("name", ["radiomics_v1", "radiomics_pet_v1"])
def test_the_engine_computes_all_of_the_profiles_that_ship(name):
    image, masks = scene()
    profile, found = find_settings(name), compute(image, drawn(image, masks), find_settings(name))
    assert found.backend == "engine"
    assert tuple(found.features["r"]) == feature_names(profile)
    assert np.isfinite(list(found.features["r"].values())).all()


def test_a_profile_has_one_hash_whatever_it_is_called_or_typed():
    profile = Profile("a", bin_width=25.0, spacing_mm=(1.0, 1.0, 1.0))
    assert profile.hash == Profile("b", bin_width=25, spacing_mm=[1, 1, 1]).hash
    assert profile.hash != replace(profile, bin_width=10.0).hash
    assert profile.hash == Profile.from_json({**vars(profile), "name": "other"}).hash


@pytest.mark.parametrize(
    "document",
    [
        {"name": "x", "binWidth": 25},
        {"name": "x", "wavelet": "haar"},
        {"name": "x", "bin_width": 0},
        {"name": "x", "bin_width": "wide"},
        {"name": "x", "bin_count": 0},
        {"name": "x", "classes": ["glcm", "shape2D"]},
        {"name": "x", "only": ["gldm_DependenceVariance"], "classes": ["glcm"]},
        {"name": "x", "only": ["glcm_Homogeneity1"]},
        {"name": "x", "distances": []},
        {"name": "x", "spacing_mm": [1, 1]},
        {"name": "x", "log_sigma_mm": [0]},
        {"name": "x", "resegment": [1, 2, 3]},
        {"name": "x", "force_2d_axis": 3},
        {},
    ],
)
def test_a_profile_refuses_what_it_cannot_honour(document):
    with pytest.raises(InputError) as caught:
        Profile.from_json(document)
    assert caught.value.remedy


def test_a_damaged_profile_file_is_said_to_be_one(tmp_path):
    for content in ("{", "[1]"):
        (tmp_path / "p.json").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="no radiomics profile"):
            read_profile(tmp_path / "p.json")
    with pytest.raises(InputError, match="radiomics_v1"):
        find_settings("no such profile")


def test_a_parameter_file_of_pyradiomics_becomes_a_profile(tmp_path):
    (tmp_path / "settings.yaml").write_text(FILE, encoding="utf-8")
    settings = find_settings(tmp_path / "settings.yaml")
    assert settings.unsupported == ()
    profile = settings.profile
    assert (profile.bin_width, profile.wavelet, profile.log_sigma_mm) == (10.0, "coif1", (1.0, 2.5))
    assert (profile.minimum_voxels, profile.interpolator, profile.force_2d_axis) == (64, "linear", None)
    assert {name for name in profile.only if name.startswith("glcm")} == {"glcm_Contrast", "glcm_MCC"}
    assert len(feature_names(profile)) == 14 + 11 * (18 + 2)


def test_a_parameter_file_gives_what_pyradiomics_makes_of_it(tmp_path):
    """Without PyRadiomics' own names for every default, the whole file would be guesswork."""
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: the engine is not compared with it")
    image, masks = scene()
    for text in (FILE, "setting:\n  binCount: 16\n", "featureClass:\n  glrlm:\nimageType:\n  LoG:\n    sigma: [1.0]\n"):
        (tmp_path / "settings.yaml").write_text(text, encoding="utf-8")
        settings = read_parameters(tmp_path / "settings.yaml")
        ours, theirs = (compute(image, drawn(image, masks), settings, by) for by in ("engine", "pyradiomics"))
        assert (ours.backend, theirs.backend) == ("engine", "pyradiomics")
        assert ours.features["r"] == pytest.approx(theirs.features["r"], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"setting": {"normalize": True}}, "normalize = True"),
        ({"setting": {"weightingNorm": "manhattan"}}, "weightingNorm = manhattan"),
        ({"setting": {"bin_width": 3}}, "bin_width = 3"),
        ({"imageType": {"Square": {}}}, "image type Square"),
        ({"imageType": {"Wavelet": {"wavelet": "haar"}}}, "Wavelet wavelet = haar"),
        ({"imageType": {"Wavelet": {"binWidth": 5}}}, "Wavelet binWidth = 5"),
        ({"imageType": {"LoG": {"sigma": [1], "binWidth": 5}}}, "LoG binWidth = 5"),
        ({"featureClass": {"shape2D": None}}, "feature class shape2D"),
        ({"featureClass": {"glcm": ["Homogeneity1"]}}, "feature glcm_Homogeneity1"),
        ({"setting": {}, "voxelSetting": {}}, "voxelSetting (unknown part)"),
    ],
)
def test_what_the_engine_does_not_compute_is_named_never_guessed(document, named, monkeypatch):
    settings = from_document("file", document)
    assert (settings.profile, settings.unsupported) == (None, (named,))
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    image, masks = scene()
    with pytest.raises(InputError) as caught:
        compute(image, drawn(image, masks), settings)
    assert named in caught.value.found


def test_what_the_engine_does_not_compute_falls_back_to_pyradiomics():
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: there is nothing to fall back to")
    image, masks = scene()
    masks = {**masks, "empty": np.zeros_like(masks["r"])}
    settings = from_document("file", {"imageType": {"Square": {}}, "featureClass": {"firstorder": ["Mean"]}})
    found = compute(image, drawn(image, masks), settings)
    assert found.backend == "pyradiomics"
    assert list(found.features["r"]) == ["square_firstorder_Mean"]
    assert list(found.absent) == ["empty"]


def test_a_parameter_file_may_be_json_too(tmp_path):
    document = {"setting": {"binWidth": 10, "label": 2}, "featureClass": {"glcm": ["Contrast"]}}
    (tmp_path / "settings.json").write_text(json.dumps(document), encoding="utf-8")
    settings = find_settings(tmp_path / "settings.json")
    assert (settings.profile.bin_width, settings.profile.only) == (10.0, ("glcm_Contrast",))


def test_the_label_in_a_parameter_file_does_not_matter_to_a_mask():
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: there is nothing to fall back to")
    image, masks = scene()
    document = {"setting": {"label": 7, "normalize": True}, "featureClass": {"firstorder": ["Mean"]}}
    assert set(compute(image, drawn(image, masks), from_document("file", document)).features["r"]) == {"original_firstorder_Mean"}


@pytest.mark.parametrize(
    "document",
    [
        {"setting": {"binWidth": "wide"}},
        {"setting": [1]},
        {"setting": {"resampledPixelSpacing": 1}},
        {"setting": {"minimumROISize": "all"}},
        {"imageType": ["Original"]},
        {"imageType": {"LoG": {"sigma": 3}}},
        {"featureClass": {"glcm": 3}},
        {"setting": {"distances": []}},
        {"setting": {"interpolator": ["sitkLinear"], "binWidth": -1}},
    ],
)
def test_impossible_values_in_a_parameter_file_are_refused(document):
    with pytest.raises(InputError) as caught:
        if settings := from_document("file", document).unsupported:
            raise InputError("radiomics.unsupported", str(settings), "", "")
    assert caught.value.found


@pytest.mark.parametrize("content", ["just words", "- 1\n- 2\n", "a: 1\n", "a: [1\n"])
def test_what_is_no_parameter_file_is_refused(tmp_path, content):
    (tmp_path / "settings.yml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        find_settings(tmp_path / "settings.yml")


def test_a_back_end_that_does_not_exist_is_refused():
    image, masks = scene()
    with pytest.raises(UsageError, match="engine"):
        compute(image, drawn(image, masks), Profile("p"), "gpu")


def test_names_units_and_definitions_are_those_of_the_engine():
    image, masks = scene()
    profile = Profile("p", wavelet="coif1", log_sigma_mm=(1.0,), bin_width=25)
    found = extract(image, masks, profile)["r"]
    assert tuple(found) == feature_names(profile)
    assert len(CATALOGUE) == 107
    energy = described("wavelet-HLH_firstorder_TotalEnergy", found["wavelet-HLH_firstorder_TotalEnergy"], "HU")
    assert (energy.unit, energy.value) == ("HU²·mm³", found["wavelet-HLH_firstorder_TotalEnergy"])
    assert "wavelet-HLH" in energy.definition
    assert described("original_glcm_Contrast", 1.0, "HU").unit == "1"
    assert described("original_firstorder_Mean", 1.0, "SUVbw g/ml").unit == "SUVbw g/ml"


def test_features_by_name():
    image, masks = scene()
    profile = Profile("p", only=("glcm_Contrast", "shape_Sphericity"), classes=("glcm", "shape"))
    assert set(extract(image, masks, profile)["r"]) == {"original_glcm_Contrast", "original_shape_Sphericity"}
