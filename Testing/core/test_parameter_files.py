"""``--profile FILE``: a PyRadiomics parameter file gives what PyRadiomics makes of the same images, or says why not."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import SimpleITK as sitk
from dmdp.cli import main
from dmdp.errors import InputError
from dmdp.features.ct import TUMOUR, ct_features
from dmdp.images.files import to_sitk, write_mask, write_volume
from dmdp.images.volume import Geometry, Volume
from dmdp.intake.prepare import prepare_case
from dmdp.intake.row import PatientRow
from dmdp.radiomics.backend import find_settings
from dmdp.radiomics.engine import extract
from dmdp.radiomics.parameters import from_document
from dmdp.radiomics.profile import Profile
from dmdp.regions.ct_regions import ct_regions
from dmdp.regions.thorax import find_thorax

ALL = {kind: None for kind in ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")}
MEAN = {"firstorder": ["Mean", "Median", "Variance"]}
FILES = {
    "the CT's own grid": {"setting": {"binWidth": 25}, "featureClass": ALL},
    "resampled": {"setting": {"binWidth": 25, "resampledPixelSpacing": [1.5, 1.5, 1.5]}, "featureClass": ALL},
    "resampled linearly": {
        "setting": {"binWidth": 25, "resampledPixelSpacing": [2, 2, 2], "interpolator": "sitkLinear"},
        "featureClass": ALL,
    },
    "normalised": {"setting": {"binWidth": 25, "normalize": True, "normalizeScale": 100}, "featureClass": ALL},
    "normalised, without outliers, resampled": {
        "setting": {
            "binWidth": 5, "normalize": True, "normalizeScale": 100, "removeOutliers": 3, "resampledPixelSpacing": [2, 2, 2],
        },
        "featureClass": MEAN,
    },
    "in planes": {"setting": {"binWidth": 25, "force2D": True}, "featureClass": ALL},
    "a range": {"setting": {"binCount": 32, "resegmentRange": [-3, 3], "resegmentMode": "sigma"}, "featureClass": ALL},
    "LoG": {"imageType": {"LoG": {"sigma": [0.5, 3.0]}}, "featureClass": MEAN},
    "LoG over thick slices": {
        "setting": {"resampledPixelSpacing": [1, 1, 10]}, "imageType": {"LoG": {"sigma": [0.5, 2.0]}}, "featureClass": MEAN,
    },
    "wavelets": {"imageType": {"Wavelet": {}}, "featureClass": MEAN},
    "cropped first": {
        "setting": {"preCrop": True, "padDistance": 2}, "imageType": {"LoG": {"sigma": [1.0]}, "Wavelet": {}},
        "featureClass": MEAN,
    },
    "another filter": {"imageType": {"Square": {}, "Gradient": {}}, "featureClass": MEAN},
}  # fmt: skip


@pytest.fixture(scope="module")
def images(simulated_study, tmp_path_factory):
    """Files of the simulated patient: the CT as floating and as whole numbers and in coronal slices, the PET, and masks."""
    patient, _ = simulated_study
    folder = tmp_path_factory.mktemp("images")
    ct, lesion = patient.ct, patient.lesion_ct.array
    write_volume(folder / "float.nii.gz", ct)
    write_volume(folder / "pet.nii.gz", patient.pet)
    write_mask(folder / "mask.nii.gz", lesion, ct.geometry)
    whole = to_sitk(np.rint(ct.array).astype(np.int16), ct.geometry)
    sitk.WriteImage(whole, str(folder / "whole.nii.gz"))
    sitk.WriteImage(sitk.PermuteAxes(to_sitk(ct.array, ct.geometry), [0, 2, 1]), str(folder / "coronal.nii.gz"))
    middle = int(np.argwhere(lesion).mean(axis=0)[0])
    thin = np.zeros_like(lesion)
    thin[middle - 1 : middle + 1] = lesion[middle - 1 : middle + 1]
    write_mask(folder / "thin.nii.gz", thin, ct.geometry)
    for name in ("mask", "thin"):
        mask = sitk.ReadImage(str(folder / f"{name}.nii.gz"))
        sitk.WriteImage(sitk.PermuteAxes(mask, [0, 2, 1]), str(folder / f"{name}_coronal.nii.gz"))
    return folder


@pytest.fixture(scope="module")
def prepared(images):
    """``prepared(ct, mask)`` is the case and its regions."""
    known = {}

    def prepare(ct: str, mask: str):
        if (ct, mask) not in known:
            pet = images / "pet.nii.gz"
            case = prepare_case(PatientRow(ct=images / ct, pet=pet, pet_is_suv=True, mask=images / mask))
            known[ct, mask] = case, ct_regions(case.ct, case.ct_lesion, find_thorax(case.ct))
        return known[ct, mask]

    return prepare


RUNS = (
    *(("float", "mask", name) for name in FILES),
    *(("whole", "mask", name) for name in ("resampled", "LoG over thick slices", "wavelets", "cropped first", "another filter")),
    ("whole", "mask", "normalised, without outliers, resampled"),
    *(("coronal", "mask", name) for name in ("the CT's own grid", "resampled", "in planes")),
    *(("float", "thin", name) for name in ("the CT's own grid", "LoG", "LoG over thick slices", "in planes", "wavelets")),
)


@pytest.mark.parametrize(("ct", "mask", "name"), RUNS)
def test_the_whole_tumour_is_what_pyradiomics_measures_in_the_same_files(images, prepared, ct, mask, name):
    radiomics = pytest.importorskip("radiomics", reason="PyRadiomics is not installed: the engine is not compared with it")
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    radiomics.logger.setLevel(logging.CRITICAL)
    outline = f"{mask}_coronal.nii.gz" if ct == "coronal" else f"{mask}.nii.gz"
    case, regions = prepared(f"{ct}.nii.gz", outline)
    found = ct_features(case, regions, from_document(name, FILES[name]), (TUMOUR,))
    ours = {key: feature.value for key, feature in found.regions[TUMOUR].items()}
    document = {**FILES[name], "setting": {**FILES[name].get("setting", {}), "additionalInfo": False}}
    theirs = RadiomicsFeatureExtractor(document).execute(str(images / f"{ct}.nii.gz"), str(images / outline))
    assert {key for key, value in ours.items() if np.isfinite(value)} <= set(theirs)
    off = {
        key: (ours[key], float(value))
        for key, value in theirs.items()
        if not (np.isnan(value) and np.isnan(ours[key]))
        and not abs(ours[key] - value) <= 1e-6 * max(abs(ours[key]), abs(value)) + 1e-9
    }
    assert off == {}
    assert len(theirs) >= 3


def test_known_values_of_the_simulated_patient(prepared):
    """As PyRadiomics 3.0.1 gave them, for where it is not installed."""
    case, regions = prepared("whole.nii.gz", "mask.nii.gz")
    found = ct_features(case, regions, from_document("file", FILES["the CT's own grid"])).regions[TUMOUR]
    assert found["original_firstorder_Mean"].value == pytest.approx(13.103, abs=5e-4)
    assert found["original_firstorder_Variance"].value == pytest.approx(2430.4, abs=0.05)
    assert found["original_glszm_ZoneEntropy"].value == pytest.approx(5.108, abs=5e-4)
    found = ct_features(case, regions, from_document("file", FILES["normalised"])).regions[TUMOUR]
    assert found["original_firstorder_Mean"].value == pytest.approx(137.16, abs=5e-3)
    assert found["original_glcm_Contrast"].value == pytest.approx(0.180, abs=5e-4)


def test_the_other_regions_lie_on_the_same_grid(prepared):
    case, regions = prepared("float.nii.gz", "mask.nii.gz")
    found = ct_features(case, regions, from_document("file", {"featureClass": {"shape": ["VoxelVolume"]}}))
    assert set(found.regions) >= {"reg1", "reg5", TUMOUR}
    voxel = float(np.prod(case.ct.geometry.spacing))
    for region in ("reg1", "reg5", TUMOUR):
        voxels = found.regions[region]["original_shape_VoxelVolume"].value / voxel
        assert voxels == pytest.approx(round(voxels), abs=1e-6)
    assert found.regions[TUMOUR]["original_shape_VoxelVolume"].value == pytest.approx(case.ct_lesion.volume_ml * 1000)
    assert any("own grid" in note for note in found.notes)


def scene() -> tuple[Volume, dict[str, np.ndarray]]:
    grid = Geometry.from_spacing((12, 20, 20), (10.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[5, 4:16, 4:16] = True
    return Volume(np.random.default_rng(0).normal(size=grid.shape) * 1000, grid, "HU"), {"r": mask}


@pytest.mark.parametrize("sigma", [0.05, 0.5, 1.0, 5.0, 40.0])
@pytest.mark.parametrize("place", [0, 5, 11])
def test_one_slice_under_a_small_sigma_is_filtered_or_left_out_as_pyradiomics_does(sigma, place):
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: the engine is not compared with it")
    from dmdp.radiomics.reference import extract_by_pyradiomics

    image, masks = scene()
    masks = {"r": np.roll(masks["r"], place - 5, axis=0)}
    profile = Profile("thin", classes=("firstorder",), original=True, log_sigma_mm=(sigma,))
    ours, theirs = extract(image, masks, profile)["r"], extract_by_pyradiomics(image, masks, profile)["r"]
    assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("width", "classes"), [(1e-7, ("firstorder",)), (1e-14, ("firstorder",)), (0.01, ("glcm",))])
def test_a_tiny_bin_width_is_named_as_the_cause(width, classes):
    image, masks = scene()
    masks = {"r": np.ones(image.geometry.shape, bool)}
    with pytest.raises(InputError, match="bin width of") as caught:
        extract(image, masks, Profile("tiny", classes=classes, bin_width=width))
    assert caught.value.code == "radiomics.levels"


def test_many_levels_that_can_be_counted_are_counted():
    image, masks = scene()
    found = extract(image, masks, Profile("small", classes=("firstorder", "glcm"), bin_width=0.5))["r"]
    assert np.isfinite(found["original_glcm_Contrast"])
    assert Profile("wide", bin_width=25).bin_width == 25
    with pytest.raises(InputError):
        Profile("endless", bin_width=float("inf"))


def test_voxels_too_fine_to_be_held_are_named_as_the_cause():
    image, masks = scene()
    with pytest.raises(InputError, match=r"resample to 0\.001 × 0\.001 × 10 mm"):
        extract(image, masks, Profile("fine", classes=("firstorder",), spacing_mm=(0.001, 0.001, 0.001)))


@pytest.fixture
def features(images, tmp_path):
    """``features(yaml)`` runs the command with such a file: its exit code."""

    def run(text: str) -> int:
        (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
        words = [
            "--ct",
            images / "float.nii.gz",
            "--pet",
            images / "pet.nii.gz",
            "--pet-is-suv",
            "--mask",
            images / "mask.nii.gz",
        ]
        return main([str(w) for w in ("features", *words, "--profile", tmp_path / "p.yaml", "--out", tmp_path / "f.csv")])

    return run


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("setting:\n  binwidth: 3\n", "binwidth = 3"),
        ("setting:\n  binWidth: 25\n  normalise: true\n", "normalise = True"),
        ("featureClass:\n  firstorder:\n    - Meen\n", "feature firstorder_Meen"),
        ("featureClass:\n  texture:\n", "feature class texture"),
        ("imageType:\n  LOG: {}\n", "image type LOG"),
        ("imageType:\n  LoG:\n    sigmas: [1]\n", "LoG sigmas = [1]"),
        ("settings:\n  binWidth: 25\nimageType:\n  Original: {}\n", "settings"),
    ],
)
def test_unknown_keys_are_refused_by_name_in_one_line(features, capfd, text, named):
    assert features(text) == 3
    shown = capfd.readouterr().err
    assert named in shown
    assert "does not know" in shown
    assert len(shown.replace("\r", "\n").strip().splitlines()) <= 1


@pytest.mark.parametrize("text", ["setting:\n  normalize: perhaps\n", "setting:\n  weightingNorm: manhatten\n"])
def test_values_that_pyradiomics_refuses_are_told_in_one_line(features, capfd, text):
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: there is nothing to fall back to")
    assert features(text) == 3
    shown = [line for line in capfd.readouterr().err.replace("\r", "\n").splitlines() if "\033[K" not in line]
    assert len(shown) == 1
    assert "PyRadiomics refuses the parameter file" in shown[0]


def test_a_deprecated_feature_is_not_unknown(tmp_path):
    (tmp_path / "p.yaml").write_text("featureClass:\n  glcm:\n    - Dissimilarity\n", encoding="utf-8")
    settings = find_settings(tmp_path / "p.yaml")
    assert settings.unknown == ()
    assert settings.unsupported == ("feature glcm_Dissimilarity",)


def test_what_makes_no_feature_is_said(images, prepared):
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: there is nothing to fall back to")
    case, regions = prepared("float.nii.gz", "mask.nii.gz")
    found = ct_features(case, regions, from_document("file", {"featureClass": {"shape2D": None}}), (TUMOUR,))
    assert "no feature" in found.absent[TUMOUR]


def test_an_image_that_is_too_thin_for_a_filter_is_said_to_be(images, prepared):
    case, regions = prepared("float.nii.gz", "thin.nii.gz")
    settings = from_document("file", {"imageType": {"Original": {}, "LoG": {"sigma": [2000.0]}}, "featureClass": MEAN})
    found = ct_features(case, regions, settings, (TUMOUR,))
    assert any(note.startswith("log-sigma-2000-0-mm-3D is left out of tumour") for note in found.notes)
    assert all(np.isnan(f.value) for name, f in found.regions[TUMOUR].items() if name.startswith("log"))


def test_a_ct_of_two_slices_is_refused_with_the_reason(prepared):
    from dmdp.features.ct import bspline_onto

    case, regions = prepared("float.nii.gz", "mask.nii.gz")
    two = Volume(case.ct.array[:2], case.ct.geometry.crop((0, 0, 0), (2, *case.ct.geometry.shape[1:])), "HU")
    with pytest.raises(InputError, match="three voxels along each axis"):
        bspline_onto(two, regions.geometry)
