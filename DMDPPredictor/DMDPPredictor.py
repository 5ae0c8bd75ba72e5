"""DMDP Predictor: EGFR mutation and histological subtype of a lung tumour from FDG PET/CT. Research use only."""

import logging
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import qt
import slicer
import vtk
from dmdp import RESEARCH_USE_ONLY
from dmdp.errors import DmdpError
from DMDPPredictorLib.ExportPanel import ExportPanel
from DMDPPredictorLib.LesionPanel import LesionPanel
from DMDPPredictorLib.Logic import DMDPPredictorLogic
from DMDPPredictorLib.ModelPanel import ModelPanel
from DMDPPredictorLib.OwnPython import keepOwnPython, keepWheelFolder, ownPython, wheelFolder
from DMDPPredictorLib.Packages import ensurePackages
from DMDPPredictorLib.PanelJob import PanelJob
from DMDPPredictorLib.Parameters import Sex, clinicalFrom
from DMDPPredictorLib.PetSource import auditText, carriesSuv, isSuv, tellSuv
from DMDPPredictorLib.Readiness import delineationNeeds, predictionNeeds, seedRas, suvStatus
from DMDPPredictorLib.ResultPanel import ResultPanel
from DMDPPredictorLib.SampleStudy import registerSampleData
from DMDPPredictorLib.SelfTest import DMDPPredictorTest
from DMDPPredictorLib.Study import alignmentWarning, patientFacts
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

__all__ = ["DMDPPredictor", "DMDPPredictorLogic", "DMDPPredictorTest", "DMDPPredictorWidget"]

SEGMENTS_CHANGED = slicer.vtkSegmentation.SourceRepresentationModified
SEGMENT_ADDED, SEGMENT_REMOVED = slicer.vtkSegmentation.SegmentAdded, slicer.vtkSegmentation.SegmentRemoved
SEGMENT_RENAMED = slicer.vtkSegmentation.SegmentModified
POINT_PLACED = slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent
POINT_REMOVED = slicer.vtkMRMLMarkupsNode.PointRemovedEvent
LOADED_MS = 500  # after the last new volume: a study comes as several
TYPED_MS = 700  # after the last key: the path of a program is not run while it is typed


class DMDPPredictor(ScriptedLoadableModule):
    """What the application lists."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("DMDP Predictor")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Nuclear Medicine")]
        self.parent.dependencies = ["Volumes", "Segmentations", "Markups"]
        self.parent.contributors = ["The DMDP for 3D Slicer developers"]
        self.parent.helpText = _(
            "Predicts EGFR mutation and histological subtype (adenocarcinoma or squamous cell carcinoma) of a lung tumour from "
            "FDG PET/CT, shows where it looked, and says how far to trust it. {research}"
        ).format(research=RESEARCH_USE_ONLY)
        self.parent.acknowledgementText = _("Method: Jiang et al., Transl Lung Cancer Res 2026;15(6).")
        slicer.app.connect("startupCompleted()", registerSampleData)


class DMDPPredictorWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: it holds the user's choices and one job; :meth:`refresh` derives every button from these two."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.job = None
        self.results = None
        self._parameters = None
        self._guiTag = None
        self._watched = {}
        self._facts, self._header = None, (0, Sex.Unknown)
        self._asked = False

    # --- life cycle ---

    def setup(self):
        """Build the panel; works without a main window."""
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/DMDPPredictor.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = DMDPPredictorLogic()
        self.job = PanelJob(self.onProgress, self.onJobEnded)
        self.lesion = LesionPanel(self.ui, self.logic.suv, self.showMessage)
        requirements = self.resourcePath("DMDPPredictor/requirements.txt")
        self.models = ModelPanel(self.ui, self.onModelChosen, self.onNetworkChosen, self.showMessage, requirements)
        self.results = ResultPanel(self.ui, self.logic, self.showMessage)
        more = self.resourcePath("DMDPPredictor/requirements-more.txt")
        self.exports = ExportPanel(self.ui, self.showMessage, self.refresh, self.onProgress, requirements, more)
        self.ui.researchLabel.text = f"<b>{RESEARCH_USE_ONLY}</b>"
        self.ui.seedPlaceWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceSingleMarkup
        self._loaded = qt.QTimer()
        self._loaded.setSingleShot(True)
        self._loaded.setInterval(LOADED_MS)
        self._loaded.connect("timeout()", self.choosePair)
        self._typed = qt.QTimer()
        self._typed.setSingleShot(True)
        self._typed.setInterval(TYPED_MS)
        self._typed.connect("timeout()", self.onPython)

        self.ui.pythonPath.currentPath, self.ui.wheelsPath.currentPath = ownPython(), wheelFolder()
        self.ui.pythonPath.connect("currentPathChanged(QString)", self.onPythonTyped)
        self.ui.wheelsPath.connect("currentPathChanged(QString)", self.onWheels)
        self.ui.suvCheckBox.connect("toggled(bool)", self.onToldSuv)
        self.ui.auditButton.connect("toggled(bool)", self.onAudit)
        self.ui.crosshairButton.connect("clicked()", self.onCrosshair)
        self.ui.delineateButton.connect("clicked()", self.onDelineate)
        self.ui.editButton.connect("clicked()", self.onEdit)
        self.ui.predictButton.connect("clicked()", self.onPredictOrCancel)

        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self.onNodeAdded)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.setParameterNode(self.logic.getParameterNode())

    def cleanup(self):
        """The application closes, or the module is reloaded: end the job, forget the result."""
        if self.job is not None:
            self._abandon()
            self._typed.stop()
            self.results.views.forget()
            self.results.clear()
            self.lesion.close()
        self.setParameterNode(None)
        self.removeObservers()

    def onReload(self):
        """The developer's *Reload*: the panel's parts are read anew with it."""
        for name in [name for name in sys.modules if name.split(".")[0] == "DMDPPredictorLib"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def enter(self):
        """The user opens the module."""
        self.setParameterNode(self.logic.getParameterNode())
        self.lesion.open()
        self.choosePair()

    def exit(self):
        """The user opens another module; a running job goes on."""
        self.ui.seedPlaceWidget.setPlaceModeEnabled(False)
        self.lesion.close()

    def onSceneStartClose(self, caller=None, event=None):
        """Nodes are about to go: end the jobs at once and let go of them."""
        self._abandon()
        self.results.views.forget()  # before the buttons could draw into a scene that closes
        self.results.forget()
        self.lesion.close()
        self.showMessage("")
        self.setParameterNode(None)

    def _abandon(self):
        self._loaded.stop()
        self.job.abandon()
        self.exports.job.abandon()

    def onSceneEndClose(self, caller=None, event=None):
        """Start anew while the panel stays open."""
        self.setParameterNode(self.logic.getParameterNode())
        if self.parent.isEntered:
            self.lesion.open()

    def onSceneEndImport(self, caller=None, event=None):
        """A scene was loaded: its choices, and its answer."""
        self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, parameters):
        """Connect the panel to the user's choices in the scene, or to none."""
        if self._parameters is not None:
            self._parameters.disconnectGui(self._guiTag)
            self.removeObserver(self._parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self.refresh)
        self._parameters = parameters
        self.lesion.setScene(slicer.mrmlScene if parameters is not None else None)
        if parameters is not None:
            installed = self.models.names
            if parameters.model not in installed and installed:  # a scene from a machine with other models
                parameters.model = installed[0]
            if parameters.network not in self.models.networks:
                parameters.network = ""
            self._guiTag = parameters.connectGui(self.ui)
            self.results.restore()
            self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self.refresh)
        self.refresh()

    def onNodeAdded(self, caller=None, event=None):
        """Something was loaded while the panel is open: look for the pair when the loading pauses."""
        if self.parent.isEntered and self._parameters is not None and None in (self._parameters.ct, self._parameters.pet):
            self._loaded.start()

    def choosePair(self):
        """Choose the CT and the PET of the loaded study where the user has not."""
        parameters = self._parameters
        if parameters is None or None not in (parameters.ct, parameters.pet):
            return
        ct, pet = self.logic.choosePair(parameters.ct, parameters.pet)
        if ct is not None and pet is not None:
            parameters.ct, parameters.pet = ct, pet
            if parameters.seed is None:  # so that the place button is ready
                parameters.seed = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Lesion point"))

    # --- state ---

    @property
    def running(self):
        """True while a prediction or an export runs."""
        return self.job.running or self.exports.job.running

    def refresh(self, caller=None, event=None):
        """Bring every widget in line with the choices and the jobs."""
        parameters, running = self._parameters, self.running
        ready = parameters is not None
        pet = parameters.pet if ready else None
        seed = parameters.seed if ready else None
        self._watch("placed", seed, POINT_PLACED, self.onPointPlaced)
        self._watch("removed", seed, POINT_REMOVED, self.refresh)
        segmentation = parameters.segmentation.GetSegmentation() if ready and parameters.segmentation is not None else None
        self._watch("segments", segmentation, SEGMENTS_CHANGED, self.onSegmentsChanged)
        self._watch("added segments", segmentation, SEGMENT_ADDED, self.refresh)
        self._watch("renamed segments", segmentation, SEGMENT_RENAMED, self.refresh)
        self._watch("removed segments", segmentation, SEGMENT_REMOVED, self.onSegmentsChanged)
        for section in (self.ui.imagesSection, self.ui.lesionSection, self.ui.patientSection, self.ui.modelSection):
            section.enabled = ready and not running
        self._refreshImages(parameters)
        if ready:
            self.models.refresh(parameters.model, parameters.network)
            self.ui.seedPlaceWidget.setCurrentNode(seed)
        self.lesion.refresh(parameters)

        needs = delineationNeeds(pet, seed) if ready else _("There is no scene.")
        self.ui.delineateButton.enabled = not needs and not running
        self.ui.delineateButton.toolTip = needs or _("Outline the lesion that holds the point")
        self.ui.editButton.enabled = pet is not None

        needs = self._predictionNeeds(parameters)
        self.ui.predictButton.text = _("Cancel") if running else _("Predict")
        self.ui.predictButton.enabled = running or not needs
        self.ui.predictButton.toolTip = _("End what runs") if running else needs or _("Predict; takes some seconds")
        self.ui.progressBar.visible = running
        self.results.refresh(parameters, self.job.running)
        self.exports.refresh(self.results.result, parameters, running)

    def _refreshImages(self, parameters):
        """The PET's unit, how CT and PET lie, and what the headers say of the patient."""
        ct, pet = (parameters.ct, parameters.pet) if parameters is not None else (None, None)
        self.ui.suvStatusLabel.text = suvStatus(pet)
        self.ui.suvCheckBox.enabled = pet is not None and not carriesSuv(pet)
        blocked = self.ui.suvCheckBox.blockSignals(True)
        self.ui.suvCheckBox.checked = pet is not None and isSuv(pet)
        self.ui.suvCheckBox.blockSignals(blocked)
        self.ui.auditButton.enabled = pet is not None
        if pet is None:
            self.ui.auditButton.checked = False
        warning = alignmentWarning(ct, pet)
        self.ui.alignmentLabel.text = warning
        self.ui.alignmentLabel.visible = bool(warning)
        if parameters is not None:
            self._refreshFacts(parameters)

    def _refreshFacts(self, parameters):
        """Age and sex from the DICOM headers into fields that are empty; the user sees them and may change them."""
        images = tuple(node for node in (parameters.pet, parameters.ct) if node is not None)
        if [node.GetID() for node in images] != self._facts:
            self._facts = [node.GetID() for node in images]
            self._header = patientFacts(*images)
            parameters.age = parameters.age or self._header[0]
            parameters.sex = self._header[1] if parameters.sex is Sex.Unknown else parameters.sex
        age, sex = self._header
        named = [_("age")] * (0 < age == parameters.age) + [_("sex")] * (Sex.Unknown is not sex is parameters.sex)
        said = _("From the DICOM header: {facts}. Please check.").format(facts=", ".join(named))
        self.ui.factsLabel.text = said if named else ""
        self.ui.factsLabel.visible = bool(named)

    def _predictionNeeds(self, parameters):
        if parameters is None:
            return _("There is no scene.")
        return predictionNeeds(
            parameters.ct, parameters.pet, parameters.segmentation, parameters.segment, parameters.seed, self.models.names
        )

    def _watch(self, role, node, event, method):
        """Observe the node that plays a role now, and no longer the one that did before."""
        former = self._watched.get(role)
        if former is node:
            return
        if former is not None:
            self.removeObserver(former, event, method)
        self._watched[role] = node
        if node is not None:
            self.addObserver(node, event, method)

    def onSegmentsChanged(self, caller=None, event=None):
        """The contour was edited: what is shown was not made from it."""
        self.results.contourChanged()
        self.refresh()  # which measures, too

    def showMessage(self, words):
        """One line below the Predict button; empty hides it."""
        self.ui.messageLabel.text = words
        self.ui.messageLabel.visible = bool(words)

    # --- what the buttons do ---

    def onToldSuv(self, told):
        """The user says whether the PET is in SUV."""
        if self._parameters is not None and self._parameters.pet is not None:
            tellSuv(self._parameters.pet, told)
            self.refresh()

    def onAudit(self, shown):
        """How the PET becomes SUV, tag by tag."""
        browser = self.ui.auditBrowser
        browser.visible = shown
        if not shown or self._parameters is None or self._parameters.pet is None:
            return
        with slicer.util.WaitCursor():
            try:
                browser.html = auditText(self.logic.suv(self._parameters.pet).audit)
            except DmdpError as error:
                browser.html = str(error)

    def onPythonTyped(self, path):
        """Another letter of its path."""
        self._typed.start()

    def onPython(self):
        """Another Python for the core; it is kept for all scenes if it can run the core."""
        path = self.ui.pythonPath.currentPath
        with self.told(), slicer.util.WaitCursor():
            version = keepOwnPython(path)
            self.showMessage(_("The core runs in Python {version} of {path}.").format(version=version, path=path) if path else "")

    def onWheels(self, path):
        """Another place for packages; it is kept for all scenes."""
        with self.told():
            keepWheelFolder(path)
            self.showMessage("")

    def onModelChosen(self, name):
        """Another installed model."""
        if self._parameters is not None and name:
            self._parameters.model = name

    def onNetworkChosen(self, name):
        """Another network to run beside the model, or none."""
        if self._parameters is not None:
            self._parameters.network = name

    def onPointPlaced(self, caller=None, event=None):
        """A click on the lesion: propose its contour, unless one was drawn."""
        self.refresh()
        parameters = self._parameters
        drawn = parameters.segmentation is not None and not self.logic.replaceableProposal(
            parameters.segmentation, parameters.pet
        )
        if self.ui.delineateButton.enabled and not drawn:
            self.onDelineate()

    def onCrosshair(self):
        """The point goes to the crosshair, as if it had been clicked there."""
        parameters = self._parameters
        if parameters.seed is None:
            parameters.seed = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Lesion point"))
        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        parameters.seed.RemoveAllControlPoints()
        parameters.seed.AddControlPointWorld(*crosshair.GetCrosshairRAS())

    def onDelineate(self):
        """Propose a contour at the point; it replaces an earlier proposal, never a contour that was drawn."""
        self.showMessage("")
        with self.told():
            self.propose()

    def propose(self):
        """Outline the lesion at the point; raises :class:`DmdpError`."""
        parameters = self._parameters
        parameters.segment = ""
        earlier = self.logic.replaceableProposal(parameters.segmentation, parameters.pet)
        with slicer.util.WaitCursor():
            parameters.segmentation = self.logic.delineate(parameters.pet, seedRas(parameters.seed), parameters.method, earlier)

    def onEdit(self):
        """Draw or correct the contour in the embedded Segment Editor."""
        with self.told():
            self.lesion.edit()

    def onPredictOrCancel(self):
        """Start a prediction, or end what runs."""
        if self.running:
            self.ui.predictButton.enabled = False
            self.showMessage(_("Cancelling…"))
            self.job.cancel()
            self.exports.job.cancel()
        else:
            self.startPrediction()

    def startPrediction(self):
        """Write the job and start it; a failure leaves the panel as it was, with the reason."""
        self.results.clear()
        self.showMessage("")
        folder = Path(tempfile.mkdtemp(prefix="dmdp-"))
        with self.told():
            try:
                self._startIn(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise

    def _startIn(self, folder):
        parameters = self._parameters
        bundles = [parameters.model, *([parameters.network] if parameters.network else [])]
        if parameters.segmentation is None:
            self.propose()
        wished = (
            None if self._asked else self.resourcePath("DMDPPredictor/requirements-more.txt")
        )  # once; a prediction does without
        self._asked = True
        ensurePackages(self.resourcePath("DMDPPredictor/requirements.txt"), wished)
        with slicer.util.WaitCursor():
            job = self.logic.prepareJob(
                parameters.ct,
                parameters.pet,
                parameters.segmentation,
                clinicalFrom(parameters),
                bundles,
                folder,
                parameters.segment,
            )
        self.onProgress(0.0, _("starting"))
        self.results.expect(parameters)
        self.job.start(job)

    def onProgress(self, fraction, words):
        """A progress line of the job."""
        self.ui.progressBar.value = round(100 * fraction)
        self.ui.progressBar.format = f"%p % {words}"

    def onJobEnded(self, error, folder):
        """The job is done, failed or was cancelled; the folder lives until this returns."""
        self.showMessage("")
        with self.told():
            if error is not None:
                raise error
            self.results.show(self.logic.keepResult(folder))

    @contextmanager
    def told(self):
        """Whatever goes wrong inside is told below the button, and the panel is brought in line in any case."""
        try:
            yield
        except DmdpError as error:
            self.showMessage(str(error))
        except Exception as error:  # a defect, not the user's doing: the trace goes to the application's log
            logging.exception("DMDP Predictor")
            self.showMessage(_("Unexpected: {error}. The application's log has the details.").format(error=error))
        finally:
            self.refresh()
