"""From a result and its DICOM series to DICOM objects in a folder."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb

from ... import __version__
from ...errors import DicomError, MissingPackage
from ...images.volume import Volume
from ...intake.source import Given
from ...progress import Progress
from ...results.reader import Result
from ..formats import FORMATS, Exported
from ..standing import standing
from .identity import Identity
from .prepared import reason_of
from .source import Source, find_source, uptake_of, voxels_of

LIBRARIES = ("highdicom", "pydicom")
LABEL = "network heatmap; does not explain the probability"


def write_objects(
    folder: Path, formats: Collection[str], result: Result, ct: Given, pet: Given, progress: Progress
) -> tuple[Exported, ...]:
    """Write the objects of ``formats`` (``seg``, ``sr``, ``map``) into ``folder``.

    ``ct`` and ``pet`` are folders with the series. The report refers to the lesion on the PET, whose segmentation is therefore
    written with it. Raises :class:`MissingPackage` where highdicom cannot be imported, :class:`InputError` subclasses where the
    series are not those of the result or their headers do not fit.
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
    with _quiet():
        return tuple(_write(folder, formats, result, ct_source, pet_source, identity))


def _pet_of(result: Result) -> Callable[[Volume], bool]:
    prediction = result.prediction
    if prediction.suv_audit is None:
        return uptake_of(result.pet, prediction.features)
    return voxels_of(prediction.hashes["pet_suv_voxels"])


def _write(
    folder: Path, formats: Collection[str], result: Result, ct: Source, pet: Source, identity: Identity
) -> Iterator[Exported]:
    from .parametric_map import parametric_map
    from .segmentation import lesion_and_regions_on_ct, lesion_on_pet
    from .structured_report import structured_report

    def save(dataset, file: str, name: str, holds: str) -> Exported:
        dataset.save_as(folder / file, enforce_file_format=True)
        return Exported(folder / file, name, holds, str(dataset.SOPInstanceUID))

    method = result.prediction.contour.method
    if {"seg", "sr"} & set(formats):
        on_pet = lesion_on_pet(pet, result.pet, method, identity)
        yield save(on_pet, "segmentation_pet.dcm", "seg", "DICOM Segmentation of the lesion on the PET")
    if "seg" in formats:
        on_ct = lesion_and_regions_on_ct(ct, result.ct, result.regions, method, identity)
        yield save(on_ct, "segmentation_ct.dcm", "seg", "DICOM Segmentation of the lesion and its regions on the CT")
    if "sr" in formats:
        report = structured_report(pet, on_pet, result.prediction, identity)
        yield save(report, "report.dcm", "sr", FORMATS["sr"].title)
    if "map" in formats:
        said = result.prediction.network
        label = (said and said.label) or LABEL
        for number, (name, heatmap) in enumerate(result.heatmaps.items()):
            made = parametric_map(ct, name, heatmap, label, standing(said), 9110 + number, identity)
            yield save(made, f"heatmap_{name}.dcm", "map", f"DICOM parametric map: {label}")


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
