"""The images part of the panel: which CT and PET and why, how the PET becomes SUV, and what the headers say of the patient."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any

import slicer
from dmdp.errors import DmdpError
from dmdp.jobs.front_end import RunningJob
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Messages import Message
from .PanelJob import PanelWorker
from .Parameters import DMDPPredictorParameterNode, Sex
from .PetSource import auditText, carriesSuv, dicomFiles, isSuv, tellSuv
from .Readiness import missingImages, suvStatus
from .Request import petJob
from .Study import alignmentWarning, patientFacts


class ImagesPanel:
    """Brings this part in line with the choices. ``changed()`` is called when something has become known of the PET."""

    def __init__(self, ui, logic, worker: PanelWorker, changed: Callable[[], None]):
        self._ui, self._logic, self._worker, self._changed = ui, logic, worker, changed
        self._parameters: DMDPPredictorParameterNode | None = None
        self._facts, self._header = None, (0, Sex.Unknown)
        self._asked: RunningJob | None = None
        self._askedOf: tuple = ()
        self._pair = None
        self._say = Message(ui.imagesMessage)
        ui.suvCheckBox.connect("toggled(bool)", self._toldSuv)
        ui.auditButton.connect("toggled(bool)", self._showAudit)

    def choosePair(self) -> None:
        """Choose the CT and the PET of the loaded study if the user has not."""
        parameters = self._parameters
        if parameters is None or None not in (parameters.ct, parameters.pet):
            return
        self._pair = pair = self._logic.pair(parameters.ct, parameters.pet)
        if pair.ct is not None and pair.pet is not None:
            parameters.ct, parameters.pet = pair.ct, pair.pet
        if parameters.pet is not None and parameters.seed is None:  # so that the place button is ready
            parameters.seed = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Lesion point"))
        self._changed()

    def refresh(self, parameters: DMDPPredictorParameterNode | None) -> None:
        """Show what is known of the chosen images."""
        self._parameters, ui = parameters, self._ui
        ct, pet = (parameters.ct, parameters.pet) if parameters is not None else (None, None)
        if pet is not None and pet.GetImageData() is not None:
            self._askForConversion(pet)
        conversion = self._logic.conversions.of(pet) if pet is not None else None
        ui.suvStatusLabel.text = suvStatus(pet, conversion)
        ui.suvCheckBox.enabled = pet is not None and not carriesSuv(pet)
        blocked = ui.suvCheckBox.blockSignals(True)
        ui.suvCheckBox.checked = pet is not None and isSuv(pet)
        ui.suvCheckBox.blockSignals(blocked)
        ui.auditButton.enabled = pet is not None
        if pet is None:
            ui.auditButton.checked = False
        elif ui.auditButton.checked:
            self._showAudit(True)
        said = (self._whyThese(ct, pet), conversion.error if conversion is not None else "", missingImages(ct, pet))
        self._say(" ".join(filter(None, said)))
        warning = alignmentWarning(ct, pet)
        ui.alignmentLabel.text = warning
        ui.alignmentLabel.visible = bool(warning)
        if parameters is not None:
            self._refreshFacts(parameters)

    def abandon(self) -> None:
        """The scene closes: answers that are still to come are no longer used."""
        if self._asked is not None:
            self._worker.drop(self._asked)
        self._asked, self._askedOf, self._pair = None, (), None

    def _whyThese(self, ct, pet) -> str:
        """The reason of the choice, as long as the images are those that were chosen, or none were."""
        if self._pair is None or (ct, pet) not in ((self._pair.ct, self._pair.pet), (None, None)):
            return ""
        return self._pair.reason

    def _askForConversion(self, pet) -> None:
        """Let the worker read a PET as soon as it is chosen: the first click then finds it read, and faults are shown early."""
        state = (pet.GetID(), pet.GetImageData().GetMTime(), isSuv(pet))
        if state == self._askedOf or isSuv(pet) or not dicomFiles(pet):
            return
        self._askedOf = state
        folder = new_folder("convert")

        def ended(error: DmdpError | None, answer: Mapping[str, Any]) -> None:
            self._asked = None
            shutil.rmtree(folder, ignore_errors=True)
            if slicer.mrmlScene.GetNodeByID(pet.GetID() or "") is pet:
                self._logic.conversions.keep(pet, answer, error)
                self._changed()

        self._asked = self._worker.submit(petJob("convert", self._logic.images, pet, folder), ended=ended, kind="convert")

    def _toldSuv(self, told: bool) -> None:
        """The user says whether the PET is in SUV."""
        if self._parameters is not None and self._parameters.pet is not None:
            tellSuv(self._parameters.pet, told)
            self._changed()

    def _showAudit(self, shown: bool) -> None:
        """How the PET becomes SUV, tag by tag."""
        browser, pet = self._ui.auditBrowser, self._parameters.pet if self._parameters is not None else None
        browser.visible = shown and pet is not None
        if shown and pet is not None:
            conversion = self._logic.conversions.of(pet)
            if conversion is not None or isSuv(pet):
                browser.html = auditText(conversion)
            else:
                browser.html = _("The PET is being read…") if dicomFiles(pet) else suvStatus(pet, None)

    def _refreshFacts(self, parameters: DMDPPredictorParameterNode) -> None:
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
        self._ui.factsLabel.text = said if named else ""
        self._ui.factsLabel.visible = bool(named)
