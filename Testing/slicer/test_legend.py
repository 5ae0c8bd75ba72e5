"""Colour legends as the genuine displayable manager draws them: readable, whole, in SUV, and saying what a map is."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.images.volume import Volume

from .conftest import addVolume

pytestmark = pytest.mark.slicer
SENTENCE = "demonstration network, not trained on patients; does not explain the probability"
TRAINED = "network trained on a cohort, n = 90, not validated elsewhere; shows the network, not the biology"
SIZES = (250, 400, 800)
BQ_PER_SUV = 2500.0


@pytest.fixture
def fused(app, scene, simulated_study, logic):
    """CT, PET in SUV, the lesion's contour and a heatmap; the views have their size again afterwards."""
    patient, _ = simulated_study
    ct, pet = addVolume(scene, patient.ct, "CT"), addVolume(scene, patient.pet, "PET", suv=True)
    contour = logic.delineate(pet, (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2]))
    heat = addVolume(scene, Volume(np.clip(patient.pet.array / 10, 0, 1), patient.pet.geometry, "1"), "Heatmap")
    heat.SetAttribute("DMDP.Heatmap", "EGFR_ct_encoder")
    heat.SetDescription(SENTENCE)
    yield ct, pet, contour, heat
    from DMDPPredictorLib.Legend import hideLegends

    hideLegends()
    for view in app.views.values():
        resize(view, 400)


def resize(view, size):
    view.window.SetSize(size, size)
    view.interactor.SetSize(size, size)
    view.logic.ResizeSliceNode(size, size)


def legends(view=None):
    import slicer

    nodes = [node for node in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode") if node.GetVisibility()]
    return [node for node in nodes if view is None or node.IsDisplayableInView(view.node.GetID())]


def actor(view):
    """What is drawn of the one legend of a view."""
    (legend,) = legends(view)
    manager = view.group.GetDisplayableManagerByClassName("vtkMRMLColorLegendDisplayableManager")
    view.array()
    return manager.GetColorLegendActor(legend)


def box(view):
    """Rows and columns (from, to) of what a legend draws into a view, by the pixels that change when it goes."""
    (legend,) = legends(view)
    view.array()  # letters settle at the second drawing
    shown = view.array().astype(int)
    legend.SetVisibility(False)
    hidden = view.array().astype(int)
    legend.SetVisibility(True)
    rows, columns = np.nonzero(np.abs(shown - hidden).max(axis=-1) > 20)
    return (rows.min(), rows.max()), (columns.min(), columns.max())


@pytest.mark.parametrize("sentence", [SENTENCE, TRAINED])
@pytest.mark.parametrize("name", ["Red", "Yellow", "Green"])
def test_a_map_says_what_it_is_in_letters_of_one_size_and_whole(app, fused, logic, name, sentence):
    ct, pet, contour, heat = fused
    heat.SetDescription(sentence)
    view = app.views[name]
    letters, wide = [], []
    for size in SIZES:
        resize(view, size)
        logic.showOverlay(ct, pet, contour, heat)
        (legend,) = legends(view)
        assert legend.GetTitleText().replace("\n", " ") == f"Grad-CAM {sentence}"
        (top, bottom), (left, right) = box(view)
        assert top > 0, "nothing is cut"
        assert left > 0
        assert bottom < 200
        assert right - left < 220
        wide.append(right - left)
        letters.append(actor(view).GetTitleTextProperty().GetFontSize())
    assert max(letters) - min(letters) <= 1
    assert min(letters) >= 10
    assert max(letters) <= 14
    assert max(wide) - min(wide) <= 12


def test_letters_keep_their_size_when_a_view_is_resized(app, fused, logic):
    ct, pet, contour, heat = fused
    view = app.views["Red"]
    resize(view, 250)
    logic.showOverlay(ct, pet, contour, heat)
    before = actor(view).GetTitleTextProperty().GetFontSize()
    resize(view, 800)
    assert abs(actor(view).GetTitleTextProperty().GetFontSize() - before) <= 1


def test_the_numbers_of_a_map_go_from_0_to_1(app, fused, logic):
    ct, pet, contour, heat = fused
    logic.showOverlay(ct, pet, contour, heat)
    drawn = actor(app.views["Red"])
    assert drawn.GetLookupTable().GetTableRange() == pytest.approx((0.0, 1.0))
    assert drawn.GetNumberOfLabels() == 6
    assert (drawn.GetLabelFormat() % 0.2).strip() == "0.2"


def test_a_map_says_what_it_is_without_its_colours_too(app, fused, logic):
    ct, pet, contour, heat = fused
    heat.SetDescription("")
    logic.showOverlay(ct, pet, contour, heat, legend=False)
    for view in app.views.values():
        assert actor(view).GetTitle().replace("\n", " ") == f"Grad-CAM {SENTENCE}"
        assert actor(view).GetNumberOfLabels() == 0
    (top, bottom), (left, _right) = box(app.views["Red"])
    assert top > 0
    assert left > 0
    assert bottom < 80
    logic.showOverlay(ct, pet, contour, legend=False)
    assert not legends()


def becquerel(pet):
    """The PET's voxels in Bq/ml."""
    import slicer

    pet.RemoveAttribute("DMDP.IsSuv")
    slicer.util.updateVolumeFromArray(pet, slicer.util.arrayFromVolume(pet) * BQ_PER_SUV)


def test_a_pet_is_shown_in_suv_whatever_its_unit(app, fused, logic):
    ct, pet, contour, _heat = fused
    view = app.views["Red"]
    logic.showOverlay(ct, pet, contour)
    asSuv = actor(view).GetLookupTable().GetTableRange()
    becquerel(pet)
    pet.SetAttribute("DMDP.SuvbwFactor", repr(1 / BQ_PER_SUV))
    logic.showOverlay(ct, pet, contour)
    assert pet.GetDisplayNode().GetWindow() == pytest.approx(asSuv[1] * BQ_PER_SUV, rel=1e-4)
    assert actor(view).GetLookupTable().GetTableRange() == pytest.approx(asSuv, rel=1e-4)
    assert {legend.GetTitleText() for legend in legends()} == {"SUV (g/ml)"}
    (top, _bottom), (left, _right) = box(view)
    assert top > 0
    assert left > 250

    pet.GetDisplayNode().SetWindowLevelMinMax(0.0, 5 * BQ_PER_SUV)  # as with the mouse
    pet.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeGreen")
    assert actor(view).GetLookupTable().GetTableRange() == pytest.approx((0.0, 5.0))
    assert actor(view).GetLookupTable().GetTableValue(255)[:3] == pytest.approx((0.0, 1.0, 0.0), abs=0.02)


def test_nothing_is_complained_of(fused, logic, capfd):
    ct, pet, contour, heat = fused
    becquerel(pet)
    pet.SetAttribute("DMDP.SuvbwFactor", repr(1 / BQ_PER_SUV))
    logic.showOverlay(ct, pet, contour)
    logic.showOverlay(ct, pet, contour, heat)
    logic.showOverlay(ct, pet, contour, legend=False)
    assert "ERR|" not in capfd.readouterr().err


def test_the_views_draw_the_pet_by_its_own_window(app, fused, logic):
    ct, pet, contour, _heat = fused
    view = app.views["Red"]
    logic.showOverlay(ct, pet, contour, legend=False)
    before = view.array().astype(int)
    becquerel(pet)
    pet.SetAttribute("DMDP.SuvbwFactor", repr(1 / BQ_PER_SUV))
    logic.showOverlay(ct, pet, contour)
    logic.showOverlay(ct, pet, contour, legend=False)
    assert np.abs(view.array().astype(int) - before).max() <= 3


@pytest.mark.parametrize(("units", "said"), [("BQML", "PET (Bq/ml)"), ("CNTS", "PET (counts)"), (None, "PET (unit not known)")])
def test_without_a_factor_the_legend_names_the_unit(fused, logic, simulated_study, dicomDatabase, tmp_path, units, said):
    import pydicom

    ct, pet, contour, _heat = fused
    becquerel(pet)
    if units is not None:
        header = pydicom.dcmread(sorted((simulated_study[1] / "pet").glob("*.dcm"))[0])
        header.Units = units
        header.save_as(tmp_path / "1.dcm")
        pet.SetAttribute("DICOM.instanceUIDs", next(iter(dicomDatabase(tmp_path))))
    logic.showOverlay(ct, pet, contour)
    assert {legend.GetTitleText() for legend in legends()} == {said}


def test_a_saved_scene_shows_no_number_in_a_wrong_unit(app, fused, logic):
    """Nothing follows the window in a scene that is loaded without the module, so the legend in SUV is not saved."""
    import slicer

    ct, pet, contour, heat = fused
    becquerel(pet)
    pet.SetAttribute("DMDP.SuvbwFactor", repr(1 / BQ_PER_SUV))
    logic.showOverlay(ct, pet, contour)
    text = xml(app.scene)
    assert "ColorLegendDisplay" not in text, "nor does any node refer to it"
    assert "SUV" not in text
    logic.showOverlay(ct, pet, contour, heat)
    assert xml(app.scene).count("<ColorLegendDisplay") == 3, "a map is saved with what it is"
    assert not [n for n in slicer.util.getNodesByClass("vtkMRMLModelNode") if n.GetAttribute("DMDP.SuvScale")]


def xml(scene) -> str:
    scene.SetSaveToXMLString(1)
    try:
        scene.Commit()
        return scene.GetSceneXMLString()
    finally:
        scene.SetSaveToXMLString(0)


def test_slider_moves_keep_the_nodes(fused, logic):
    """The panel draws anew at each move of a slider."""
    ct, pet, contour, heat = fused
    becquerel(pet)
    pet.SetAttribute("DMDP.SuvbwFactor", repr(1 / BQ_PER_SUV))
    for upper in (None, heat):
        logic.showOverlay(ct, pet, contour, upper)
        before = [legend.GetID() for legend in legends()], pet.GetNumberOfDisplayNodes(), heat.GetNumberOfDisplayNodes()
        logic.showOverlay(ct, pet, contour, upper, opacity=0.7, arrange=False)
        assert ([x.GetID() for x in legends()], pet.GetNumberOfDisplayNodes(), heat.GetNumberOfDisplayNodes()) == before
    assert pet.GetNumberOfDisplayNodes() == 1


def test_the_legend_in_suv_is_where_the_pet_is(app, fused, logic):
    ct, pet, contour, _heat = fused
    becquerel(pet)
    pet.SetAttribute("DMDP.SuvbwFactor", repr(1 / BQ_PER_SUV))
    logic.showOverlay(ct, pet, contour)
    app.views["Red"].composite.SetForegroundVolumeID(None)
    assert not legends(app.views["Red"])
    assert legends(app.views["Green"])
    app.views["Red"].composite.SetForegroundVolumeID(pet.GetID())
    assert legends(app.views["Red"])


def test_a_volume_that_goes_takes_no_one_along(app, fused, logic, scene):
    ct, pet, contour, _heat = fused
    becquerel(pet)
    pet.SetAttribute("DMDP.SuvbwFactor", repr(1 / BQ_PER_SUV))
    logic.showOverlay(ct, pet, contour)
    display = pet.GetDisplayNode()
    scene.RemoveNode(pet)
    display.SetWindowLevelMinMax(0.0, 1.0)
    resize(app.views["Red"], 300)
    from DMDPPredictorLib.Legend import hideLegends

    hideLegends()
    assert not legends()
