"""DMDP Training: makes and checks the models that DMDP Predictor uses. Research use only."""

import tempfile
from pathlib import Path

import ctk
import qt
import slicer
import vtk
from DMDPTrainingLib.ResultText import bundleText, networkText
from DMDPTrainingLib.Work import Work
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

MIN_WIDTH = 200  # of the curves, in pixels
MARGINS = 40  # pixels by which the panel's button is wider than what lies in a section, with a scroll bar beside it
LAST = -1.0  # priority of an observer: after all others


class DMDPTraining(ScriptedLoadableModule):
    """What the application lists."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("DMDP Training")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Nuclear Medicine")]
        self.parent.dependencies = ["DMDPPredictor"]  # for the core and its jobs
        self.parent.contributors = ["The DMDP for 3D Slicer developers"]
        self.parent.helpText = _(
            "Trains and validates the models that DMDP Predictor uses. Research use only. Not for diagnosis."
        )
        self.parent.acknowledgementText = _("Method: Jiang et al., Transl Lung Cancer Res 2026;15(6).")


@parameterNodeWrapper
class DMDPTrainingParameterNode:
    """The chosen work, the folder with the matrices (or the cohort file), and the folder for the result; empty: not chosen."""

    work: Work = Work.QuickValidation
    data: str = ""
    out: str = ""


class DMDPTrainingWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: choices, one job, and what it found; :meth:`refresh` derives every widget from these."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = self.job = self._parameters = self._guiTag = self._running = self._drawn = self._shown = None

    def setup(self):
        """Build the panel; works without a main window."""
        from dmdp import RESEARCH_USE_ONLY
        from dmdp.jobs.worker import Worker
        from DMDPPredictorLib.Launch import workerLaunch
        from DMDPPredictorLib.PanelJob import PanelJob, PanelWorker

        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/DMDPTraining.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = DMDPTrainingLogic()
        self.worker = PanelWorker(Worker(workerLaunch))
        self.job = PanelJob(self.worker, self.onProgress, self.onJobEnded)
        self.ui.researchLabel.text = f"<b>{RESEARCH_USE_ONLY}</b>"
        self._followPath("data", self.ui.dataPath)
        self._followPath("out", self.ui.outPath)
        self.ui.startButton.connect("clicked()", self.onStartOrCancel)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.enter)
        self.showMessage("")
        self.enter()

    def cleanup(self):
        """The application closes, or the module is reloaded: end the job."""
        if self.job is not None:
            self.job.abandon()
            self.worker.stop()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self, caller=None, event=None):
        """The user opens the module, or a new scene begins."""
        self.setParameterNode(self.logic.getParameterNode())

    def onSceneStartClose(self, caller=None, event=None):
        """The choices go with the scene; a job writes only into its own folder, and goes on."""
        self.setParameterNode(None)

    def setParameterNode(self, parameters):
        """Connect the panel to the choices in the scene, or to none."""
        if self._parameters is not None:
            self._parameters.disconnectGui(self._guiTag)
            self.removeObserver(self._parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self.refresh)
        self._parameters = parameters
        if parameters is not None:
            # After the wrapper's observers, which read its values anew; added first, so that the widgets' one follows them too.
            self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self.refresh, priority=LAST)
            self._guiTag = parameters.connectGui(self.ui)
            self.refresh()

    def refresh(self, caller=None, event=None):
        """Bring every widget in line with the choices and the job."""
        parameters, running = self._parameters, self.job.running
        for edit, path in ((self.ui.dataPath, parameters.data), (self.ui.outPath, parameters.out)):
            if edit.currentPath != path:  # else the cursor would jump to the end while the user types
                edit.currentPath = path
        missing = parameters.work.needs(parameters.data, parameters.out)
        self.ui.workNote.text = parameters.work.note()
        self.ui.dataPathLabel.text = parameters.work.dataLabel()
        if parameters.work is not self._shown:  # new filters end the completion
            self.ui.dataPath.filters = ctk.ctkPathLineEdit.Files if parameters.work is Work.Network else ctk.ctkPathLineEdit.Dirs
            self._shown = parameters.work
        self.ui.choicesSection.enabled = not running
        self.ui.startButton.text = _("Cancel") if running else _("Start")
        self.ui.startButton.enabled = running or not missing
        self.ui.startButton.toolTip = _("End the job; validation and network go on from there next time") if running else missing
        self.ui.progressBar.visible = running

    def showMessage(self, words):
        """One line below the button; empty hides it."""
        from DMDPPredictorLib.Wrap import breakable

        self.ui.messageLabel.text = breakable(words)
        self.ui.messageLabel.visible = bool(words)

    def _followPath(self, name, edit):
        """CTK's field tells a path that is there by one signal, and an empty one only by the other."""
        edit.connect("currentPathChanged(QString)", lambda path: self.onPath(name, path))
        edit.connect("validInputChanged(bool)", lambda valid: self.onPath(name, edit.currentPath))

    def onPath(self, name, path):
        """A folder was chosen."""
        if self._parameters is not None:
            setattr(self._parameters, name, path)

    def onStartOrCancel(self):
        """Start the chosen work, or end the one that runs."""
        from dmdp.errors import DmdpError
        from DMDPPredictorLib.Packages import ensurePackages

        if self.job.running:
            self.ui.startButton.enabled = False
            self.showMessage(_("Cancelling…"))
            self.job.cancel()
            return
        self.showMessage("")
        parameters = self._parameters
        try:
            if ensurePackages(self.resourcePath("DMDPTraining/requirements.txt")):
                self.worker.renew()
            self.job.start(self.logic.prepareJob(parameters.work, parameters.data, parameters.out))
            self._running = (parameters.work, Path(parameters.out))
        except (DmdpError, OSError) as error:
            self.showMessage(str(error))
        self.refresh()

    def onProgress(self, fraction, words):
        """A progress line of the job."""
        self.ui.progressBar.value = round(100 * fraction)
        self.ui.progressBar.format = f"%p % {words}"
        self.showCurves()

    def showCurves(self):
        """The curves of a network in training, when they were drawn anew."""
        path = self._running[1] / "curves.png" if self._running is not None else None
        drawn = path.stat().st_mtime_ns if path is not None and path.is_file() else None
        if drawn is not None and drawn != self._drawn:
            width = max(self.ui.startButton.width - MARGINS, MIN_WIDTH)
            self.ui.curvesLabel.setPixmap(qt.QPixmap(str(path)).scaledToWidth(width, qt.Qt.SmoothTransformation))
            self.ui.resultSection.collapsed = False
        self.ui.curvesLabel.visible = drawn is not None
        self._drawn = drawn

    def onJobEnded(self, error, folder, answer):
        """The job is done, failed or was cancelled."""
        work, out = self._running
        try:
            if error is not None:
                self.showMessage(str(error))
            elif work in (Work.Training, Work.Network):
                self.ui.resultBrowser.html = (bundleText if work is Work.Training else networkText)(out)
                self.showCurves()
            else:
                self.ui.resultBrowser.setSource(qt.QUrl.fromLocalFile(str(out / "report.md")))
        except (OSError, KeyError, ValueError) as problem:
            self.showMessage(_("The result cannot be read: {problem}").format(problem=problem))
        finally:
            self.ui.resultSection.collapsed = error is not None
            if self._parameters is not None:
                self.refresh()


class DMDPTrainingLogic(ScriptedLoadableModuleLogic):
    """Jobs of the training package; no widget is needed to run them."""

    def getParameterNode(self):
        """The choices of the panel, as the scene keeps them."""
        return DMDPTrainingParameterNode(super().getParameterNode())

    def prepareJob(self, work, data, out):
        """Write ``job.json`` for a piece of :class:`Work` into a new temporary folder and return its path."""
        from dmdp.jobs.job import write_job
        from dmdp.session import new_folder

        return write_job(new_folder("training"), work.value[0], work.arguments(data), out)

    def run(self, work, data, out, progress=lambda fraction, words: None):
        """Do a piece of work in a child process and wait for it; raises :class:`dmdp.errors.DmdpError`."""
        import shutil

        from DMDPPredictorLib.Launch import runAlone

        job = self.prepareJob(work, data, out)
        try:
            runAlone(job, progress)
        finally:
            shutil.rmtree(job.parent, ignore_errors=True)


class DMDPTrainingTest(ScriptedLoadableModuleTest):
    """The panel says what is missing; the jobs that it offers exist."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_thePanelSaysWhatIsMissing()
        self.setUp()
        self.test_thePanelFollowsItsParameters()

    def test_thePanelSaysWhatIsMissing(self):
        """Start stays off, with the reason, until the matrices are named."""
        widget = slicer.util.getModuleWidget("DMDPTraining")
        widget.enter()
        self.assertFalse(widget.ui.startButton.enabled)
        self.assertIn("matrices", widget.ui.startButton.toolTip)
        with tempfile.TemporaryDirectory() as empty:
            widget.logic.getParameterNode().data = empty
            self.assertIn("lacks", widget.ui.startButton.toolTip)
            widget.logic.getParameterNode().data = ""

    def test_thePanelFollowsItsParameters(self):
        """What code sets is shown, and a path that is cleared is no longer chosen."""
        widget = slicer.util.getModuleWidget("DMDPTraining")
        widget.enter()
        parameters = widget.logic.getParameterNode()
        with tempfile.TemporaryDirectory() as folder:
            parameters.data, parameters.out = folder, str(Path(folder) / "out")
            self.assertEqual(widget.ui.dataPath.currentPath, parameters.data)
            self.assertEqual(widget.ui.outPath.currentPath, parameters.out)
            widget.ui.dataPath.currentPath = widget.ui.outPath.currentPath = ""
            self.assertEqual((parameters.data, parameters.out), ("", ""))
