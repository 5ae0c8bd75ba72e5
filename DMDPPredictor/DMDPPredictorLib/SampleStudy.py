"""*Simulated PET/CT patient* in the module Sample Data: made on this computer, without network."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import slicer
from dmdp import words
from dmdp.errors import Cancelled, DmdpError
from dmdp.jobs.job import write_job
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Launch import runAlone
from .Waiting import waiting

CATEGORY, SAMPLE = "DMDP Predictor", "Simulated PET/CT patient"
THUMBNAIL = Path(__file__).parents[1] / "Resources" / "Icons" / "DMDPSimulatedPatient.png"  # PET on CT of this very patient
PATIENT = 7  # the seed of the simulation
PET_WINDOW_LEVEL = (8.0, 4.0)
PET_COLOURS = "vtkMRMLPETProceduralColorNodePET-DICOM"
SUV_QUANTITY = ("126400", "DCM", "Standardized Uptake Value")  # value, scheme and meaning, as the PET DICOM extension sets them
SUV_UNITS = ("{SUVbw}g/ml", "UCUM", "Standardized Uptake Value body weight")


def registerSampleData() -> None:
    """Offer the patient in Sample Data, once the application has started; if that module is missing nothing happens."""
    try:
        import SampleData
    except ImportError:
        return
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE,
        uris=[],  # nothing to download: what Sample Data would fetch by itself is empty
        fileNames=[],
        nodeNames=[],
        customDownloader=onSampleRequested,
        thumbnailFileName=str(THUMBNAIL),
    )


def onSampleRequested(source=None) -> None:
    """What the button in Sample Data does. A failure is shown in one line, and a cancelled simulation leaves no files."""
    try:
        loadSimulatedPatient()
    except Cancelled:
        return
    except DmdpError as error:
        slicer.util.errorDisplay(str(error), windowTitle=SAMPLE)


def loadSimulatedPatient():
    """Simulate the patient in a child process and load it: ``(ctNode, petNode, pointNode)``.

    The PET is in SUVbw and says so; the point lies in the tumour, locked, and its name tells what it is for. With a main window
    the simulation shows its progress and *Cancel*. Raises :class:`DmdpError` if DMDP Training or a package is missing,
    :class:`Cancelled` after *Cancel*.
    """
    if find_spec("dmdp_training") is None:
        raise DmdpError(
            "package.missing",
            _("The patient is simulated by the module DMDP Training, which is not installed."),
            _("both modules of the extension DMDP."),
            _("Install the extension again, or load a study of your own."),
        )
    folder = new_folder("sample")
    patients = folder / "patients"
    try:
        with waiting(_("Simulated PET/CT patient")) as (progress, idle):
            runAlone(write_job(folder, "simulate", {"seed": PATIENT, "volumes": True}, patients), progress, idle)
        with slicer.util.WaitCursor():
            return _load(patients / f"patient_{PATIENT:04d}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load(folder: Path):
    ct = _volume(folder / "ct.nrrd", _("Simulated CT"), words.CT_WINDOWS["lung"])
    pet = _volume(folder / "pet.nrrd", _("Simulated PET"), PET_WINDOW_LEVEL)
    if slicer.mrmlScene.GetNodeByID(PET_COLOURS) is not None:
        pet.GetDisplayNode().SetAndObserveColorNodeID(PET_COLOURS)
    pet.SetVoxelValueQuantity(_coded(SUV_QUANTITY))
    pet.SetVoxelValueUnits(_coded(SUV_UNITS))
    x, y, z = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["seed_lps_mm"]
    point = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Simulated tumour: click here"))
    point.AddControlPointWorld(-x, -y, z, _("click here"))
    point.SetLocked(True)  # it stays where it is, and a click there places the lesion point
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), _("Simulated patient, no real person"))
    for node in (ct, pet, point):
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(study, node), study)
    slicer.util.setSliceViewerLayers(background=ct, foreground=pet, foregroundOpacity=0.4, fit=True)
    for sliceNode in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        sliceNode.JumpSliceByCentering(-x, -y, z)
    return ct, pet, point


def _volume(path: Path, name: str, windowLevel: tuple[float, float]):
    """A volume as it was written, without the file: that lies in a folder that goes."""
    node = slicer.util.loadVolume(str(path), {"name": slicer.mrmlScene.GenerateUniqueName(name), "show": False})
    storage = node.GetStorageNode()
    if storage is not None:
        slicer.mrmlScene.RemoveNode(storage)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(*windowLevel)
    return node


def _coded(words: tuple[str, str, str]):
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(*words)
    return entry
