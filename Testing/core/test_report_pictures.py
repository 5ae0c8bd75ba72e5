"""Pictures, read back from their files: outlines on the lesion's true border, colours only where they belong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dmdp import RESEARCH_USE_ONLY
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.patients.case import Case, Lesion
from dmdp.regions.ct_regions import ct_regions
from dmdp.regions.thorax import find_thorax
from dmdp.report.drawing import GAP, PANEL, Sheet
from dmdp.report.framing import close_planes, slice_point, wide_planes
from dmdp.report.pictures import REGION_COLOURS, write_pictures
from PIL import Image

LABEL = "demonstration network, not trained on patients; does not explain the probability"
LOW, HIGH = np.array([-62.0, -38.0, -30.0]), np.array([-30.0, -6.0, 6.0])  # the lesion's faces, LPS mm
CROP_LOW, CROP_HIGH = np.array([-70.0, -40.0, -24.0]), np.array([-26.0, 0.0, 0.0])


def box(geometry: Geometry, low, high) -> np.ndarray:
    points = geometry.to_lps(np.moveaxis(np.indices(geometry.shape), 0, -1))
    return np.all((points > low) & (points < high), axis=-1)


@pytest.fixture(scope="module")
def case() -> Case:
    """A box of a lesion on the patient's right, whose faces are voxel faces of the CT and of the PET."""
    ct = Geometry.from_spacing((60, 170, 200), (3.0, 2.0, 2.0), (-199.0, -169.0, -88.5))
    pet = Geometry.from_spacing((30, 85, 100), (6.0, 4.0, 4.0), (-200.0 + 4.0, -170.0 + 2.0, -87.0))
    hu = np.where(box(ct, (-180, -120, -90), (180, 120, 90)), 30.0, -1000.0)
    hu[box(ct, (-120, -80, -90), (120, 80, 90))] = -850.0
    lesion_ct, lesion_pet = box(ct, LOW, HIGH), box(pet, LOW, HIGH)
    hu[lesion_ct] = 50.0
    suv = np.where(lesion_pet, 8.0, 0.5)
    suv[tuple(np.argwhere(lesion_pet)[0])] = 20.0  # so that the rest is orange, not white, on the fused picture
    return Case(
        {"CT": Volume(hu, ct, "HU"), "PET": Volume(suv, pet, "SUVbw g/ml")},
        {"PET": Lesion(Mask(lesion_pet, pet), "suv4"), "CT": Lesion(Mask(lesion_ct, ct), "suv4")},
    )


@pytest.fixture(scope="module")
def heatmap() -> Volume:
    geometry = Geometry.from_spacing((12, 20, 22), (2.0, 2.0, 2.0), tuple(CROP_LOW + 1.0))
    assert geometry.to_lps((11, 19, 21)) == pytest.approx(CROP_HIGH - 1.0)
    return Volume(np.full(geometry.shape, 0.8), geometry, "1", {"label": LABEL})


@pytest.fixture(scope="module")
def written(case, heatmap, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures äö")
    zero = Volume(np.zeros_like(heatmap.array), heatmap.geometry, "1", {"label": LABEL})
    heatmaps = {"EGFR_ct_encoder": heatmap, "EGFR_fused_fusion": zero, "subtype_pet_encoder": heatmap}
    pictures = write_pictures(folder, case, heatmaps, ct_regions(case.ct, case.ct_lesion, find_thorax(case.ct)))
    return folder, {picture.file: picture for picture in pictures}


def panel(folder, file: str, row: int, column: int) -> np.ndarray:
    """RGB int (PANEL, PANEL, 3) of one view of a picture."""
    image = np.asarray(Image.open(folder / file).convert("RGB"), int)
    top, left = row * (PANEL + GAP), column * (PANEL + GAP)
    return image[top : top + PANEL, left : left + PANEL]


def cyan(rgb: np.ndarray) -> np.ndarray:
    return (rgb[..., 2] > 150) & (rgb[..., 1] > 120) & (rgb[..., 1] - rgb[..., 0] > 60)


def red(rgb: np.ndarray) -> np.ndarray:
    return (rgb[..., 0] > 150) & (rgb[..., 0] - rgb[..., 1] > 100) & (rgb[..., 0] - rgb[..., 2] > 80)


def signed_distance(plane, low, high) -> np.ndarray:
    """mm from each pixel to the border of a box in the view's plane, negative inside."""
    keep = [axis for axis in range(3) if axis != plane.normal]
    beyond = np.maximum(np.array(low) - plane.points(), plane.points() - np.array(high))[..., keep]
    outside = np.linalg.norm(np.maximum(beyond, 0), axis=-1)
    return outside + np.minimum(beyond.max(axis=-1), 0)


def test_what_is_written(written):
    folder, pictures = written
    kinds = {file: picture.kind for file, picture in pictures.items()}
    assert kinds == {
        "fused.png": "fused",
        "pet.png": "pet",
        "ct.png": "ct",
        "close.png": "close",
        "regions.png": "regions",
        "heatmap_EGFR.png": "heatmap",
        "heatmap_subtype.png": "heatmap",
    }
    for file, picture in pictures.items():
        assert 5_000 < (folder / file).stat().st_size <= 400_000
        assert picture.title
        assert len(picture.alt) > 40


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize(("row", "colour"), [(0, cyan), (1, cyan), (2, red)])
def test_the_outline_lies_on_the_lesions_border(case, written, row, colour, column):
    folder, _ = written
    plane = close_planes(slice_point(case.pet_lesion), PANEL)[column]
    drawn = colour(panel(folder, "close.png", row, column))
    distance = signed_distance(plane, LOW, HIGH) / (plane.width_mm / PANEL)  # in pixels
    assert np.abs(distance[drawn]).max() < 2.5  # a line of two pixels, its middle within one
    border = np.abs(distance) < 0.5
    assert drawn[border].mean() > 0.9


def test_right_is_left_in_the_wide_views(case, written):
    folder, _ = written
    point = slice_point(case.pet_lesion)
    assert point == pytest.approx((LOW + HIGH) / 2)
    for column, plane in enumerate(wide_planes(case.ct, point, PANEL)):
        rgb = panel(folder, "fused.png", 0, column)
        hot = (rgb[..., 0] > 150) & (rgb[..., 0] - rgb[..., 2] > 40)
        found = plane.points()[hot].mean(axis=0)
        assert found == pytest.approx(np.array(point), abs=3.0)
    axial = panel(folder, "ct.png", 0, 0)
    assert np.argwhere(cyan(axial))[:, 1].mean() < PANEL / 2


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_heatmap_colours_its_crop_and_nothing_else(case, written, column):
    folder, _ = written
    rgb = panel(folder, "heatmap_EGFR.png", 0, column)
    plane = close_planes(slice_point(case.pet_lesion), PANEL)[column]
    distance = signed_distance(plane, CROP_LOW, CROP_HIGH) / (plane.width_mm / PANEL)
    warm = (rgb[..., 0] - rgb[..., 2] > 30) & ~cyan(rgb)
    assert distance[warm].max() < 1.5
    assert warm[distance < -3].mean() > 0.9
    zero = panel(folder, "heatmap_EGFR.png", 1, column)
    assert not np.any(zero[..., 0] - zero[..., 2] > 30)


def test_heatmaps_say_what_they_are(written):
    _, pictures = written
    for file in ("heatmap_EGFR.png", "heatmap_subtype.png"):
        assert LABEL in pictures[file].alt
    assert "Grad-CAM: CT encoder, fusion" in pictures["heatmap_EGFR.png"].alt
    assert pictures["heatmap_EGFR.png"].title == "Grad-CAM, EGFR"


def test_tasks_with_underscores_keep_all_their_maps(case, heatmap, tmp_path, monkeypatch):
    names = ("sim_margin_ct_encoder", "sim_margin_fused_fusion", "sim_size_ct_encoder", "sim_size_pet_occlusion")
    rows = []
    monkeypatch.setattr(Sheet, "bar", lambda sheet, row, cmap, top, label, more_above: rows.append(label))
    pictures = {p.file: p for p in write_pictures(tmp_path, case, dict.fromkeys(names, heatmap)) if p.kind == "heatmap"}
    assert set(pictures) == {"heatmap_sim_margin.png", "heatmap_sim_size.png"}
    assert rows[-4:] == [
        "Grad-CAM, CT encoder, relative", "Grad-CAM, fusion, relative", "Grad-CAM, CT encoder, relative",
        "Occlusion, PET, relative",
    ]  # fmt: skip


def test_an_empty_map_is_named_within_the_page(case, heatmap, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(Sheet, "label", lambda sheet, row, words: said.append(words))
    zero = Volume(np.zeros_like(heatmap.array), heatmap.geometry, "1", {"label": LABEL})
    write_pictures(tmp_path, case, {"EGFR_pet_encoder": zero})
    assert said[-1] == "Grad-CAM,\nPET encoder:\nzero\neverywhere", "the margin holds a dozen letters"


def test_an_occlusion_map_is_not_called_grad_cam(case, heatmap, tmp_path):
    alone = {"EGFR_ct_occlusion": heatmap, "subtype_pet_encoder": heatmap, "subtype_pet_occlusion": heatmap}
    pictures = {p.file: p for p in write_pictures(tmp_path, case, alone)}
    occlusion, both = pictures["heatmap_EGFR.png"], pictures["heatmap_subtype.png"]
    assert occlusion.title == "Occlusion, EGFR"
    assert "Grad-CAM" not in occlusion.alt
    assert both.title == "Grad-CAM and Occlusion, subtype"
    assert "Grad-CAM: PET encoder; Occlusion: PET" in both.alt


def test_regions_are_coloured_where_they_are(case, written):
    folder, _ = written
    rgb = panel(folder, "regions.png", 0, 0)
    plane = close_planes(slice_point(case.pet_lesion), PANEL)[0]
    distance = signed_distance(plane, LOW, HIGH)
    coloured = np.ptp(rgb, axis=-1) > 25
    assert coloured[(distance > -10) & (distance < 4)].mean() > 0.9
    assert not coloured[distance > 9].any()
    core = rgb[distance < -6].mean(axis=0)
    dense = np.array(list(bytes.fromhex(REGION_COLOURS[0][1:])))
    assert np.argsort(core).tolist() == np.argsort(dense).tolist()


def test_every_sheet_carries_the_sentence():
    words = [text.get_text() for text in Sheet(1, "Outline: lesion.").figure.texts]
    assert words == ["Outline: lesion.", RESEARCH_USE_ONLY]


def test_a_picture_stays_small_even_of_noise(tmp_path):
    sheet = Sheet(1, "")
    noise = np.random.default_rng(0).normal(size=(PANEL, PANEL))
    plane = close_planes((0.0, 0.0, 0.0), PANEL)[0]
    for column in range(3):
        sheet.panel(0, column, plane).imshow(noise, cmap="gray", extent=(-60, 60, 60, -60), interpolation="nearest")
    sheet.save(tmp_path / "noise.png")
    assert (tmp_path / "noise.png").stat().st_size <= 400_000


def test_a_lesion_at_the_edge_of_the_scan_is_drawn(case, tmp_path):
    pet, ct = case.pet.geometry, case.ct.geometry
    low, high = (-200.0, -170.0, -90.0), (-180.0, -150.0, -70.0)
    lesion = Lesion(Mask(box(pet, low, high), pet), "manual")
    edge = replace(case, lesions={"PET": lesion, "CT": Lesion(Mask(box(ct, low, high), ct), "manual")})
    pictures = write_pictures(tmp_path, edge)
    assert [picture.kind for picture in pictures] == ["fused", "pet", "ct", "close"]
    assert red(panel(tmp_path, "close.png", 2, 0)).sum() > 100
