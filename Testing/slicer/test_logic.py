"""The logic on real MRML nodes: the same numbers as the command line, and views that show the right place."""

from __future__ import annotations

import json

import numpy as np
import pytest
from dmdp.errors import DmdpError
from dmdp.images.files import write_volume
from dmdp.images.mask import Mask
from dmdp.patients.case import Clinical

from .conftest import addVolume

pytestmark = pytest.mark.slicer
MODELS = ["published-pet-clinical"]


@pytest.fixture
def nodes(scene, simulated_study):
    """CT and PET nodes of the simulated patient, and their seed in RAS."""
    patient, _ = simulated_study
    ct, pet = addVolume(scene, patient.ct, "CT"), addVolume(scene, patient.pet, "PET", suv=True)
    return ct, pet, (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2])


def oblique():
    from dmdp.images.volume import Geometry

    tilt = np.array([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]]) @ np.array(
        [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]
    )
    affine = np.eye(4)
    affine[:3, :3] = (tilt * [2.0, 2.0, 3.0])[:, ::-1]
    affine[:3, 3] = (-30.0, 20.0, -40.0)
    return Geometry((24, 40, 40), tuple(tuple(float(v) for v in row) for row in affine))


def test_nodes_keep_an_oblique_geometry_and_a_transform(scene):
    import slicer
    import vtk
    from dmdp.images.volume import Volume
    from DMDPPredictorLib.Nodes import geometryFromNode

    grid = oblique()
    values = np.random.default_rng(0).normal(size=grid.shape).astype(np.float32)
    node = addVolume(scene, Volume(values, grid, "HU"), "oblique")
    assert geometryFromNode(node).same_grid(grid, 1e-6)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), values)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 10.0)  # 10 mm to the right
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    moved = geometryFromNode(node).to_lps((0, 0, 0)) - grid.to_lps((0, 0, 0))
    assert moved == pytest.approx((-10, 0, 0))


def test_a_lesion_comes_back_from_its_segmentation(scene):
    from dmdp.images.volume import Volume
    from dmdp.patients.case import Lesion
    from DMDPPredictorLib.Nodes import isUnchangedProposal, maskFromSegmentation, segmentationFromLesion

    grid = oblique()
    z, y, x = np.indices(grid.shape)
    mask = ((z - 12) / 5) ** 2 + ((y - 20) / 8) ** 2 + ((x - 18) / 7) ** 2 <= 1
    node = addVolume(scene, Volume(np.zeros(grid.shape), grid, "1"), "PET")
    lesion = Lesion(Mask(mask, grid), "auto", "PET", (1.0, 2.0, 3.0))
    segmentation = segmentationFromLesion(lesion, node)
    back = maskFromSegmentation(segmentation, node)
    np.testing.assert_array_equal(back, mask)
    assert isUnchangedProposal(segmentation, back)
    back[12, 20, 18] = False
    assert not isUnchangedProposal(segmentation, back)
    assert segmentation.GetNodeReference(segmentation.GetReferenceImageGeometryReferenceRole()) is node


def test_nodes_and_command_line_give_the_same_numbers(nodes, simulated_study, logic, dmdp_command, tmp_path):
    ct, pet, seed = nodes
    patient, _ = simulated_study
    segmentation = logic.delineate(pet, seed)
    heard = []
    result = logic.predict(
        ct, pet, segmentation, Clinical(61.0, "F"), MODELS, lambda fraction, words: heard.append((fraction, words))
    )
    for name, volume in (("ct", patient.ct), ("pet", patient.pet)):
        write_volume(tmp_path / f"{name}.nrrd", volume)
    lps = ",".join(map(repr, patient.seed_lps))
    done = dmdp_command(
        "predict", "--ct", tmp_path / "ct.nrrd", "--pet", tmp_path / "pet.nrrd", "--pet-is-suv", "--seed", lps, "--age", 61,
        "--sex", "F", "--model", MODELS[0], "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = json.loads((tmp_path / "out" / "prediction.json").read_text(encoding="utf-8"))
    found = json.loads(json.dumps(result.prediction.to_json()))
    for part in ("applicability", "tasks", "features", "inputs", "hashes"):
        assert found[part] == expected[part], part
    assert heard[-1][0] == 1.0
    written = logic.exportReport(result, tmp_path / "kept", ("html", "pdf", "csv"))
    assert {path.name for path in written} >= {"report.html", "report.pdf", "features.csv"}


def test_a_drawn_contour_goes_as_a_mask(nodes, logic):
    from dmdp.patients.case import Lesion
    from DMDPPredictorLib.Nodes import geometryFromNode, maskFromSegmentation, segmentationFromLesion
    from DMDPPredictorLib.Request import lesionArguments

    ct, pet, seed = nodes
    segmentation = logic.delineate(pet, seed)
    asProposed = lesionArguments(ct, pet, segmentation, "")
    assert asProposed["method"] == "auto"
    assert "pet_mask" not in asProposed
    mask = maskFromSegmentation(segmentation, pet)
    edited = mask & (np.cumsum(mask.ravel()).reshape(mask.shape) > 5)
    segmentationFromLesion(
        Lesion(Mask(edited, geometryFromNode(pet)), "auto", "PET", tuple(asProposed["seed"])), pet, segmentation
    )
    segmentation.SetAttribute("DMDP.MaskSha256", "of another mask")
    asEdited = lesionArguments(ct, pet, segmentation, "")
    assert "seed" not in asEdited
    from dmdp.intake.packed import unpack

    written = unpack(asEdited["pet_mask"])
    np.testing.assert_array_equal(written.array, edited)
    assert written.geometry.same_grid(geometryFromNode(pet))


def test_views_show_the_lesion_and_the_heatmap_only_its_crop(app, nodes, simulated_study, logic):
    import slicer
    from DMDPPredictorLib.Nodes import geometryFromNode, maskFromSegmentation

    ct, pet, seed = nodes
    segmentation = logic.delineate(pet, seed)
    result = logic.predict(ct, pet, segmentation, None, [*MODELS, "demo-network"])
    maps = logic.loadHeatmaps(result, ct)
    assert set(maps) == {f"{t}_{p}" for t in ("EGFR", "subtype") for p in ("ct_encoder", "pet_encoder", "fused_fusion")}
    for node in maps.values():
        assert "not trained on patients" in node.GetName()
        assert "does not explain the probability" in node.GetDescription()
    again = logic.loadHeatmaps(result, ct)
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 2 + len(again)
    mask = maskFromSegmentation(segmentation, pet)
    truth = geometryFromNode(pet).to_lps(np.argwhere(mask)).mean(axis=0) * [-1, -1, 1]
    heatmap = again["EGFR_pet_encoder"]
    for upper in (None, heatmap):
        centre = logic.showOverlay(ct, pet, segmentation, upper)
        assert np.linalg.norm(np.array(centre) - truth) < 0.5
        for view in app.views.values():
            toRas = slicer.util.arrayFromVTKMatrix(view.node.GetSliceToRAS())
            assert np.linalg.norm(toRas[:3, 3] - truth) < 2
            assert view.composite.GetBackgroundVolumeID() == ct.GetID()
            assert view.composite.GetForegroundVolumeID() == (upper or pet).GetID()
    display = segmentation.GetDisplayNode()
    assert not display.GetVisibility2DFill()
    assert display.GetVisibility2DOutline()


def test_the_outline_lies_on_the_mask(app, nodes, logic):
    """The outline's pixels in the axial view are within a pixel of the mask's border, as computed from the voxels."""
    import slicer
    from DMDPPredictorLib.Nodes import geometryFromNode, maskFromSegmentation
    from scipy import ndimage

    ct, pet, seed = nodes
    segmentation = logic.delineate(pet, seed)
    segmentation.GetSegmentation().GetNthSegment(0).SetColor(0.0, 1.0, 0.0)
    logic.showOverlay(ct, pet, segmentation, opacity=0.0)
    view = app.views["Red"]
    view.node.SetFieldOfView(120, 120, 1)
    image = view.array().astype(int)
    outline = (image[..., 1] > image[..., 0] + 60) & (image[..., 1] > image[..., 2] + 60)
    assert outline.sum() > 30
    toRas = slicer.util.arrayFromVTKMatrix(view.node.GetXYToRAS())
    height, width = outline.shape
    columns, rows = np.meshgrid(np.arange(width), height - 1 - np.arange(height))
    ras = np.stack([columns, rows, np.zeros_like(rows), np.ones_like(rows)], axis=-1) @ toRas.T
    grid = geometryFromNode(pet)
    index = np.round(grid.to_index(ras[..., :3] * [-1, -1, 1])).astype(int)
    mask = maskFromSegmentation(segmentation, pet)
    inside = mask[tuple(np.moveaxis(np.clip(index, 0, np.array(grid.shape) - 1), -1, 0))]
    border = inside ^ ndimage.binary_erosion(inside)
    # half a pixel for the line's own width, one for the contour's smoothing between voxel corners of 4 mm
    reach = 1 + 4.0 / 2 / (120 / width)
    assert ndimage.distance_transform_edt(~border)[outline].max() <= reach
    assert ndimage.distance_transform_edt(~outline)[border].max() <= reach


def test_a_heatmap_colours_only_its_crop(app, scene, logic):
    from dmdp.images.volume import Geometry, Volume
    from dmdp.patients.case import Lesion
    from DMDPPredictorLib.Nodes import segmentationFromLesion

    grid = Geometry.from_spacing((60, 60, 60), (3.0, 3.0, 3.0), (-88.5, -88.5, -88.5))
    mask = np.zeros(grid.shape, bool)
    mask[28:32, 28:32, 28:32] = True
    ct = addVolume(scene, Volume(np.full(grid.shape, -500.0), grid, "HU"), "CT")
    pet = addVolume(scene, Volume(mask * 5.0, grid, "SUV"), "PET", suv=True)
    box = grid.crop((20, 20, 20), (20, 20, 20))
    heat = addVolume(scene, Volume(np.full(box.shape, 0.9), box, "1"), "heat")
    segmentation = segmentationFromLesion(Lesion(Mask(mask, grid), "auto", "PET", (0.0, 0.0, 0.0)), pet)
    logic.showOverlay(ct, pet, segmentation, heat, opacity=1.0, legend=False)
    segmentation.GetDisplayNode().SetVisibility(False)
    view = app.views["Red"]
    view.node.SetFieldOfView(160, 160, 1)
    image = view.array().astype(int)
    coloured = image.max(axis=-1) - image.min(axis=-1) > 30
    rows, columns = np.nonzero(coloured)
    pixel = 160 / image.shape[1]
    for extent in (np.ptp(rows) + 1, np.ptp(columns) + 1):
        assert extent * pixel == pytest.approx(60, abs=3 + pixel)


def test_pet_without_unit_is_refused_and_dicom_is_converted(scene, nodes, simulated_study, logic, dicomDatabase):
    from dmdp.intake.load import load_pet

    ct, _pet, seed = nodes
    _patient, study = simulated_study
    pet = addVolume(scene, load_pet(study / "pet").pet, "PET of the files", suv=True)
    reference = logic.delineate(pet, seed, "pet41")
    pet.RemoveAttribute("DMDP.IsSuv")
    with pytest.raises(DmdpError, match="does not say whether it holds SUV"):
        logic.delineate(pet, seed)

    files = dicomDatabase(study / "pet")
    pet.SetAttribute("DICOM.instanceUIDs", " ".join(files))
    converted = logic.delineate(pet, seed, "pet41")
    from DMDPPredictorLib.Nodes import maskFromSegmentation

    a, b = maskFromSegmentation(reference, pet), maskFromSegmentation(converted, pet)
    assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.99
    result = logic.predict(ct, pet, converted, None, MODELS)
    assert result.prediction.suv_audit.uptake_minutes == 60


def test_errors_of_the_job_arrive_whole(nodes, logic):
    ct, pet, seed = nodes
    segmentation = logic.delineate(pet, seed)
    with pytest.raises(DmdpError, match="no model bundle 'nothing'") as caught:
        logic.predict(ct, pet, segmentation, None, ["nothing"])
    assert caught.value.exit_code == 3
    segmentation.GetSegmentation().RemoveAllSegments()
    with pytest.raises(DmdpError, match="no lesion contour"):
        logic.predict(ct, pet, segmentation)


def test_a_batch_survives_its_worst_case_and_resumes(simulated_study, logic, tmp_path):
    patient, study = simulated_study
    seed = ",".join(map(str, patient.seed_lps))
    table = tmp_path / "cohort.csv"
    table.write_text(
        "id,ct,pet,seed,age,sex\n"
        f'good,{study},{study},"{seed}",61,F\n'
        f'lost,{tmp_path / "nowhere"},{study},"{seed}",,\n'
        f'air,{study},{study},"0,-180,0",,\n'
        f'odd,{study},{study},"{seed}",old,\n',
        encoding="utf-8",
    )
    out = tmp_path / "out"
    first = logic.predictBatch(table, out)
    assert first.processed == ("good",)
    assert set(first.failed) == {"lost", "air", "odd"}
    assert "does not exist" in first.failed["lost"]
    assert "SUV is" in first.failed["air"]
    assert (out / "good" / "report.html").exists()
    assert sorted(p.name for p in out.iterdir()) == ["good", "summary.csv"]
    same = {"id": "good", "ct": study, "pet": study, "seed": patient.seed_lps, "age": 61, "sex": "F"}
    again = logic.predictBatch([same], out, resume=True)
    assert (again.processed, again.skipped) == ((), ("good",))
    other = logic.predictBatch([{**same, "age": 62}], out, resume=True)
    assert (other.processed, other.skipped) == (("good",), ()), "the answer was of another age"
    with pytest.raises(DmdpError, match="one plain id"):
        logic.predictBatch([{"id": "../escape", "ct": study}], out)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("PROGRESS 0.4 reading", "progress"), ("DONE", "done"), ("PROGRESS x", "other"), ("FAILED {", "other"), ("hello", "other")],
)
def test_lines_of_a_job(text, kind):
    from dmdp.jobs.protocol import parse_line

    assert parse_line(text).kind == kind


def test_a_ct_that_was_edited_in_the_scene_goes_as_it_stands_there(scene, simulated_study, logic, dicomDatabase):
    """Its files are recognised by their voxels; where they are others, the image of the scene is predicted from."""
    import slicer
    from dmdp.intake.load import load_pair

    patient, study = simulated_study
    pair, nodes = load_pair(study, study), []
    for name, volume in (("ct", pair.ct), ("pet", pair.pet)):
        nodes.append(addVolume(scene, volume, name))
        nodes[-1].SetAttribute("DICOM.instanceUIDs", " ".join(dicomDatabase(study / name)))
    ct, pet = nodes
    segmentation = logic.delineate(pet, (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2]))
    asLoaded = logic.predict(ct, pet, segmentation, None, MODELS).prediction.hashes
    slicer.util.arrayFromVolume(ct)[:, :60, :60] = 250.0  # a table that somebody painted in
    slicer.util.arrayFromVolumeModified(ct)
    asEdited = logic.predict(ct, pet, segmentation, None, MODELS).prediction.hashes
    assert asEdited["ct_voxels"] != asLoaded["ct_voxels"]
    assert asEdited["pet_suv_voxels"] == asLoaded["pet_suv_voxels"]
    slicer.util.arrayFromVolume(pet)[40:60] *= 3.0
    slicer.util.arrayFromVolumeModified(pet)
    with pytest.raises(DmdpError, match="The PET in the scene is no longer what its DICOM files hold"):
        logic.predict(ct, pet, segmentation, None, MODELS)


def test_reading_a_contour_leaves_nothing_in_the_scene(scene, nodes, logic):
    """It is read after every stroke of the brush."""
    _ct, pet, seed = nodes
    segmentation = logic.delineate(pet, seed)
    before = scene.GetNumberOfNodes()
    for _ in range(3):
        logic.measure(pet, segmentation)
    assert scene.GetNumberOfNodes() == before
