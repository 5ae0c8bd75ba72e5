"""Image files whose header says something else than a right-angled grid in one place, and files that are cut off."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk
from dmdp.cli import main
from dmdp.errors import InputError, OutputError
from dmdp.images.files import read_mask, read_volume, write_mask, write_volume
from dmdp.images.volume import Geometry, Volume
from dmdp.intake.load import load_pet
from dmdp.intake.masks import read_segment

SHAPE = (20, 30, 40)
GRID = Geometry.from_spacing(SHAPE, (3.0, 2.0, 2.0), (-40.0, -30.0, 10.0))


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


@pytest.fixture
def edited(tmp_path, values):
    """``edited(change)`` is the path of a NIfTI file whose bytes ``change`` has had in hand."""

    def make(change, name="image.nii.gz"):
        write_volume(tmp_path / "plain.nii", Volume(values, GRID, "1"))
        whole = bytearray((tmp_path / "plain.nii").read_bytes())
        change(whole)
        packed = gzip.compress(bytes(whole)) if name.endswith(".gz") else bytes(whole)
        (tmp_path / name).write_bytes(packed)
        return tmp_path / name

    return make


def sheared(by: float, *, qform: bool = False):
    def change(whole):
        rows = list(struct.unpack_from("<12f", whole, 280))
        rows[1] += by
        struct.pack_into("<12f", whole, 280, *rows)
        struct.pack_into("<hh", whole, 252, int(qform), 1)

    return change


def moved_sform(mm: float):
    def change(whole):
        rows = list(struct.unpack_from("<12f", whole, 280))
        rows[3] += mm
        struct.pack_into("<12f", whole, 280, *rows)
        struct.pack_into("<hh", whole, 252, 1, 1)

    return change


def no_directions(whole):
    struct.pack_into("<12f", whole, 280, *np.zeros(12))
    struct.pack_into("<hh", whole, 252, 0, 1)


@pytest.mark.parametrize("name", ["image.nii.gz", "image.nii"])
@pytest.mark.parametrize("qform", [False, True])
def test_axes_that_are_not_at_right_angles_are_said_to_be_that(edited, capfd, name, qform):
    path = edited(sheared(0.15, qform=qform), name)
    for read in (lambda: read_volume(path, "1"), lambda: read_mask(path), lambda: read_segment(path)):
        with pytest.raises(InputError) as caught:
            read()
        assert caught.value.code == "image.not_right_angled"
        assert "not at right angles" in caught.value.found
        assert "Resample" in caught.value.remedy
    assert "ITK" not in "".join(capfd.readouterr())


def test_a_shear_below_half_a_millimetre_counts_as_none(edited, values):
    image = read_volume(edited(sheared(0.01)), "1")  # 0.15 mm at the outermost rows; ITK refuses it
    assert np.array_equal(image.array, values)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in SHAPE])).reshape(3, -1).T
    assert np.abs(image.geometry.to_lps(corners) - GRID.to_lps(corners)).max() < 0.5


def test_two_places_are_said_to_be_two(edited, values):
    with pytest.raises(InputError, match=r"sform and qform lie up to 12\.0 mm apart") as caught:
        read_volume(edited(moved_sform(12.0)), "1")
    assert caught.value.code == "nifti.two_places"
    assert np.array_equal(read_volume(edited(moved_sform(0.2)), "1").array, values)


def test_a_header_without_directions_is_no_damaged_file(edited):
    with pytest.raises(InputError, match="span no volume") as caught:
        read_volume(edited(no_directions), "1")
    assert caught.value.code == "image.no_axes"


@pytest.mark.parametrize("suffix", ["nrrd", "mha"])
def test_other_formats_with_a_shear_are_refused_too(tmp_path, values, suffix):
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((2.0, 2.0, 3.0))
    image.SetDirection((1.0, 0.1, 0.0, 0.0, 0.995, 0.0, 0.0, 0.0, 1.0))
    sitk.WriteImage(image, str(tmp_path / f"image.{suffix}"))
    with pytest.raises(InputError, match="not at right angles"):
        read_volume(tmp_path / f"image.{suffix}", "1")


def test_no_nifti_is_written_whose_header_cannot_hold_the_geometry(tmp_path, values):
    matrix = GRID.matrix
    matrix[1, 0] += 0.8  # the third axis leans, as in a tilted gantry
    leaning = Geometry(SHAPE, tuple(tuple(float(v) for v in row) for row in matrix))
    for name in ("mask.nii.gz", "mask.nii"):
        with pytest.raises(OutputError, match="cannot be written as NIfTI") as caught:
            write_mask(tmp_path / name, values > 0, leaning)
        assert caught.value.code == "output.geometry"
        assert not list(tmp_path.iterdir())
    write_mask(tmp_path / "mask.nrrd", values > 0, leaning)
    turned = Geometry(SHAPE, GRID.moved([[0, -1, 0, 3], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]).affine)
    assert read_mask(write_mask(tmp_path / "turned.nii.gz", values > 0, turned))[1].same_grid(turned)


@pytest.mark.parametrize("name", ["image.nii", "image.nii.gz"])
def test_a_file_without_its_last_voxels_is_not_filled_up_with_zeros(edited, name):
    def cut(whole):
        del whole[len(whole) // 2 :]

    path = edited(cut, name)
    for read in (lambda: read_volume(path, "1"), lambda: read_mask(path), lambda: read_segment(path)):
        with pytest.raises(InputError, match="ends too early"):
            read()


@pytest.mark.parametrize("content", [b"", b"x" * 1000, b"NRRD0004\ntype: short\n", b"ObjectType = Image\nNDims = 3\n"])
@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "nrrd", "mha"])
def test_no_words_of_the_image_libraries_reach_the_screen(tmp_path, capfd, content, suffix):
    (tmp_path / f"image.{suffix}").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_volume(tmp_path / f"image.{suffix}", "1")
    shown = "".join(capfd.readouterr()) + str(caught.value)
    assert not any(word in shown for word in ("ITK", "itk", "**", "nrrd]", "MetaImage:"))


def test_a_later_version_of_nifti_is_named(tmp_path):
    (tmp_path / "image.nii").write_bytes(struct.pack("<i", 540) + b"n+2\0\r\n\032\n" + bytes(1000))
    with pytest.raises(InputError, match="NIfTI-2"):
        read_volume(tmp_path / "image.nii", "1")


def test_the_command_says_so_in_one_line(simulated_study, tmp_path, capfd):
    patient, _ = simulated_study
    write_volume(tmp_path / "plain.nii", Volume(patient.pet.array, patient.pet.geometry, "1"))
    whole = bytearray((tmp_path / "plain.nii").read_bytes())
    sheared(0.15)(whole)
    (tmp_path / "pet.nii").write_bytes(bytes(whole))
    seed = ",".join(map(str, patient.seed_lps))
    words = ["delineate", "--pet", str(tmp_path / "pet.nii"), "--pet-is-suv", "--seed", seed, "--out", str(tmp_path / "o.nii.gz")]
    assert main(words) == 3
    shown = capfd.readouterr().err
    assert "not at right angles" in shown
    assert "ITK" not in shown
    assert "damaged" not in shown
    assert not (tmp_path / "o.nii.gz").exists()


def pixdim_of_another(whole):
    """The sform alone holds; the sizes beside it are those of some other image."""
    struct.pack_into("<3f", whole, 80, 1.0, 1.0, 1.0)
    struct.pack_into("<hh", whole, 252, 0, 1)


def test_voxels_are_as_large_as_the_matrix_says(edited, values):
    volume = read_volume(edited(pixdim_of_another), "1")
    assert volume.geometry.same_grid(GRID)
    np.testing.assert_array_equal(volume.array, values)


@pytest.mark.parametrize(("slope", "inter", "factor"), [(2.0, 1.0, 2.0), (0.0, 0.0, 1.0), (np.nan, 0.0, 1.0), (0.0, np.nan, 1.0)])
def test_a_scale_with_one_meaning_is_applied(edited, values, slope, inter, factor):
    volume = read_volume(edited(lambda whole: struct.pack_into("<2f", whole, 112, slope, inter)), "1")
    np.testing.assert_allclose(volume.array, values * factor + (inter if slope == 2 else 0), rtol=1e-6)


@pytest.mark.parametrize(("slope", "inter"), [(0.0, 5.0), (np.inf, 0.0), (1.0, np.nan), (np.nan, 5.0)])
def test_a_scale_without_one_meaning_is_refused(edited, slope, inter):
    with pytest.raises(InputError, match=r"scl_slope, scl_inter") as refused:
        read_volume(edited(lambda whole: struct.pack_into("<2f", whole, 112, slope, inter)), "1")
    assert refused.value.code == "nifti.scale"


@pytest.mark.parametrize("unit", [1, 3], ids=["metres", "micrometres"])
def test_voxels_beyond_all_sizes_are_refused_with_theirs(edited, unit):
    with pytest.raises(InputError, match="may name another unit of length"):
        read_volume(edited(lambda whole: whole.__setitem__(123, unit)), "1")


def test_an_image_that_has_lost_its_place_is_said_to_have(edited):
    path = edited(lambda whole: struct.pack_into("<hh", whole, 252, 0, 0))
    assert any("places its first voxel at 0, 0, 0" in note for note in load_pet(path, pet_is_suv=True).notes)
    assert not any("places its first voxel" in note for note in load_pet(edited(lambda whole: None), pet_is_suv=True).notes)
