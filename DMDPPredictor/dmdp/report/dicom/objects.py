"""From a result and its DICOM series to DICOM objects in a folder."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ... import __version__
from ...errors import DicomError, MissingPackage
from ...images.volume import Volume
from ...intake.source import Given
from ...patients.case import CT, PET
from ...progress import Progress
from ...results.reader import Result
from ..formats import FORMATS, Exported
from ..standing import standing
from .identity import Identity
from .prepared import reason_of
from .source import Source, find_source, uptake_of, voxels_of

LABEL = "network heatmap; does not explain the probability"


def write_objects(
    folder: Path, formats: Collection[str], result: Result, ct: Given | None, pet: Given | None, progress: Progress
) -> tuple[Exported, ...]:
    """Write the objects of ``formats`` (``seg``, ``sr``, ``map``) into ``folder``.

    ``ct`` and ``pet`` are folders with the series, of which those are read that the result was made from. The report refers to
    the lesion on the PET (without one, on the CT), whose segmentation is therefore written with it.
    Raises :class:`MissingPackage` where highdicom cannot be imported, :class:`InputError` subclasses where the series are not
    those of the result or their headers do not fit.
    """
    try:
        import highdicom
    except ImportError as error:
        raise MissingPackage("highdicom", "the DICOM export", "dicom") from error
    sources = {}
    if CT in result.contours:
        progress(0.0, "finding the CT series")
        is_same = voxels_of(result.prediction.hashes["ct_voxels"])
        sources[CT] = find_source(ct, "CT", result.contours[CT].geometry, is_same)
    if PET in result.contours:
        progress(0.4, "finding the PET series")
        sources[PET] = find_source(pet, "PT", result.contours[PET].geometry, _pet_of(result))
    progress(0.7, "writing the DICOM objects")
    inputs = (result.digest, *(source.series.uid for source in sources.values()), __version__, highdicom.__version__)
    identity = Identity(hashlib.sha256("/".join(inputs).encode()).hexdigest(), result.created)
    with _quiet():
        return tuple(_write(folder, formats, result, sources, identity))


def _pet_of(result: Result) -> Callable[[Volume], bool]:
    prediction = result.prediction
    if prediction.suv_audit is None:
        return uptake_of(result.contours[PET], prediction.features)
    return voxels_of(prediction.hashes["pet_suv_voxels"])


def _write(
    folder: Path, formats: Collection[str], result: Result, sources: Mapping[str, Source], identity: Identity
) -> Iterator[Exported]:
    from .parametric_map import parametric_map
    from .segmentation import lesion_and_regions_on_ct, lesion_on_pet
    from .structured_report import structured_report

    def save(dataset, file: str, name: str, holds: str) -> Exported:
        dataset.save_as(folder / file, enforce_file_format=True)
        return Exported(folder / file, name, holds, str(dataset.SOPInstanceUID))

    method = result.prediction.contour["method"]
    leads, lesions = PET if PET in sources else CT, {}
    if PET in sources and {"seg", "sr"} & set(formats):
        lesions[PET] = lesion_on_pet(sources[PET], result.contours[PET], method, identity)
        yield save(lesions[PET], "segmentation_pet.dcm", "seg", "DICOM Segmentation of the lesion on the PET")
    if CT in sources and ("seg" in formats or ("sr" in formats and leads == CT)):
        lesions[CT] = lesion_and_regions_on_ct(sources[CT], result.contours[CT], result.regions, method, identity)
        yield save(lesions[CT], "segmentation_ct.dcm", "seg", "DICOM Segmentation of the lesion and its regions on the CT")
    if "sr" in formats:
        report = structured_report(sources[leads], lesions[leads], result.prediction, identity, result.prediction.images)
        yield save(report, "report.dcm", "sr", FORMATS["sr"].title)
    if "map" in formats:
        said = result.prediction.demonstration
        label = (said or {}).get("label") or LABEL
        for number, (name, heatmap) in enumerate(result.heatmaps.items()):
            made = parametric_map(
                sources[CT if CT in sources else PET], name, heatmap, label, standing(said), 9110 + number, identity
            )
            yield save(made, f"heatmap_{name}.dcm", "map", f"DICOM parametric map: {label}")


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
        if os.environ.get("DMDP_DEBUG"):
            raise
        raise DicomError(
            "export.header",
            f"The headers of the series do not fit into DICOM objects ({reason_of(error)}).",
            "headers with patient, study, position and orientation as the standard has them.",
            "Check the series with a DICOM validator, or export it again from the archive.",
        ) from None
    finally:
        logger.setLevel(level)
