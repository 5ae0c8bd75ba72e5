"""Everything that the panel does, as methods with node arguments; also for the console, batches and tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dmdp.errors import DmdpError, GeometryError, LesionError
from dmdp.intake.packed import unpack
from dmdp.jobs.front_end import Prepared
from dmdp.jobs.worker import Worker
from dmdp.patients.case import PET, Clinical, Lesion
from dmdp.progress import Progress, silent
from dmdp.session import new_folder
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from . import Batch, Overlay
from .Export import Export, exportResult
from .Launch import workerLaunch
from .Measures import Measures
from .Nodes import isUnchangedProposal, maskFromSegmentation, segmentationFromLesion
from .Parameters import DMDPPredictorParameterNode
from .PetSource import Conversions
from .Request import measureJob, predictJob, proposeJob
from .ResultNode import storedResult
from .Results import PredictionResult, mapsJob, readMaps, readResult, showMaps
from .SceneImages import SceneImages
from .Study import Pair, choosePair


class DMDPPredictorLogic(ScriptedLoadableModuleLogic):
    """Research use only. Points are RAS mm, as everywhere in Slicer.

    What takes long is done by ``worker``, a child process; the methods here wait for it, the panel does not.
    """

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.worker = Worker(workerLaunch)
        self.images = SceneImages()
        self.conversions = Conversions()

    def getParameterNode(self) -> DMDPPredictorParameterNode:
        """The choices of the panel, as the scene keeps them."""
        return DMDPPredictorParameterNode(super().getParameterNode())

    def pair(self, ctNode=None, petNode=None) -> Pair:
        """The CT and the PET of one study among the loaded volumes, and in words why these; what would be a guess is None."""
        return choosePair(ctNode, petNode)

    def choosePair(self, ctNode=None, petNode=None):
        """The same as ``(ct, pet)``, for the console."""
        pair = self.pair(ctNode, petNode)
        return pair.ct, pair.pet

    def delineate(self, petNode, seedRas, method: str = "auto", segmentationNode=None):
        """Outline the lesion that holds ``seedRas`` and return it as a segmentation node (a new one unless given)."""
        answer = self._ask(lambda folder: proposeJob(self.images, petNode, seedRas, method, folder))
        return self.showProposal(answer, petNode, segmentationNode)

    def showProposal(self, answer: Mapping[str, Any], petNode, segmentationNode=None):
        """The worker's answer to ``propose`` as a segmentation node (a new one unless given)."""
        self.conversions.keep(petNode, answer)
        lesion = Lesion(unpack(answer["mask"]), answer["method"], PET, tuple(answer["seed"]), tuple(answer["notes"]))
        return segmentationFromLesion(lesion, petNode, segmentationNode)

    def measure(self, petNode, segmentationNode, segmentId: str = "") -> Measures:
        """SUVmax, SUVpeak, SUVmean, MTV and TLG of a contour; raises :class:`dmdp.errors.DmdpError`."""
        return Measures.fromAnswer(
            self._ask(lambda folder: measureJob(self.images, petNode, segmentationNode, segmentId, folder))
        )

    def replaceableProposal(self, segmentationNode, petNode):
        """The segmentation if it is an earlier proposal that nobody has edited, else None."""
        try:
            mask = maskFromSegmentation(segmentationNode, petNode)
        except (LesionError, GeometryError):
            return None
        return segmentationNode if isUnchangedProposal(segmentationNode, mask) else None

    def predictJob(
        self, ctNode, petNode, segmentationNode, clinical: Clinical | None, bundles, folder: Path, segmentId: str = ""
    ) -> Prepared:
        """The job that predicts, prepared in ``folder`` step by step; the result will be ``folder``/result."""
        return predictJob(self.images, ctNode, petNode, segmentationNode, clinical or Clinical(), bundles, folder, segmentId)

    def predict(
        self,
        ctNode,
        petNode,
        segmentationNode,
        clinical: Clinical | None = None,
        bundles: Sequence[str] | None = None,
        progress: Progress = silent,
        segmentId: str = "",
    ) -> PredictionResult:
        """Run the whole way in a child process and wait for it; raises :class:`dmdp.errors.DmdpError`. One of the images may be
        None: the models must then do without it, and the segmentation is drawn on the other.

        ``segmentId`` names the lesion if the segmentation holds several segments.

        The result lies in a temporary folder of its own; keep it with :meth:`exportReport`.
        """
        folder = new_folder("predict")
        try:
            for _attempt in range(2):
                try:
                    job = self.predictJob(ctNode, petNode, segmentationNode, clinical, bundles, folder, segmentId)
                    self.worker.run(job, progress)
                    break
                except DmdpError as error:
                    if not self.images.learn(error, ctNode):
                        raise
            return self.keepResult(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keepResult(self, folder: Path) -> PredictionResult:
        """Read the result of a finished job in ``folder``, and move it to a temporary folder of its own."""
        kept = new_folder("result") / "result"
        shutil.move(folder / "result", kept)
        return readResult(kept)

    def loadHeatmaps(self, result: PredictionResult, ctNode) -> dict[str, object]:
        """The network's heatmaps as volume nodes beside the CT, by ``<task>_<modality>_<stage>``."""
        return self._loadMaps(result, ctNode)[1]

    def loadRegions(self, result: PredictionResult, ctNode):
        """The CT regions as a segmentation beside the CT, hidden at first; None if the result has none."""
        return self._loadMaps(result, ctNode)[0]

    def _loadMaps(self, result: PredictionResult, ctNode):
        folder = new_folder("maps")
        try:
            return showMaps(result, readMaps(self.worker.run(mapsJob(result, folder))), ctNode)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

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
    ) -> Export:
        """Write a result into a new folder: html, pdf, csv, json, scene, and with the nodes of a DICOM study seg, sr and map.

        Returns the files, as a sequence that also knows by format what was not written and why (``notWritten``): a format that
        cannot be written does not stop the others. In a folder that exists only files of an earlier export are replaced. Raises
        :class:`dmdp.errors.DmdpError`, also if nothing can be written; then the folder is as it was.
        """
        return exportResult(result, folder, formats, ctNode, petNode)

    def resultInScene(self) -> PredictionResult | None:
        """The answer that came with the scene, for :meth:`exportReport`; None if there is none that can be read."""
        stored = storedResult()
        return PredictionResult(stored.prediction, None) if stored is not None else None

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

        Shows its progress with *Cancel* if there is a main window; what a cancelled batch left, ``resume=True`` goes on with.
        """
        return Batch.predictBatch(rowsOrCsv, outDir, bundles, jobs, resume, progress)

    def close(self) -> None:
        """End the worker; the next question starts another."""
        self.worker.stop()

    def _ask(self, prepare: Callable[[Path], Prepared]) -> Mapping[str, Any]:
        folder = new_folder("question")
        try:
            return self.worker.run(prepare(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
