"""The radiomics engine against PyRadiomics on public CT and PET, with the profiles that ship and with others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dmdp.delineation.pet import delineate
from dmdp.images.files import read_mask, read_volume
from dmdp.images.volume import Geometry, Volume
from dmdp.intake.load import load_pair
from dmdp.radiomics.backend import find_settings
from dmdp.radiomics.engine import extract
from dmdp.radiomics.grid import bounds
from dmdp.radiomics.profile import Profile
from dmdp.radiomics.reference import extract_by_pyradiomics

pytestmark = pytest.mark.data
SEED = (-41.8, -14.7, -121.3)
FILES = {
    "LUNG1-001": ("lung_ct", "LUNG1-001_ct.nii.gz", "LUNG1-001_gtv.nii.gz", "HU"),
    "LUNG1-002": ("lung_ct", "LUNG1-002_ct.nii.gz", "LUNG1-002_gtv.nii.gz", "HU"),
    "LUNG1-003": ("lung_ct", "LUNG1-003_ct.nii.gz", "LUNG1-003_gtv.nii.gz", "HU"),
    "phantom": ("ibsi1", "ct_phantom/image.nii.gz", "ct_phantom/mask.nii.gz", "HU"),
    "thigh CT": ("sts_001", "ibsi_suv/CT_image.nii.gz", "ibsi_suv/CT_mask.nii.gz", "HU"),
    "thigh PET": ("sts_001", "ibsi_suv/PET_image.nii.gz", "ibsi_suv/PET_mask.nii.gz", "SUVbw g/ml"),
}
ACRIN = ("lung CT of ACRIN", "lung PET of ACRIN")
OTHERS = {
    "bins, linear": dict(bin_count=32, interpolator="linear", wavelet=None, log_sigma_mm=(1.0, 3.0)),
    "planes": dict(spacing_mm=None, force_2d_axis=0, wavelet=None, distances=(1, 2)),
    "range": dict(resegment=(-3.0, 3.0), resegment_mode="sigma", wavelet=None, symmetric_glcm=False, gldm_alpha=1),
}


@pytest.fixture(scope="module")
def image_of(data):
    """``image_of(name)`` is an image, cut to what PyRadiomics needs of it in reasonable time, and the mask of its lesion."""

    def read(name: str) -> tuple[Volume, np.ndarray]:
        if name in ACRIN:
            folder = data("acrin_nsclc_042")
            pair = load_pair(folder / "ct", folder / "pet_ac")
            image = pair.ct if name == ACRIN[0] else pair.pet
            lesion = delineate(pair.pet, SEED)
            mask = lesion.mask.onto(image.geometry).array
        else:
            folder, picture, outline, unit = FILES[name]
            image, (mask, grid) = read_volume(data(folder) / picture, unit), read_mask(data(folder) / outline)
            assert grid.same_grid(image.geometry)
        ends = zip(bounds(mask), mask.shape, strict=True)
        window = tuple(slice(max(side.start - 40, 0), min(side.stop + 40, end)) for side, end in ends)
        low, size = [side.start for side in window], [side.stop - side.start for side in window]
        return Volume(image.array[window], image.geometry.crop(low, size), image.unit), mask[window]

    return read


def compare(image: Volume, mask: np.ndarray, profile: Profile) -> dict[str, float]:
    """Every feature equal; ours."""
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed: the engine is not compared with it")
    ours, theirs = (compute(image, {"gtv": mask}, profile)["gtv"] for compute in (extract, extract_by_pyradiomics))
    assert set(ours) == set(theirs)
    off = {
        name: (ours[name], value)
        for name, value in theirs.items()
        if abs(ours[name] - value) > 1e-6 * max(abs(ours[name]), abs(value)) + 1e-9
    }
    assert off == {}
    assert np.isfinite(list(ours.values())).all()
    return ours


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FILES, *ACRIN])
def test_the_profiles_that_ship_equal_pyradiomics(image_of, name):
    image, mask = image_of(name)
    profile = find_settings("radiomics_v1" if image.unit == "HU" else "radiomics_pet_v1")
    assert len(compare(image, mask, replace(profile, log_sigma_mm=(2.0,)))) == 14 + 10 * 93


@pytest.mark.slow
@pytest.mark.parametrize("settings", OTHERS)
@pytest.mark.parametrize("name", ["LUNG1-003", "thigh PET", ACRIN[1]])
def test_other_settings_equal_pyradiomics(image_of, name, settings):
    image, mask = image_of(name)
    profile = find_settings("radiomics_v1" if image.unit == "HU" else "radiomics_pet_v1")
    compare(image, mask, replace(profile, **OTHERS[settings]))


@pytest.mark.slow
def test_an_oblique_lung_tumour_equals_pyradiomics(image_of):
    image, mask = image_of("LUNG1-003")
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    affine = image.geometry.matrix
    affine[:3, :3] = turn @ affine[:3, :3]
    tilted = Geometry(image.geometry.shape, tuple(tuple(float(v) for v in row) for row in affine))
    compare(Volume(image.array, tilted, "HU"), mask, find_settings("radiomics_v1"))
