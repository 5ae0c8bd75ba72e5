"""From a result and its DICOM series to DICOM objects in a folder."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from traceback import walk_tb

from pydicom.dataset import Dataset

from ... import __version__
from ...errors import DicomError, MissingPackage
from ...evidence import evidence_of
from ...images.volume import Volume
from ...intake.source import Given
from ...progress import Progress
from ...results.reader import Result
from ..outcome import Exported
from .identity import Identity
from .prepared import reason_of
from .source import Source, find_source, uptake_of, voxels_of

LIBRARIES = ("highdicom", "pydicom")


@dataclass(frozen=True, eq=False)
class Objects:
    """The DICOM objects of a ``result`` for its series, each written into ``folder`` when it is asked for.

    All of their methods raise :class:`DicomError` if the headers of the series do not fit.
    """

    folder: Path
    result: Result
    ct: Source
    pet: Source
    identity: Identity

    @cached_property
    def lesion_on_pet(self) -> tuple[Dataset, Exported]:
        """The segmentation of the lesion on the PET, to which the report refers."""
        from .segmentation import lesion_on_pet

        with _quiet():
            made = lesion_on_pet(self.pet, self.result.pet, self._method, self.identity)
            return made, self._save(made, "segmentation_pet.dcm", "seg", "DICOM Segmentation of the lesion on the PET")

    def lesion_on_ct(self) -> Exported:
        """The segmentation of the lesion and its regions on the CT."""
        from .segmentation import lesion_and_regions_on_ct

        with _quiet():
            made = lesion_and_regions_on_ct(self.ct, self.result.ct, self.result.regions, self._method, self.identity)
            return self._save(made, "segmentation_ct.dcm", "seg", "DICOM Segmentation of the lesion and its regions on the CT")

    def report(self, title: str) -> Exported:
        """The structured report."""
        from .structured_report import structured_report

        with _quiet():
            made = structured_report(self.pet, self.lesion_on_pet[0], self.result.prediction, self.identity)
            return self._save(made, "report.dcm", "sr", title)

    def maps(self) -> Iterator[Exported]:
        """A parametric map for each heatmap."""
        from .parametric_map import parametric_map

        said = self.result.prediction.network
        evidence = evidence_of(said)
        label = (said and said.label) or evidence.label
        for number, (name, heatmap) in enumerate(self.result.heatmaps.items()):
            with _quiet():
                made = parametric_map(self.ct, name, heatmap, label, evidence, 9110 + number, self.identity)
                file = self._save(made, f"heatmap_{name}.dcm", "map", f"DICOM parametric map: {label}")
            yield file

    @property
    def _method(self) -> str:
        return self.result.prediction.contour.method

    def _save(self, dataset: Dataset, file: str, name: str, holds: str) -> Exported:
        dataset.save_as(self.folder / file, enforce_file_format=True)
        return Exported(self.folder / file, name, holds, str(dataset.SOPInstanceUID))


def find_objects(folder: Path, result: Result, ct: Given, pet: Given, progress: Progress) -> Objects:
    """The objects of a result for the series in the folders ``ct`` and ``pet``, to be written into ``folder``.

    Raises :class:`MissingPackage` if highdicom cannot be imported, :class:`InputError` subclasses if the series are not those of
    the result.
    """
    try:
        import highdicom
    except ImportError as error:
        raise MissingPackage("highdicom", "the DICOM export", "dicom") from error
    progress(0.0, "finding the CT series")
    ct_source = find_source(ct, "CT", result.ct.geometry, voxels_of(result.prediction.hashes["ct_voxels"]))
    progress(0.4, "finding the PET series")
    pet_source = find_source(pet, "PT", result.pet.geometry, _pet_of(result))
    progress(0.7, "writing the DICOM objects")
    inputs = (result.digest, ct_source.series.uid, pet_source.series.uid, __version__, highdicom.__version__)
    identity = Identity(hashlib.sha256("/".join(inputs).encode()).hexdigest(), result.created)
    return Objects(folder, result, ct_source, pet_source, identity)


def _pet_of(result: Result) -> Callable[[Volume], bool]:
    prediction = result.prediction
    if prediction.suv_audit is None:
        return uptake_of(result.pet, prediction.features)
    return voxels_of(prediction.hashes["pet_suv_voxels"])


def _is_of_library(error: Exception) -> bool:
    """Whether an error came out of a library for DICOM, and so speaks of a header; one of our own lines is our own fault."""
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
