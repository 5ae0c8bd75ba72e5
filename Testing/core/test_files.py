"""Image files: geometry survives, bad files are refused, nothing is half-written."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from dmdp.errors import InputError, LesionError, OutputError
from dmdp.images.files import read_mask, read_volume, write_mask, write_volume
from dmdp.images.mask import Mask
from dmdp.images.resampling import sample
from dmdp.images.volume import Geometry, Volume
from dmdp.intake.load import load_mask


def oblique() -> Geometry:
    image = sitk.Image([12, 10, 8], sitk.sitkFloat32)
    image.SetSpacing((1.0, 2.0, 3.0))
    image.SetOrigin((5.0, -7.0, 11.0))
    image.SetDirection(sitk.Euler3DTransform((0, 0, 0), 0.2, 0.1, -0.4).GetMatrix())
    return Geometry.from_sitk(image)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_an_oblique_volume_survives_in_a_path_with_umlauts(tmp_path, suffix):
    geometry = oblique()
    values = np.random.default_rng(0).normal(size=geometry.shape).astype(np.float32)
    path = tmp_path / "Größe Ωmega" / f"Bild 1{suffix}"
    write_volume(path, Volume(values, geometry, "1"), "research use only")
    back = read_volume(path, "1")
    np.testing.assert_array_equal(back.array, values)
    assert back.geometry.same_grid(geometry, 1e-4)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_sample_equals_simpleitk_between_oblique_grids():
    source, target = oblique(), Geometry.from_spacing((9, 9, 9), (2, 2, 2), (4, -5, 14))
    values = np.random.default_rng(1).normal(size=source.shape).astype(np.float32)

    def image(geometry, array):
        matrix, spacing = geometry.matrix, geometry.spacing
        made = sitk.GetImageFromArray(array)
        made.SetOrigin(matrix[:3, 3].tolist())
        made.SetSpacing(spacing[::-1])
        made.SetDirection((matrix[:3, :3] / spacing)[:, ::-1].ravel().tolist())
        return made

    reference = image(target, np.zeros(target.shape, np.float32))
    theirs = sitk.GetArrayFromImage(sitk.Resample(image(source, values), reference, sitk.Transform(), sitk.sitkLinear, -99.0))
    ours = sample(values, source, target, order=1, outside=-99.0)
    inside = (theirs != -99) & (ours != -99)
    assert inside.sum() > 100
    np.testing.assert_allclose(ours[inside], theirs[inside], atol=1e-4)
    assert ((theirs == -99) == (ours == -99)).mean() > 0.99


def test_a_mask_keeps_its_volume_on_a_finer_grid():
    coarse = Geometry.from_spacing((20, 20, 20), (4, 4, 4))
    z, y, x = np.indices(coarse.shape)
    ball = ((z - 10) ** 2 + (y - 10) ** 2 + (x - 10) ** 2) <= 36
    fine = Geometry.from_spacing((80, 80, 80), (1, 1, 1), (-1.5, -1.5, -1.5))
    mask = Mask(ball, coarse)
    carried = mask.onto(fine)
    assert carried.voxels == ball.sum() * 64
    assert mask.change(carried) == pytest.approx(0)


def test_masks_that_cannot_be_a_lesion(tmp_path):
    grid = Geometry.from_spacing((6, 6, 6), (2, 2, 2))
    mask = np.zeros(grid.shape, bool)
    cases = {"empty": mask.copy()}
    mask[1, 1, 1] = True
    cases["one"] = mask
    for name, voxels in cases.items():
        write_mask(tmp_path / f"{name}.nii.gz", voxels, grid)
    write_mask(
        tmp_path / "away.nii.gz",
        np.ones(grid.shape),
        Geometry.from_spacing(grid.shape, (2, 2, 2), (500, 0, 0)),
    )
    for name, code in (("empty", "lesion.empty"), ("one", "lesion.too_small"), ("away", "lesion.outside")):
        with pytest.raises(LesionError) as caught:
            load_mask(tmp_path / f"{name}.nii.gz", grid)
        assert caught.value.code == code


def test_unreadable_files_are_refused(tmp_path):
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(b"not an image")
    sitk.WriteImage(sitk.Image([4, 4], sitk.sitkFloat32), str(tmp_path / "flat.nii"))
    values = np.zeros((3, 3, 3), np.float32)
    values[1, 1, 1] = np.nan
    write_volume(tmp_path / "nan.nii", Volume(values, Geometry.from_spacing((3, 3, 3), (1, 1, 1)), "1"))
    for name, code in (("bad.nii.gz", "file.unreadable"), ("flat.nii", "file.dimensions"), ("nan.nii", "image.not_finite"),
                       ("none.nii", "file.not_an_image")):  # fmt: skip
        with pytest.raises(InputError) as caught:
            read_volume(tmp_path / name, "1")
        assert caught.value.code == code


def test_labels_above_zero_are_inside(tmp_path):
    grid = Geometry.from_spacing((3, 3, 3), (1, 1, 1))
    labels = np.zeros(grid.shape, np.uint8)
    labels[0, 0, 0], labels[2, 2, 2] = 1, 5
    write_mask(tmp_path / "l.nrrd", labels, grid)
    mask, _ = read_mask(tmp_path / "l.nrrd")
    assert mask.sum() == 2


def test_a_name_without_format_is_refused(tmp_path):
    with pytest.raises(OutputError):
        write_mask(tmp_path / "mask.txt", np.ones((2, 2, 2)), Geometry.from_spacing((2, 2, 2), (1, 1, 1)))


def test_a_file_that_ends_too_early_is_named(tmp_path):
    volume = Volume(
        np.random.default_rng(0).normal(size=(8, 9, 10)).astype(np.float32), Geometry.from_spacing((8, 9, 10), (2, 1, 1)), "HU"
    )
    path = write_volume(tmp_path / "image.nii.gz", volume)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"image\.nii\.gz"):
        read_volume(path, "HU")
