"""DICOM series into volume nodes as Slicer's DICOM browser loads them, on the genuine MRML and ITK classes.

What was read in Slicer's sources, and is done alike here:

``DICOMScalarVolumePlugin.py``, ``loadFilesWithSeriesReader`` and ``setVolumeNodeProperties``: the files come sorted along the
slice normal; ``vtkITKArchetypeImageSeriesScalarReader`` (GDCM) reads them; spacing and origin of the image data go to 1 and 0 and
the reader's matrix to the node; a left-handed volume has its slices reversed, and the list of files with them; the node gets the
attributes ``DICOM.instanceUIDs`` and ``DICOM.instanceNumbers``, one entry a slice, in the order of the slices; a PET gets the
colours PET-Heat, and no unit; a CT gets Hounsfield units; a window from the middle file, where one is there. The node is named
``<SeriesNumber>: <SeriesDescription>``.

``AcquisitionModeling`` in the same file, run after each load unless the application's settings say "none": the four corners of
every slice, once by the node's matrix (even steps) and once by the headers, are compared; where any coordinate differs by more
than 1e-3 mm, a ``vtkMRMLGridTransformNode`` named ``<volume> acquisition transform`` becomes the volume's parent. Its grid has
2 x 2 nodes a slice, lies as the volume does, and holds the differences in mm. The corners are those of the voxel *indices* 0 and
``columns``, ``rows``, so the grid reaches one voxel beyond the last one.

``DICOMPlugin.addSeriesInSubjectHierarchy``: a series item with the series' UID, below a study item below a patient item.
``DICOMUtils.getSortedImageFiles``: the order is that of the position along ``row x column``.
``ctkDICOMDatabase`` answers an unknown file, instance or tag with an empty text, and several values joined by backslashes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pydicom
import slicer
import vtk

CORNER_EPSILON = 1e-3  # mm
POSITION, ORIENTATION, SPACING = "0020,0032", "0020,0037", "0028,0030"
INSTANCE, SERIES, STUDY, PATIENT = "0008,0018", "0020,000e", "0020,000d", "0010,0020"
NUMBER, DESCRIPTION, MODALITY, INSTANCE_NUMBER = "0020,0011", "0008,103e", "0008,0060", "0020,0013"


class DicomDatabase:
    """``slicer.dicomDatabase``: the questions that the module and the loader ask, and how often each was asked."""

    def __init__(self):
        self._headers: dict[str, pydicom.Dataset] = {}
        self._paths: dict[str, str] = {}
        self._uids: dict[str, str] = {}
        self.asked = 0

    def add(self, paths: Iterable[Path]) -> dict[str, str]:
        """Import files; returns SOP instance UID → path."""
        added = {}
        for path in map(Path, paths):
            header = pydicom.dcmread(path, stop_before_pixels=True)
            added[str(header.SOPInstanceUID)] = str(path)
            self._headers[str(header.SOPInstanceUID)] = header
        self._paths.update(added)
        self._uids.update({path: uid for uid, path in added.items()})
        return added

    def fileForInstance(self, uid: str) -> str:
        return self._paths.get(uid, "")

    def fileValue(self, path: str, tag: str) -> str:
        return self.instanceValue(self._uids.get(str(path), ""), tag)

    def instanceValue(self, uid: str, tag: str) -> str:
        self.asked += 1
        element = self._headers.get(uid, {}).get(tuple(int(part, 16) for part in tag.split(",")))
        value = element.value if element is not None and element.value is not None else ""
        return "\\".join(map(str, value)) if isinstance(value, pydicom.multival.MultiValue) else str(value)


def loadSeries(paths: Iterable[Path]):
    """The volume node of one series, its acquisition transform included; ``slicer.dicomDatabase`` must hold the files."""
    files = _sorted([str(path) for path in paths])
    number, description = _value(files[0], NUMBER), _value(files[0], DESCRIPTION) or "Unnamed Series"
    node = _read(files, f"{number}: {description}" if number else description)
    _placeInHierarchy(node, files[0])
    files = _rightHanded(node, files)
    node.SetAttribute("DICOM.instanceUIDs", " ".join(_value(path, INSTANCE) or "Unknown" for path in files))
    node.SetAttribute("DICOM.instanceNumbers", " ".join(_value(path, INSTANCE_NUMBER) or "?" for path in files))
    _display(node, files[len(files) // 2])
    _regularise(node)
    return node


def _value(path: str, tag: str) -> str:
    return slicer.dicomDatabase.fileValue(path, tag)


def _vector(uid_or_path: str, tag: str, of=None) -> np.ndarray:
    return np.array([float(v) for v in (of or _value)(uid_or_path, tag).split("\\")])


def _sorted(files: list[str]) -> list[str]:
    axes = _vector(files[0], ORIENTATION)
    normal = np.cross(axes[:3], axes[3:])
    return sorted(files, key=lambda path: float(_vector(path, POSITION) @ normal))


def _read(files: list[str], name: str):
    reader = slicer.vtkITKArchetypeImageSeriesScalarReader()
    reader.SetArchetype(files[0])
    for path in files:
        reader.AddFileName(path)
    reader.SetSingleFile(0)
    reader.SetOutputScalarTypeToNative()
    reader.SetDesiredCoordinateOrientationToNative()
    reader.SetUseNativeOriginOn()
    reader.SetDICOMImageIOApproachToGDCM()
    reader.Update()
    change = vtk.vtkImageChangeInformation()
    change.SetInputConnection(reader.GetOutputPort())
    change.SetOutputSpacing(1, 1, 1)
    change.SetOutputOrigin(0, 0, 0)
    change.Update()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", slicer.mrmlScene.GenerateUniqueName(name))
    node.SetAndObserveImageData(change.GetOutputDataObject(0))
    node.SetRASToIJKMatrix(reader.GetRasToIjkMatrix())
    node.CreateDefaultDisplayNodes()
    return node


def _placeInHierarchy(node, path: str) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    names = slicer.vtkMRMLSubjectHierarchyConstants
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
    hierarchy.SetItemUID(item, names.GetDICOMUIDName(), _value(path, SERIES))
    hierarchy.SetItemAttribute(item, names.GetDICOMSeriesModalityAttributeName(), _value(path, MODALITY))
    patient = _value(path, PATIENT) or "Patient-" + _value(path, STUDY)
    slicer.vtkSlicerSubjectHierarchyModuleLogic.InsertDicomSeriesInHierarchy(
        hierarchy, patient, _value(path, STUDY), _value(path, SERIES)
    )


def _rightHanded(node, files: list[str]) -> list[str]:
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    if slicer.vtkMRMLVolumeNode.IsIJKCoordinateSystemRightHanded(matrix):
        return files
    slicer.vtkMRMLVolumeNode.ReverseSliceOrder(node.GetImageData(), matrix)
    node.SetIJKToRASMatrix(matrix)
    return files[::-1]


def _display(node, path: str) -> None:
    display = node.GetDisplayNode()
    level, width = _value(path, "0028,1050").split("\\")[0], _value(path, "0028,1051").split("\\")[0]
    if level and width:
        display.AddWindowLevelPreset(float(width), float(level))
        display.SetWindowLevelFromPreset(0)
    if _value(path, MODALITY) == "PT":
        heat = slicer.vtkMRMLPETProceduralColorNode.PETheat
        display.SetAndObserveColorNodeID(slicer.modules.colors.logic().GetPETColorNodeID(heat))
    if _value(path, MODALITY) == "CT":
        unit = slicer.vtkCodedEntry()
        unit.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
        node.SetVoxelValueUnits(unit)


def _regularise(node) -> None:
    """The acquisition transform, where the headers put a corner of a slice elsewhere than the node does."""
    source, target = _cornersOfNode(node), _cornersOfHeaders(node)
    error = np.abs(source - target).max()
    if error <= CORNER_EPSILON:
        return
    logging.warning("Irregular volume geometry detected (maximum error of %g mm).", error)
    transform = slicer.vtkMRMLGridTransformNode()
    transform.SetName(slicer.mrmlScene.GenerateUniqueName(f"{node.GetName()} acquisition transform"))
    slicer.mrmlScene.AddNode(transform)
    columns, rows, slices = node.GetImageData().GetDimensions()
    grid = vtk.vtkImageData()
    grid.SetOrigin(*node.GetOrigin())
    grid.SetDimensions(2, 2, slices)
    spacing = node.GetSpacing()
    grid.SetSpacing(spacing[0] * columns, spacing[1] * rows, spacing[2])
    grid.AllocateScalars(vtk.VTK_DOUBLE, 3)
    displacement = slicer.vtkOrientedGridTransform()
    directions = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(directions)
    displacement.SetGridDirectionMatrix(directions)
    displacement.SetDisplacementGridData(grid)
    transform.SetAndObserveTransformToParent(displacement)
    node.SetAndObserveTransformNodeID(transform.GetID())
    slicer.util.arrayFromGridTransform(transform)[:] = target - source


def _cornersOfNode(node) -> np.ndarray:
    """RAS mm, (slice, row, column, 3), by the node's matrix."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    columns, rows, slices = node.GetImageData().GetDimensions()
    index = np.array([[[(c * columns, r * rows, k, 1) for c in (0, 1)] for r in (0, 1)] for k in range(slices)], float)
    return (index @ slicer.util.arrayFromVTKMatrix(matrix).T)[..., :3]


def _cornersOfHeaders(node) -> np.ndarray:
    """RAS mm, (slice, row, column, 3), by the headers of the slices."""
    columns, rows, slices = node.GetImageData().GetDimensions()
    corners = np.zeros((slices, 2, 2, 3))
    for k, uid in enumerate(node.GetAttribute("DICOM.instanceUIDs").split()):
        position, axes, spacing = (
            _vector(uid, tag, slicer.dicomDatabase.instanceValue) for tag in (POSITION, ORIENTATION, SPACING)
        )
        for row in range(2):
            for column in range(2):
                across = column * columns * spacing[1] * axes[:3]
                corners[k, row, column] = position + across + row * rows * spacing[0] * axes[3:]
    return corners * (-1.0, -1.0, 1.0)
