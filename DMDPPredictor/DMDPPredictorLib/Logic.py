"""Everything that the panel does, as methods with node arguments; also for the console, batches and tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import slicer
from dmdp.atomic import result_folder
from dmdp.case import Clinical
from dmdp.delineation.pet import delineate
from dmdp.errors import LesionError
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from . import Batch, Overlay
from .Job import writeJob
from .JobProcess import Progress, runJob
from .Nodes import emptySegmentation, isUnchangedProposal, lpsFromRas, maskFromSegmentation, segmentationFromLesion
from .Parameters import DMDPPredictorParameterNode
from .PetSource import suvVolume
from .Request import predictArguments
from .Results import PredictionResult, loadHeatmaps, readResult


class DMDPPredictorLogic(ScriptedLoadableModuleLogic):
    """Research use only. Points are RAS mm, as everywhere in Slicer."""

    def getParameterNode(self) -> DMDPPredictorParameterNode:
        """The choices of the panel, as the scene keeps them."""
        return DMDPPredictorParameterNode(super().getParameterNode())

    def delineate(self, petNode, seedRas, method: str = "auto", segmentationNode=None):
        """Outline the lesion that holds ``seedRas`` and return it as a segmentation node (a new one unless given)."""
        temporary = Path(tempfile.mkdtemp(prefix="dmdp-"))
        try:
            lesion = delineate(suvVolume(petNode, temporary), lpsFromRas(seedRas), method)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return segmentationFromLesion(lesion, petNode, segmentationNode)

    def replaceableProposal(self, segmentationNode, petNode):
        """The segmentation if it is an earlier proposal that nobody has edited, else None."""
        try:
            mask = maskFromSegmentation(segmentationNode, petNode)
        except LesionError:
            return None
        return segmentationNode if isUnchangedProposal(segmentationNode, mask) else None

    def editContour(self, segmentationNode, volumeNode):
        """Get a contour ready for the Segment Editor on ``volumeNode``, and the editor for it; returns the segmentation.

        A new one is made where ``segmentationNode`` is None.
        """
        if segmentationNode is None:
            segmentationNode = emptySegmentation(volumeNode)
        editor = slicer.mrmlScene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode")
        if editor is None:
            editor = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            editor.UnRegister(None)
            editor.SetSingletonTag("SegmentEditor")
            editor = slicer.mrmlScene.AddNode(editor)
        editor.SetAndObserveSegmentationNode(segmentationNode)
        editor.SetAndObserveSourceVolumeNode(volumeNode)
        return segmentationNode

    def prepareJob(self, ctNode, petNode, segmentationNode, clinical: Clinical | None, bundles, folder: Path) -> Path:
        """Write the nodes and ``job.json`` into ``folder``; the result will be ``folder``/result. Returns the job's path."""
        arguments = predictArguments(ctNode, petNode, segmentationNode, clinical or Clinical(), bundles, folder)
        return writeJob(folder, "predict", arguments, folder / "result")

    def predict(
        self,
        ctNode,
        petNode,
        segmentationNode,
        clinical: Clinical | None = None,
        bundles: Sequence[str] | None = None,
        progress: Progress = lambda fraction, words: None,
    ) -> PredictionResult:
        """Run the whole way in a child process and wait for it; raises :class:`dmdp.errors.DmdpError`.

        The result lies in a temporary folder of its own; keep it with :meth:`exportReport`.
        """
        folder = Path(tempfile.mkdtemp(prefix="dmdp-"))
        try:
            runJob(self.prepareJob(ctNode, petNode, segmentationNode, clinical, bundles, folder), progress)
            return self.keepResult(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keepResult(self, folder: Path) -> PredictionResult:
        """Read the result of a finished job in ``folder``, and move it to a temporary folder of its own."""
        kept = Path(tempfile.mkdtemp(prefix="dmdp-result-")) / "result"
        shutil.move(folder / "result", kept)
        return readResult(kept)

    def loadHeatmaps(self, result: PredictionResult, ctNode) -> dict[str, object]:
        """The demonstration network's heatmaps as volume nodes beside the CT, by ``<task>_<modality>_<stage>``."""
        return loadHeatmaps(result, ctNode)

    def showOverlay(self, ctNode, petNode, segmentationNode, heatmapNode=None, opacity: float = 0.5):
        """CT, PET (or heatmap) and outline in the slice views, centred on the lesion; returns its centre (RAS, mm)."""
        return Overlay.showOverlay(ctNode, petNode, segmentationNode, heatmapNode, opacity)

    def exportReport(self, result: PredictionResult, folder: str | Path) -> Path:
        """Copy report, tables, masks and maps to ``folder``, whole or not at all."""
        with result_folder(folder, marker="job.json") as aside:
            shutil.copytree(result.folder, aside, dirs_exist_ok=True)
        return Path(folder)

    def predictBatch(self, rowsOrCsv, outDir: str | Path, resume: bool = False) -> Batch.BatchResult:
        """Predict for many patients from files; one bad case never stops the rest."""
        return Batch.predictBatch(rowsOrCsv, outDir, resume)
