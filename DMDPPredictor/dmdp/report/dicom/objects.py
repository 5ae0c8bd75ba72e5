"""From a result and its DICOM series to DICOM objects in a folder."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from traceback import walk_tb

from pydicom.dataset import Dataset

from ... import __version__
from ...errors import DicomError, MissingPackage
from ...evidence import evidence_of
from ...images.volume import Volume
from ...intake.source import Given
from ...patients.case import CT, PET
from ...progress import Progress
from ...results.reader import Result
from ..outcome import Exported
from .identity import Identity
from .prepared import reason_of
from .source import Source, find_source, uptake_of, voxels_of

LIBRARIES = ("highdicom", "pydicom")


@dataclass(frozen=True, eq=False)
class Objects:
    """The DICOM objects of a ``result``, each written into ``folder`` when it is asked for.

    ``sources`` are the series of its images, by modality; of an image that it was made without there is none.
    All of the methods raise :class:`DicomError` if the headers of the series do not fit.
    """

    folder: Path
    result: Result
    sources: Mapping[str, Source]
    identity: Identity
    _made: dict[str, tuple[Dataset, Exported]] = field(default_factory=dict)

    def lesions(self) -> Iterator[Exported]:
        """The segmentations of the lesion, on each image that there is."""
        for modality in (PET, CT):
            if modality in self.sources:
                yield self.lesion_on(modality)[1]

    def leading_lesion(self) -> Exported:
        """The segmentation that the report refers to: on the PET, or on the CT if there is no PET."""
        return self.lesion_on(self._leads)[1]

    def lesion_on(self, modality: str) -> tuple[Dataset, Exported]:
        """The segmentation of the lesion on the PET, or of the lesion and its regions on the CT; written once."""
        if modality not in self._made:
            with _quiet():
                self._made[modality] = self._on_pet() if modality == PET else self._on_ct()
        return self._made[modality]

    def _on_pet(self) -> tuple[Dataset, Exported]:
        from .segmentation import lesion_on_pet

        made = lesion_on_pet(self.sources[PET], self.result.contours[PET], self._method, self.identity)
        return made, self._save(made, "segmentation_pet.dcm", "seg", "DICOM Segmentation of the lesion on the PET")

    def _on_ct(self) -> tuple[Dataset, Exported]:
        from .segmentation import lesion_and_regions_on_ct

        contour = self.result.contours[CT]
        made = lesion_and_regions_on_ct(self.sources[CT], contour, self.result.regions, self._method, self.identity)
        return made, self._save(made, "segmentation_ct.dcm", "seg", "DICOM Segmentation of the lesion and its regions on the CT")

    def report(self, title: str) -> Exported:
        """The structured report."""
        from .structured_report import structured_report

        with _quiet():
            lesion, prediction = self.lesion_on(self._leads)[0], self.result.prediction
            made = structured_report(self.sources[self._leads], lesion, prediction, self.identity, prediction.images)
            return self._save(made, "report.dcm", "sr", title)

    def maps(self) -> Iterator[Exported]:
        """A parametric map for each heatmap."""
        from .parametric_map import parametric_map

        said = self.result.prediction.network
        evidence = evidence_of(said)
        backdrop = self.sources[CT if CT in self.sources else PET]
        label = (said and said.label) or evidence.label
        for number, (name, heatmap) in enumerate(self.result.heatmaps.items()):
            with _quiet():
                made = parametric_map(backdrop, name, heatmap, label, evidence, 9110 + number, self.identity)
                file = self._save(made, f"heatmap_{name}.dcm", "map", f"DICOM parametric map: {label}")
            yield file

    @property
    def _leads(self) -> str:
        return PET if PET in self.sources else CT

    @property
    def _method(self) -> str:
        return self.result.prediction.contour.method

    def _save(self, dataset: Dataset, file: str, name: str, holds: str) -> Exported:
        dataset.save_as(self.folder / file, enforce_file_format=True)
        return Exported(self.folder / file, name, holds, str(dataset.SOPInstanceUID))


def find_objects(folder: Path, result: Result, ct: Given | None, pet: Given | None, progress: Progress) -> Objects:
    """The objects of a result for the series in the folders ``ct`` and ``pet``, to be written into ``folder``.

    Those series are read that the result was made from. Raises :class:`MissingPackage` if highdicom cannot be imported,
    :class:`InputError` subclasses if the series are not those of the result.
    """
    try:
        import highdicom
    except ImportError as error:
        raise MissingPackage("highdicom", "the DICOM export", "dicom") from error
    sources = {}
    if CT in result.contours and ct is not None:
        progress(0.0, "finding the CT series")
        is_same = voxels_of(result.prediction.hashes["ct_voxels"])
        sources[CT] = find_source(ct, "CT", result.contours[CT].geometry, is_same)
    if PET in result.contours and pet is not None:
        progress(0.4, "finding the PET series")
        sources[PET] = find_source(pet, "PT", result.contours[PET].geometry, _pet_of(result))
    progress(0.7, "writing the DICOM objects")
    inputs = (result.digest, *(source.series.uid for source in sources.values()), __version__, highdicom.__version__)
    identity = Identity(hashlib.sha256("/".join(inputs).encode()).hexdigest(), result.created)
    return Objects(folder, result, sources, identity)


def _pet_of(result: Result) -> Callable[[Volume], bool]:
    prediction = result.prediction
    if prediction.suv_audit is None:
        return uptake_of(result.contours[PET], prediction.features)
    return voxels_of(prediction.hashes["pet_suv_voxels"])


def _is_of_library(error: Exception) -> bool:
    """Whether an error was raised in a DICOM library, and so is about a header; one from our own code is our own fault."""
    return any(frame.f_globals["__name__"].partition(".")[0] in LIBRARIES for frame, _line in walk_tb(error.__traceback__))


@contextmanager
def _quiet() -> Iterator[None]:
    """Let the library print nothing, as its warnings quote patients' names, and turn its refusals of a header into ours."""
    logger = logging.getLogger("highdicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if os.environ.get("DMDP_DEBUG") or not _is_of_library(error):
            raise
        raise DicomError(
            "export.header",
            f"The headers of the series do not fit into DICOM objects ({reason_of(error)}).",
            "headers with patient, study, position and orientation as the standard has them.",
            "Check the series with a DICOM validator, or export it again from the archive.",
        ) from None
    finally:
        logger.setLevel(level)
