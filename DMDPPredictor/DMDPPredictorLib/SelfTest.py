"""The module's own test in the application, for ``Slicer --testing`` and the Reload and Test button."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import slicer
import vtk
from dmdp.patients.case import Clinical
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from .Logic import DMDPPredictorLogic
from .Nodes import geometryFromNode, maskFromSegmentation
from .Packages import missingPackages, requirementsFrom
from .PetSource import tellSuv

SPACING = 4.0
CENTRE = (60.0, 10.0, -20.0)  # RAS mm, in the patient's right lung
RADIUS = 14.0
LIMIT = 300.0  # seconds


class DMDPPredictorTest(ScriptedLoadableModuleTest):
    """A made-up thorax with one hot ball goes through the logic that the panel uses."""

    def setUp(self):
        slicer.mrmlScene.Clear()
        self.logic = DMDPPredictorLogic()
        self.ct, self.pet = _thorax()

    def runTest(self):
        for name in sorted(name for name in dir(self) if name.startswith("test_")):
            self.setUp()
            getattr(self, name)()

    def test_aLesionIsOutlinedAndShown(self):
        """The proposal has the ball's volume, and the views go to its centre."""
        segmentation = self.logic.delineate(self.pet, CENTRE)
        volume = maskFromSegmentation(segmentation, self.pet).sum() * SPACING**3
        self.assertAlmostEqual(volume, 4 / 3 * np.pi * RADIUS**3, delta=0.1 * volume)
        centre = self.logic.showOverlay(self.ct, self.pet, segmentation)
        self.assertLess(np.linalg.norm(np.subtract(centre, CENTRE)), 2.0)

    def test_thePanelSaysWhatIsMissing(self):
        """Predict stays off, with the reason, until all is there."""
        widget = slicer.util.getModuleWidget("DMDPPredictor")
        widget.enter()
        button, parameters = widget.ui.predictButton, widget.logic.getParameterNode()
        self.assertFalse(button.enabled)
        self.assertTrue(button.toolTip)
        parameters.ct, parameters.pet = self.ct, self.pet
        parameters.segmentation = self.logic.delineate(self.pet, CENTRE)
        widget.refresh()
        self.assertTrue(button.enabled, button.toolTip)

    def test_theClickPath(self):
        """Choose the pair, click the lesion, edit, predict, cancel, predict, overlay, export: as a reader would, in the panel."""
        if _missing():
            return
        widget = slicer.util.getModuleWidget("DMDPPredictor")
        widget.enter()
        ui, parameters = widget.ui, widget.logic.getParameterNode()
        parameters.network = ""
        widget.images.choosePair()
        self.assertIs(parameters.ct, self.ct)
        self.assertIs(parameters.pet, self.pet)
        parameters.seed.AddControlPointWorld(*CENTRE)
        self._wait(widget)
        self.assertIsNotNone(parameters.segmentation, ui.lesionMessage.text)
        ui.editButton.click()
        self.assertFalse(ui.editorSection.collapsed)
        ui.editorSection.collapsed = True
        ui.predictButton.click()
        self.assertTrue(widget.running, ui.messageLabel.text)
        ui.predictButton.click()
        self._wait(widget)
        self.assertIsNone(widget.results.result)
        ui.predictButton.click()
        longest = self._wait(widget)
        self.assertIsNotNone(widget.results.result, ui.messageLabel.text)
        print(f"The longest time that the window stood still during the job: {longest:.2f} s")
        ui.overlayButton.click()
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):  # none without a window
            self.assertEqual(composite.GetForegroundVolumeID(), self.pet.GetID())
        ui.overlayButton.click()
        with tempfile.TemporaryDirectory() as folder:
            widget.exports.export(folder)
            self._wait(widget)
            self.assertTrue((Path(folder) / "DMDP-result" / "report.html").exists(), ui.messageLabel.text)

    def _wait(self, widget):
        """Let the window work until nothing runs; returns the longest time that it needed at once (s)."""
        longest, end = 0.0, time.monotonic() + LIMIT
        while widget.running or widget.proposal.job.running or widget.results.loading:
            self.assertLess(time.monotonic(), end, "the job does not end")
            start = time.monotonic()
            slicer.app.processEvents()
            longest = max(longest, time.monotonic() - start)
            time.sleep(0.02)
        return longest

    def test_aPredictionComesBack(self):
        """The child process answers for both tasks; needs the packages that the module asks for at the first Predict."""
        if _missing():
            return
        segmentation = self.logic.delineate(self.pet, CENTRE)
        result = self.logic.predict(self.ct, self.pet, segmentation, Clinical(61.0, "F"), ["published-pet-clinical"])
        self.assertLessEqual({"EGFR", "subtype"}, set(result.prediction.tasks))
        self.assertIn(result.prediction.applicability.verdict, ("ok", "caution", "outside"))


def _missing() -> list[str]:
    """Packages that Slicer's Python still lacks; said once per test, as the tests never install anything."""
    requirements = slicer.util.getModule("DMDPPredictor").path.replace(
        "DMDPPredictor.py", "Resources/DMDPPredictor/requirements.txt"
    )
    missing = missingPackages(requirementsFrom(requirements))
    if missing:
        print("Not tested, as packages are missing:", ", ".join(missing))
    return missing


def _thorax():
    """CT (HU) and PET (SUV) nodes of two lungs in a body, with a ball of SUV 8 in the right one."""
    ct, pet = (slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name) for name in ("CT", "PET"))
    shape = (60, 70, 90)  # z, y, x
    for node in (ct, pet):
        slicer.util.updateVolumeFromArray(node, np.zeros(shape, np.float32))
        ijkToRas = vtk.vtkMatrix4x4()
        for axis, (direction, size) in enumerate(zip((-1, -1, 1), shape[::-1], strict=True)):
            ijkToRas.SetElement(axis, axis, direction * SPACING)
            ijkToRas.SetElement(axis, 3, -direction * SPACING * (size - 1) / 2)
        node.SetIJKToRASMatrix(ijkToRas)
        node.CreateDefaultDisplayNodes()
    grid = geometryFromNode(ct)
    x, y, z = np.moveaxis(grid.to_lps(np.moveaxis(np.indices(shape), 0, -1)) * (-1, -1, 1), -1, 0)
    body = (x / 160) ** 2 + (y / 110) ** 2 <= 1
    lungs = ((np.abs(x) - 75) / 55) ** 2 + (y / 80) ** 2 + (z / 100) ** 2 <= 1
    ball = (x - CENTRE[0]) ** 2 + (y - CENTRE[1]) ** 2 + (z - CENTRE[2]) ** 2 <= RADIUS**2
    hu = np.select([ball, lungs, body], [40.0, -800.0, 30.0], -1000.0).astype(np.float32)
    suv = np.select([ball, lungs, body], [8.0, 0.5, 1.0], 0.0).astype(np.float32)
    slicer.util.updateVolumeFromArray(ct, hu)
    slicer.util.updateVolumeFromArray(pet, suv)
    tellSuv(pet, True)
    return ct, pet
