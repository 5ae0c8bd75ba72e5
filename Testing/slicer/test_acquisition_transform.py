"""Volumes as the DICOM browser leaves them: below a grid transform that moves their slices by a hair, or by more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dmdp.errors import DmdpError, GeometryError
from dmdp.images.mask import Mask
from dmdp.images.volume import EVEN_MM, Volume
from dmdp.patients.case import Clinical, Lesion

from .conftest import addVolume
from .test_logic import oblique

pytestmark = pytest.mark.slicer
ACRIN_SEED, ACRIN_ML = (41.8, 14.7, -121.3), 62.9  # RAS mm; ml at SUV 4 and above


def uneven(folder: Path, out: Path, jitter: float) -> Path:
    """A copy of a series whose inner slices lie up to ``jitter`` mm off; one of them exactly."""
    shutil.copytree(folder, out)
    paths = sorted(out.glob("*.dcm"))
    off = np.random.default_rng(1).uniform(-jitter, jitter, len(paths))
    off[[0, -1]], off[len(paths) // 2] = 0.0, jitter
    for path, millimetres in zip(paths, off, strict=True):
        header = pydicom.dcmread(path)
        x, y, z = header.ImagePositionPatient
        header.ImagePositionPatient = [x, y, round(float(z) + millimetres, 4)]
        header.save_as(path)
    return out


def grid(scene, volume, displacements, name="bend"):
    """A grid transform with a node every so many mm over a volume (RAS mm, (z, y, x, 3)), as the volume's parent."""
    import slicer
    import vtk

    depth, height, width = displacements.shape[:3]
    image = vtk.vtkImageData()
    image.SetDimensions(width, height, depth)
    image.SetOrigin(*volume.GetOrigin())
    size = volume.GetImageData().GetDimensions()
    image.SetSpacing(*(s * n / (m - 1) for s, n, m in zip(volume.GetSpacing(), size, (width, height, depth), strict=True)))
    image.AllocateScalars(vtk.VTK_DOUBLE, 3)
    transform = slicer.vtkOrientedGridTransform()
    directions = vtk.vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(directions)
    transform.SetGridDirectionMatrix(directions)
    transform.SetDisplacementGridData(image)
    node = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", name)
    node.SetAndObserveTransformToParent(transform)
    slicer.util.arrayFromGridTransform(node)[:] = displacements
    volume.SetAndObserveTransformNodeID(node.GetID())
    return node


@pytest.mark.parametrize("jitter", [0.02, 0.4])
def test_a_hair_is_none(browser, simulated_study, logic, tmp_path, jitter):
    from dmdp.intake.load import load_pet
    from DMDPPredictorLib.Nodes import geometryFromNode, isMoved, isUnchangedProposal, maskFromSegmentation

    patient, study = simulated_study
    pet = browser(uneven(study / "pet", tmp_path / "pet", jitter))
    assert pet.GetParentTransformNode().GetName().endswith("acquisition transform")
    assert not isMoved(pet)
    loaded = load_pet(tmp_path / "pet").pet
    assert geometryFromNode(pet).same_grid(loaded.geometry, 1e-3)
    segmentation = logic.delineate(pet, (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2]))
    assert logic.measure(pet, segmentation).mtv > 1
    assert isUnchangedProposal(segmentation, maskFromSegmentation(segmentation, pet))
    assert logic.replaceableProposal(segmentation, pet) is segmentation
    ct = browser(study / "ct")
    sent = given(logic.predictJob(ct, pet, segmentation, Clinical(), None, tmp_path))
    assert sent["method"] == "auto"
    assert sent["pet"]["moved"] is None
    assert len(sent["pet"]["files"]) > 10, "the PET goes as its DICOM files, with an audit"


def given(prepared):
    """The arguments of a job, after all its steps."""
    while True:
        try:
            next(prepared)
        except StopIteration as done:
            return json.loads(done.value.read_text(encoding="utf-8"))["arguments"]


def test_more_is_refused_with_its_figure(browser, simulated_study, logic, tmp_path):
    patient, study = simulated_study
    pet = browser(uneven(study / "pet", tmp_path / "pet", 1.7))
    with pytest.raises(GeometryError, match=r"acquisition transform.*up to 1\.7 mm") as caught:
        logic.delineate(pet, (-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2]))
    assert str(EVEN_MM) in caught.value.expected
    drawn = cube()
    with pytest.raises(GeometryError):
        logic.measure(pet, drawn)
    assert logic.replaceableProposal(drawn, pet) is None


def cube():
    """A segmentation node that holds a cube."""
    import slicer
    import vtk

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    source = vtk.vtkCubeSource()
    source.SetBounds(-20, 20, -20, 20, -20, 20)
    source.Update()
    node.AddSegmentFromClosedSurfaceRepresentation(source.GetOutput(), "cube")
    return node


def test_the_limit_is_measured_anywhere_and_follows_the_transform(scene):
    import slicer
    from DMDPPredictorLib.Nodes import geometryFromNode, worldTransform

    node = addVolume(scene, Volume(np.zeros(oblique().shape), oblique(), "HU"), "bent")
    bump = np.zeros((5, 5, 5, 3))
    bump[2, 2, 2] = (0.0, 0.45, 0.0)
    transform = grid(scene, node, bump)
    assert np.array_equal(worldTransform(node), np.eye(4))
    assert geometryFromNode(node).same_grid(oblique(), 1e-6)
    slicer.util.arrayFromGridTransform(transform)[2, 2, 2] = (0.0, 2.0, 0.0)
    slicer.util.arrayFromGridTransformModified(transform)
    with pytest.raises(GeometryError, match=r"'bent' .* \('bend'\) .* up to 1\.\d+ mm|up to 2 mm"):
        worldTransform(node)
    node.SetAndObserveTransformNodeID(None)
    assert np.array_equal(worldTransform(node), np.eye(4))


def test_what_is_drawn_on_an_oblique_moved_and_bent_volume_comes_back(scene):
    """Propose, read, paint as the Segment Editor does, read: each voxel is where it was put, and the linear part counts."""
    import slicer
    import vtk
    from DMDPPredictorLib.Nodes import geometryFromNode, isUnchangedProposal, maskFromSegmentation, segmentationFromLesion
    from vtk.util.numpy_support import vtk_to_numpy

    shape = oblique().shape
    node = addVolume(scene, Volume(np.zeros(shape), oblique(), "1"), "PET")
    z, y, x = np.indices(shape)
    mask = ((z - 12) / 11) ** 2 + ((y - 20) / 19) ** 2 + ((x - 18) / 17) ** 2 <= 1
    moved = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
    matrix = vtk.vtkTransform()
    matrix.RotateZ(30)
    matrix.Translate(10, -20, 30)
    moved.SetMatrixTransformToParent(matrix.GetMatrix())
    jitter = np.zeros((shape[0], 2, 2, 3))
    jitter[..., 2] = np.random.default_rng(0).uniform(-0.4, 0.4, shape[0])[:, None, None]
    grid(scene, node, jitter).SetAndObserveTransformNodeID(moved.GetID())
    place = geometryFromNode(node)
    assert np.linalg.norm(place.to_lps((0, 0, 0)) - oblique().to_lps((0, 0, 0))) > 20

    segmentation = segmentationFromLesion(Lesion(Mask(mask, place), "auto", "PET", (1.0, 2.0, 3.0)), node)
    back = maskFromSegmentation(segmentation, node)
    np.testing.assert_array_equal(back, mask)
    assert isUnchangedProposal(segmentation, back)
    assert segmentation.GetNodeReference(segmentation.GetReferenceImageGeometryReferenceRole()) is node

    brush = slicer.vtkOrientedImageData()
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    geometry = segmentation.GetSegmentation().GetConversionParameter(name)
    slicer.vtkSegmentationConverter.DeserializeImageGeometry(geometry, brush, True)
    painted = mask.copy()
    painted[2:4, 2:5, 3:9] = True  # beyond what the segment reached
    vtk_to_numpy(brush.GetPointData().GetScalars()).reshape(shape)[:] = painted
    brush.GetPointData().GetScalars().Modified()
    identifier = segmentation.GetSegmentation().GetNthSegmentID(0)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.SetBinaryLabelmapToSegment(brush, segmentation, identifier, logic.MODE_MERGE_MAX)
    np.testing.assert_array_equal(maskFromSegmentation(segmentation, node), painted)


def test_a_contour_below_the_same_transform_comes_back(scene):
    """As a user may place it by hand, in the Transforms module or the subject hierarchy."""
    import slicer
    from DMDPPredictorLib.Nodes import maskFromSegmentation

    shape = oblique().shape
    node = addVolume(scene, Volume(np.zeros(shape), oblique(), "1"), "PET")
    jitter = np.zeros((shape[0], 2, 2, 3))
    jitter[..., 2] = np.random.default_rng(0).uniform(-0.4, 0.4, shape[0])[:, None, None]
    transform = grid(scene, node, jitter)
    mask = np.zeros(shape, np.uint8)
    mask[8:14, 10:30, 5:25] = 1
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "by hand")
    segmentation.SetAndObserveTransformNodeID(transform.GetID())
    identifier = segmentation.GetSegmentation().AddEmptySegment("", "lesion")
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, identifier, node)
    np.testing.assert_array_equal(maskFromSegmentation(segmentation, node), mask > 0)


def test_acrin_042_from_the_browser(browser, data, logic):
    pet = browser(data("acrin_nsclc_042") / "pet_ac")
    assert pet.GetParentTransformNode() is not None, "its slices lie 0.014 mm off even steps"
    segmentation = logic.delineate(pet, ACRIN_SEED)
    measured = logic.measure(pet, segmentation)
    assert measured.mtv == pytest.approx(ACRIN_ML, abs=0.1)
    assert measured.suvMax == pytest.approx(42.2, abs=0.1)
    ct = browser(data("acrin_nsclc_042") / "ct")
    centre = logic.showOverlay(ct, pet, segmentation)
    assert np.linalg.norm(np.subtract(centre, ACRIN_SEED)) < 30


def test_an_empty_volume_is_no_image(scene):
    from DMDPPredictorLib.Nodes import emptySegmentation

    with pytest.raises(DmdpError, match="No image"):
        emptySegmentation(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))
