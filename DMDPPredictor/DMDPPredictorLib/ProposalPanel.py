"""The point in the lesion, and the contour that is proposed at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import slicer
from dmdp.errors import DmdpError
from dmdp.progress import Progress
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Messages import Message
from .PanelJob import PanelJob, PanelWorker
from .Parameters import DMDPPredictorParameterNode
from .Readiness import delineationNeeds, seedRas
from .Request import proposeJob


class ProposalPanel:
    """Proposes a contour in the worker. What is missing, or fails, is shown below the point.

    A proposal replaces an earlier one, never a contour that was drawn. ``changed()`` is called when one begins or ends.
    """

    def __init__(self, ui, logic, worker: PanelWorker, progress: Progress, changed: Callable[[], None]):
        self._ui, self._logic, self._changed = ui, logic, changed
        self._parameters: DMDPPredictorParameterNode | None = None
        self._waits = False  # a point was placed before all was known that a proposal needs
        self._then: Callable[[], None] | None = None
        self._say = Message(ui.lesionMessage)
        self.job = PanelJob(worker, progress, self._ended)
        ui.crosshairButton.connect("clicked()", self._toCrosshair)
        ui.delineateButton.connect("clicked()", self.propose)

    @property
    def leadsOn(self) -> bool:
        """True while a proposal runs that a prediction waits for."""
        return self.job.running and self._then is not None

    def refresh(self, parameters: DMDPPredictorParameterNode | None, running: bool) -> None:
        """Bring the point's row in line with the choices."""
        self._parameters, ui = parameters, self._ui
        needs = self._needs()
        ui.delineateButton.enabled = not needs and not running
        ui.delineateButton.toolTip = needs or _("Outline the lesion that holds the point")
        if self._waits and not running:
            if needs:
                self._say(needs)
            else:
                self.propose()

    def placed(self) -> None:
        """A click on the lesion: propose its contour, unless one was drawn."""
        parameters = self._parameters
        drawn = parameters.segmentation is not None and not self._logic.replaceableProposal(
            parameters.segmentation, parameters.pet
        )
        self._waits = not drawn
        if drawn:
            self._say(_("The contour that was drawn stays. Press the button to propose another beside it."))
        self._changed()

    def propose(self, then: Callable[[], None] | None = None) -> None:
        """Outline the lesion at the point; ``then()`` is called if there is a contour."""
        parameters = self._parameters
        self._waits, self._then = False, then
        self.job.abandon()  # an earlier point's
        self._asked = (parameters.pet, seedRas(parameters.seed))
        parameters.segment = ""
        folder = new_folder("propose")
        self._say(_("Outlining the lesion…"))
        pet, point = self._asked
        self.job.startIn(folder, proposeJob(self._logic.images, pet, point, parameters.method, folder))
        self._changed()

    def abandon(self) -> None:
        """The scene closes."""
        self.job.abandon()
        self._waits, self._then = False, None
        self._say("")

    def _needs(self) -> str:
        parameters = self._parameters
        return delineationNeeds(parameters.pet, parameters.seed) if parameters is not None else _("There is no scene.")

    def _ended(self, error: DmdpError | None, folder: Path, answer: Mapping[str, Any]) -> None:
        then, self._then = self._then, None
        parameters, (pet, _point) = self._parameters, self._asked
        self._say("")
        with self._say.told():
            if error is not None:
                raise error
            if parameters is None or parameters.pet is not pet:  # another image was chosen meanwhile
                return
            with slicer.util.WaitCursor():
                earlier = self._logic.replaceableProposal(parameters.segmentation, pet)
                parameters.segmentation = self._logic.showProposal(answer, pet, earlier)
            self._say(" ".join(answer["notes"]))
            if then is not None:
                then()
        self._changed()

    def _toCrosshair(self) -> None:
        """The point goes to the crosshair, as if it had been clicked there."""
        parameters = self._parameters
        if parameters.seed is None:
            parameters.seed = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Lesion point"))
        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        parameters.seed.RemoveAllControlPoints()
        parameters.seed.AddControlPointWorld(*crosshair.GetCrosshairRAS())
