"""DMDP Predictor: EGFR mutation and histological subtype of a lung tumour from FDG PET/CT. Research use only."""

import sys

import qt
import slicer
import vtk
from dmdp import RESEARCH_USE_ONLY, words
from dmdp.delineation.methods import METHODS
from dmdp.session import new_folder
from DMDPPredictorLib.ExportPanel import ExportPanel
from DMDPPredictorLib.ImagesPanel import ImagesPanel
from DMDPPredictorLib.LesionPanel import LesionPanel
from DMDPPredictorLib.Logic import DMDPPredictorLogic
from DMDPPredictorLib.Messages import Message
from DMDPPredictorLib.ModelPanel import ModelPanel, ModelQuestions
from DMDPPredictorLib.Packages import ensurePackages
from DMDPPredictorLib.PanelJob import PanelJob, PanelWorker
from DMDPPredictorLib.Parameters import clinicalFrom
from DMDPPredictorLib.ProposalPanel import ProposalPanel
from DMDPPredictorLib.PythonPanel import PythonPanel
from DMDPPredictorLib.Readiness import predictionNeeds
from DMDPPredictorLib.ResultPanel import ResultPanel
from DMDPPredictorLib.SampleStudy import registerSampleData
from DMDPPredictorLib.SelfTest import DMDPPredictorTest
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
LAST = -1.0  # priority of an observer: after all others


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
        self._parameters = None
        self._guiTag = None
        self._watched = {}
        self._offered = False

    # --- life cycle ---

    def setup(self):
        """Build the panel; works without a main window."""
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/DMDPPredictor.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        logic = DMDPPredictorLogic()
        self.worker = worker = PanelWorker(logic.worker)
        self.say = Message(self.ui.messageLabel)
        self.sayOfModel, self.sayOfExport = Message(self.ui.modelMessage), Message(self.ui.exportMessage)
        requirements, more = self._packageLists()
        self.job = PanelJob(worker, self.onProgress, self.onJobEnded)
        self.images = ImagesPanel(self.ui, logic, worker, self.refresh)
        self.proposal = ProposalPanel(self.ui, logic, worker, self.onProgress, self.refresh)
        self.lesion = LesionPanel(self.ui, worker, logic.images)
        questions = ModelQuestions(worker, self.sayOfModel, requirements)
        self.models = ModelPanel(self.ui, self.onModelChosen, self.onNetworkChosen, self.sayOfModel, questions)
        self.python = PythonPanel(self.ui, self.sayOfModel, logic.worker.renew)
        self.results = ResultPanel(self.ui, logic, worker, self.say, self.refresh)
        self.exports = ExportPanel(self.ui, worker, self.sayOfExport, self.refresh, self.onProgress, requirements, more)
        self.ui.researchLabel.text = f"<b>{RESEARCH_USE_ONLY}</b>"
        self.ui.seedPlaceWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceSingleMarkup
        self._loaded = qt.QTimer()
        self._loaded.setSingleShot(True)
        self._loaded.setInterval(LOADED_MS)
        self._loaded.connect("timeout()", self.images.choosePair)
        self.ui.editButton.connect("clicked()", self.onEdit)
        self.ui.predictButton.connect("clicked()", self.onPredictOrCancel)
        self.logic = logic  # last: what was not built is not cleaned up

        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self.onNodeAdded)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.setParameterNode(self.logic.getParameterNode())

    def cleanup(self):
        """The application closes, or the module is reloaded: end what runs, forget the result."""
        if self.logic is not None:
            self._abandon()
            self.python.close()
            self.results.views.forget()
            self.results.clear()
            self.lesion.close()
            self.setParameterNode(None)
            self.logic.close()
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
        self.images.choosePair()

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
        for say in (self.say, self.sayOfModel, self.sayOfExport):
            say("")
        self.setParameterNode(None)

    def _abandon(self):
        self._loaded.stop()
        self.job.abandon()
        self.exports.job.abandon()
        self.proposal.abandon()
        self.images.abandon()

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
            # After the wrapper's observers, which read its values anew; added first, so that the widgets' one follows them too.
            self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self.refresh, priority=LAST)
            self._guiTag = parameters.connectGui(self.ui)
            self.ui.methodComboBox.toolTip = "\n".join(f"{words.method(name)}: {method.help}" for name, method in METHODS.items())
            for index, method in enumerate(METHODS):  # which lists the codes
                self.ui.methodComboBox.setItemText(index, words.method(method))
            self.results.restore()
        self.refresh()

    def onNodeAdded(self, caller=None, event=None):
        """Something was loaded while the panel is open: look for the pair when the loading pauses."""
        if self.parent.isEntered and self._parameters is not None and None in (self._parameters.ct, self._parameters.pet):
            self._loaded.start()

    # --- state ---

    @property
    def running(self):
        """True while a prediction or an export runs, or a proposal that a prediction waits for."""
        return self.job.running or self.exports.job.running or self.proposal.leadsOn

    def refresh(self, caller=None, event=None):
        """Bring every widget in line with the choices and the jobs."""
        parameters, running = self._parameters, self.running
        ready = parameters is not None
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
        self.images.refresh(parameters)
        if ready:
            self.models.refresh(parameters.model, parameters.network)
            self.ui.seedPlaceWidget.setCurrentNode(seed)
        self.proposal.refresh(parameters, running)
        self.lesion.refresh(parameters)
        self.ui.editButton.enabled = ready and (parameters.ct or parameters.pet) is not None

        needs = self._predictionNeeds(parameters)
        self.ui.predictButton.text = _("Cancel") if running else _("Predict")
        self.ui.predictButton.enabled = running or not needs
        self.ui.predictButton.toolTip = _("End what runs") if running else needs or _("Predict; takes some seconds")
        self.ui.progressBar.visible = running
        self.results.refresh(parameters, self.job.running)
        self.exports.refresh(self.results.result, parameters, running, self.results.contourFits)

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
        """The contour is edited: what is shown may not have been made from it."""
        self.results.contourChanged()
        self.refresh()  # which measures, too

    # --- what the buttons do ---

    def onModelChosen(self, name):
        """Another installed model."""
        if self._parameters is not None and name:
            self._parameters.model = name

    def onNetworkChosen(self, name):
        """Another network to run beside the model, or none."""
        if self._parameters is not None:
            self._parameters.network = name

    def onPointPlaced(self, caller=None, event=None):
        """A click on the lesion."""
        self.refresh()
        self.proposal.placed()

    def onEdit(self):
        """Draw or correct the contour in the embedded Segment Editor."""
        with self.say.told():
            self.lesion.edit()
        self.refresh()

    def onPredictOrCancel(self):
        """Start a prediction, or end what runs."""
        if self.running:
            self.ui.predictButton.enabled = False
            self.say(_("Cancelling…"))
            for job in (self.job, self.exports.job, self.proposal.job):
                job.cancel()
        else:
            self.startPrediction()

    def startPrediction(self):
        """Start the job, after a proposal if there is no contour; a failure leaves the panel as it was, with the reason."""
        self.say("")
        self.sayOfExport("")
        with self.say.told():
            requirements, more = self._packageLists()
            if ensurePackages(requirements, None if self._offered else more):  # the second once; a prediction does without
                self.worker.renew()
            self._offered = True
            self.onProgress(0.0, _("starting"))
            if self._parameters.segmentation is None:
                self.proposal.propose(then=self._submit)
            else:
                self._submit()
        self.refresh()

    def _packageLists(self):
        """The files that list what Slicer's Python lacks, and what is only wished for."""
        return [self.resourcePath(f"DMDPPredictor/{name}.txt") for name in ("requirements", "requirements-more")]

    def _submit(self):
        """Start the job from the choices as they stand."""
        parameters, folder = self._parameters, new_folder("predict")
        bundles = [parameters.model, *([parameters.network] if parameters.network else [])]
        clinical = clinicalFrom(parameters)
        job = self.logic.predictJob(
            parameters.ct, parameters.pet, parameters.segmentation, clinical, bundles, folder, parameters.segment
        )
        self.onProgress(0.0, _("starting"))
        self.results.expect(parameters)
        self.job.startIn(folder, job)

    def onProgress(self, fraction, words):
        """A progress line of the job."""
        self.ui.progressBar.value = round(100 * fraction)
        self.ui.progressBar.format = f"%p % {words}"

    def onJobEnded(self, error, folder, answer):
        """The prediction is done, failed or was cancelled; a former result stays in the last two cases."""
        self.say("")
        with self.say.told():
            if error is None:
                self.results.show(self.logic.keepResult(folder))
            elif self.logic.images.learn(error, self._parameters.ct):
                self._submit()
            elif error.code == "cancelled" and self.results.result is not None:
                self.say(_("Cancelled. The answer that is shown is the one before."))
            else:
                raise error
        self.refresh()
