"""Everything that the panel does, as methods with node arguments; also for the console, batches and tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dmdp.case import Clinical
from dmdp.delineation.pet import delineate
from dmdp.errors import LesionError
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from . import Batch, Overlay
from .Export import exportResult
from .Job import writeJob
from .JobProcess import Progress, runJob
from .Measures import Measures, measure
from .Nodes import isUnchangedProposal, lpsFromRas, maskFromSegmentation, segmentationFromLesion
from .Parameters import DMDPPredictorParameterNode
from .PetSource import SuvReader
from .Request import predictArguments
from .Results import PredictionResult, loadHeatmaps, loadRegions, readResult
from .Study import choosePair


class DMDPPredictorLogic(ScriptedLoadableModuleLogic):
    """Research use only. Points are RAS mm, as everywhere in Slicer."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.suv = SuvReader()

    def getParameterNode(self) -> DMDPPredictorParameterNode:
        """The choices of the panel, as the scene keeps them."""
        return DMDPPredictorParameterNode(super().getParameterNode())

    def choosePair(self, ctNode=None, petNode=None):
        """The CT and the PET of one study among the loaded volumes, ``(ct, pet)``; None where there is none."""
        return choosePair(ctNode, petNode)

    def delineate(self, petNode, seedRas, method: str = "auto", segmentationNode=None):
        """Outline the lesion that holds ``seedRas`` and return it as a segmentation node (a new one unless given)."""
        lesion = delineate(self.suv(petNode).volume, lpsFromRas(seedRas), method)
        return segmentationFromLesion(lesion, petNode, segmentationNode)

    def measure(self, petNode, segmentationNode, segmentId: str = "") -> Measures:
        """SUVmax, SUVpeak, SUVmean, MTV and TLG of a contour; raises :class:`dmdp.errors.DmdpError`."""
        return measure(self.suv(petNode).volume, maskFromSegmentation(segmentationNode, petNode, segmentId))

    def replaceableProposal(self, segmentationNode, petNode):
        """The segmentation if it is an earlier proposal that nobody has edited, else None."""
        try:
            mask = maskFromSegmentation(segmentationNode, petNode)
        except LesionError:
            return None
        return segmentationNode if isUnchangedProposal(segmentationNode, mask) else None

    def prepareJob(
        self, ctNode, petNode, segmentationNode, clinical: Clinical | None, bundles, folder: Path, segmentId: str = ""
    ) -> Path:
        """Write the nodes and ``job.json`` into ``folder``; the result will be ``folder``/result. Returns the job's path."""
        arguments = predictArguments(ctNode, petNode, segmentationNode, clinical or Clinical(), bundles, folder, segmentId)
        return writeJob(folder, "predict", arguments, folder / "result")

    def predict(
        self,
        ctNode,
        petNode,
        segmentationNode,
        clinical: Clinical | None = None,
        bundles: Sequence[str] | None = None,
        progress: Progress = lambda fraction, words: None,
        segmentId: str = "",
    ) -> PredictionResult:
        """Run the whole way in a child process and wait for it; raises :class:`dmdp.errors.DmdpError`.

        ``segmentId`` names the lesion where the segmentation holds several segments.

        The result lies in a temporary folder of its own; keep it with :meth:`exportReport`.
        """
        folder = Path(tempfile.mkdtemp(prefix="dmdp-"))
        try:
            runJob(self.prepareJob(ctNode, petNode, segmentationNode, clinical, bundles, folder, segmentId), progress)
            return self.keepResult(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keepResult(self, folder: Path) -> PredictionResult:
        """Read the result of a finished job in ``folder``, and move it to a temporary folder of its own."""
        kept = Path(tempfile.mkdtemp(prefix="dmdp-result-")) / "result"
        shutil.move(folder / "result", kept)
        return readResult(kept)

    def loadHeatmaps(self, result: PredictionResult, ctNode) -> dict[str, object]:
        """The network's heatmaps as volume nodes beside the CT, by ``<task>_<modality>_<stage>``."""
        return loadHeatmaps(result, ctNode)

    def loadRegions(self, result: PredictionResult, ctNode):
        """The CT regions as a segmentation beside the CT, hidden at first; None where the result has none."""
        return loadRegions(result, ctNode)

    def showOverlay(
        self,
        ctNode,
        petNode,
        segmentationNode,
        heatmapNode=None,
        opacity: float = 0.5,
        threshold: float | None = None,
        legend: bool = True,
        segmentId: str = "",
        arrange: bool = True,
    ):
        """CT, PET (or heatmap) and outline in the slice views, centred on the lesion; returns its centre (RAS, mm)."""
        return Overlay.showOverlay(ctNode, petNode, segmentationNode, heatmapNode, opacity, threshold, legend, segmentId, arrange)

    def exportReport(
        self,
        result: PredictionResult,
        folder: str | Path,
        formats: Sequence[str] = ("html", "csv", "json"),
        ctNode=None,
        petNode=None,
    ) -> tuple[Path, ...]:
        """Write a result into a new folder and return its files: html, pdf, csv, json, scene, and with the nodes of a DICOM
        study seg, sr and map. Raises :class:`dmdp.errors.DmdpError`; then the folder is as it was."""
        return exportResult(result, folder, formats, ctNode, petNode)

    def predictBatch(
        self,
        rowsOrCsv,
        outDir: str | Path,
        bundles: Sequence[str] | None = None,
        jobs: int = 1,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> Batch.BatchResult:
        """Predict for many patients from files; one bad case never stops the rest.

        Shows its progress with *Cancel* where there is a main window; what a cancelled batch left, ``resume=True`` goes on with.
        """
        return Batch.predictBatch(rowsOrCsv, outDir, bundles, jobs, resume, progress)
