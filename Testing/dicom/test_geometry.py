"""Slices lie where their headers say: unequal steps, tilted gantry, shifted slices."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.delineation.pet import delineate
from dmdp.dicom.read import read_series
from dmdp.dicom.series import choose, discover
from dmdp.errors import DicomError, InputError
from dmdp.images.files import read_mask, write_mask
from dmdp.images.resampling import sample
from dmdp.images.volume import EVEN_MM
from dmdp.intake.load import load_pair, load_pet
from dmdp.intake.source import ImageSource, Seen

UNEVEN = [*np.arange(-150, 0, 2.8), *np.arange(2.4, 145, 4.0)]


def lesion_on(damage):
    loaded = load_pair(damage.study / "ct", damage.study / "pet")
    return loaded, delineate(loaded.pet, damage.seed).onto(loaded.ct.geometry, "CT")


def values(loaded, lesion):
    return loaded.ct.array[lesion.mask.array].astype(float)


def differences(loaded, patient, margin=3):
    """Absolute differences (HU) to the simulated CT, away from its borders."""
    truth = patient.ct
    inner = truth.geometry.crop((margin,) * 3, [n - 2 * margin for n in truth.geometry.shape])
    there = sample(loaded.ct.array, loaded.ct.geometry, inner, order=1, outside=np.nan)
    here = truth.array[margin:-margin, margin:-margin, margin:-margin]
    known = np.isfinite(there)
    return np.abs(there - here)[known], known.mean()


def test_unequal_steps_are_resampled_and_said(damage):
    damage.resliced("ct", UNEVEN)
    loaded, lesion = lesion_on(damage)
    inside = values(loaded, lesion)
    assert inside.mean() == pytest.approx(-84, abs=3)  # even slices of 3.4 and 4.0 mm: -82.5 and -85.3
    assert np.median(inside) == pytest.approx(16, abs=3)  # even: 16.0 and 15.0
    assert loaded.ct.geometry.spacing[0] == pytest.approx(2.8, abs=0.02)
    note = next(note for note in loaded.notes if "resampled" in note)
    assert "2.8 to 4 mm apart" in note
    assert "26." in note or "25." in note or "27." in note  # how far off an even grid would be


def test_steps_that_differ_by_far_more_are_resampled_too(damage, simulated_study):
    damage.resliced("ct", [*np.arange(-150, 0, 1.5), *np.arange(3.5, 145, 5.0)])
    loaded, lesion = lesion_on(damage)
    assert loaded.ct.geometry.spacing[0] == pytest.approx(1.5, abs=0.02)
    assert values(loaded, lesion).mean() == pytest.approx(-85, abs=3)  # even slices of 5.0 mm: -86.1 and 15.5
    assert np.median(values(loaded, lesion)) == pytest.approx(16, abs=3)


def test_rounding_between_slices_stays_unnoticed(damage, simulated_study):
    patient, _ = simulated_study
    rng = np.random.default_rng(1)

    def jitter(_, ds):
        x, y, z = (float(v) for v in ds.ImagePositionPatient)
        ds.ImagePositionPatient = [x, y, round(z + rng.uniform(-0.9, 0.9) * EVEN_MM / 2, 3)]

    damage.change("ct", jitter)
    series, notes = choose(discover(damage.study / "ct"), "CT")
    volume = read_series(series)
    assert series.resampling is None
    assert not notes
    assert not volume.provenance["notes"]
    np.testing.assert_array_equal(volume.array, patient.ct.array)


def test_a_tilted_gantry_is_set_upright(damage, simulated_study, tmp_path):
    damage.sheared(15)
    loaded, lesion = lesion_on(damage)
    axes = loaded.ct.geometry.matrix[:3, :3] / loaded.ct.geometry.spacing
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)
    assert any("15.0 degrees" in note and "gantry tilt" in note for note in loaded.notes)
    assert lesion.centroid == pytest.approx((86.9, 20.4, 18.0), abs=1.0)
    write_mask(tmp_path / "m.nii.gz", lesion.mask.array, lesion.geometry)
    mask, geometry = read_mask(tmp_path / "m.nii.gz")
    assert geometry.to_lps(np.argwhere(mask)).mean(axis=0) == pytest.approx(lesion.centroid, abs=0.01)
    off, known = differences(loaded, simulated_study[0])
    assert known > 0.7
    assert np.median(off) < 25  # two interpolations of a noisy image


def test_slices_that_are_shifted_sideways_are_brought_together(damage, simulated_study):
    """The reconstruction was centred anew half way."""
    patient, _ = simulated_study

    def recentre(number, ds):
        if number >= 50:
            x, y, z = (float(v) for v in ds.ImagePositionPatient)
            ds.ImagePositionPatient = [x + 9 * float(ds.PixelSpacing[1]), y, z]
            ds.PixelData = np.roll(ds.pixel_array, -9, axis=1).tobytes()

    damage.change("ct", recentre)
    loaded, _ = lesion_on(damage)
    assert any("shifted sideways" in note for note in loaded.notes)
    off, _ = differences(loaded, patient, margin=12)
    assert off.max() < 0.01


def test_a_slant_beyond_all_gantries_is_refused_with_its_figure(damage):
    def slant(number, ds):
        ds.ImagePositionPatient = [0, round(8.0 * number, 3), ds.ImagePositionPatient[2]]

    damage.change("ct", slant)
    with pytest.raises(DicomError, match=r"shifted sideways by 792\.0 mm"):
        load_pair(damage.study, damage.study)


def test_single_missing_slices_are_still_counted_between_unequal_steps(damage):
    damage.resliced("ct", UNEVEN)
    (damage.study / "ct" / "0070.dcm").unlink()
    reasons = " ".join(r.reason for r in discover(damage.study / "ct").rejected)
    assert "about 1 slice(s) are missing (gap of 8.0 mm" in reasons


def test_an_uneven_pet_is_read_and_a_viewer_is_told_why_it_cannot_be_compared(damage):
    damage.resliced("pet", [*np.arange(-150, 0, 3.0), *np.arange(1.0 + 2.0, 145, 4.5)])
    loaded = load_pet(damage.study / "pet")
    assert any("resampled" in note for note in loaded.notes)
    lesion = delineate(loaded.pet, damage.seed)
    assert lesion.volume_ml == pytest.approx(23.8, rel=0.06)
    assert loaded.pet.array[lesion.mask.array].max() == pytest.approx(14.1, abs=0.4)
    seen = Seen(((94.0, 22.0, 18.0),), (5.0,), 14.0, 100.0, 17)
    files = tuple(sorted((damage.study / "pet").glob("*.dcm")))
    with pytest.raises(InputError, match="resampled to where their headers place them") as caught:
        load_pet(ImageSource(files, True, None, seen))
    assert caught.value.code == "image.unlike.pet"


def test_directions_that_are_none_are_refused_with_their_value(damage):
    damage.change("ct", lambda _, ds: setattr(ds, "ImageOrientationPatient", [1, 0, 0, 0, 0.5, 0]))
    with pytest.raises(DicomError, match="right angles"):
        load_pair(damage.study, damage.study)
