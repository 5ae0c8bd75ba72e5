"""From a result folder and its DICOM series to a folder of DICOM objects; it appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ... import RESEARCH_USE_ONLY, __version__
from ...atomic import result_folder
from ...errors import DicomError, MissingPackage
from ...progress import Progress, silent
from .identity import Identity
from .result import Result, read_result
from .source import Source, find_source

MARKER = "export.json"
LABEL = "network heatmap; does not explain the probability"


@dataclass(frozen=True)
class Exported:
    """One written object: its ``file`` name, what it is (``kind``) and its SOP instance UID."""

    file: str
    kind: str
    uid: str


def export_dicom(
    result: str | Path, ct: str | Path, pet: str | Path, out: str | Path, progress: Progress = silent
) -> tuple[Exported, ...]:
    """Write the DICOM objects of a result of ``dmdp predict`` into the folder ``out``.

    ``ct`` and ``pet`` are folders with the DICOM series (or the whole study) that the result was made from; that they are is
    proven by the hashes of their voxels, so that no result lands in another patient's study. Raises
    :class:`MissingPackage` without highdicom, :class:`InputError` subclasses where the result or the series cannot be used.
    """
    try:
        import highdicom  # noqa: F401
    except ImportError as error:
        raise MissingPackage("highdicom", "the DICOM export", "dicom") from error
    with result_folder(out, marker=MARKER) as folder:
        progress(0.0, "reading the result")
        found = read_result(result)
        progress(0.1, "finding the CT series")
        ct_source = find_source(ct, "CT", found.ct.geometry, found.prediction.hashes["ct_voxels"])
        progress(0.4, "finding the PET series")
        pet_source = find_source(pet, "PT", found.pet.geometry, found.prediction.hashes["pet_suv_voxels"])
        progress(0.6, "writing the DICOM objects")
        with _quiet():
            written = tuple(_write(folder, found, ct_source, pet_source))
        _list(folder / MARKER, written)
        progress(0.98, "done, moving the objects into place")
    progress(1.0, "DICOM objects written")
    return written


def _write(folder: Path, result: Result, ct: Source, pet: Source) -> Iterator[Exported]:
    import highdicom

    from .parametric_map import parametric_map
    from .segmentation import lesion_and_regions_on_ct, lesion_on_pet
    from .structured_report import structured_report

    inputs = (result.digest, ct.series.uid, pet.series.uid, __version__, highdicom.__version__)
    identity = Identity(hashlib.sha256("/".join(inputs).encode()).hexdigest(), result.created)
    method = result.prediction.contour["method"]

    def save(dataset, file: str, kind: str) -> Exported:
        dataset.save_as(folder / file, enforce_file_format=True)
        return Exported(file, kind, str(dataset.SOPInstanceUID))

    on_pet = lesion_on_pet(pet, result.pet, method, identity)
    yield save(on_pet, "segmentation_pet.dcm", "segmentation of the lesion on the PET")
    on_ct = lesion_and_regions_on_ct(ct, result.ct, result.regions, method, identity)
    yield save(on_ct, "segmentation_ct.dcm", "segmentation of the lesion and its regions on the CT")
    report = structured_report(pet, on_pet, result.prediction, identity)
    yield save(report, "report.dcm", "structured report: measurements and prediction")
    label = (result.prediction.demonstration or {}).get("label") or LABEL
    for number, (name, heatmap) in enumerate(result.heatmaps.items()):
        made = parametric_map(ct, name, heatmap, label, 9110 + number, identity)
        yield save(made, f"heatmap_{name}.dcm", f"parametric map: {label}")


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
    except (AttributeError, KeyError, ValueError) as error:
        if os.environ.get("DMDP_DEBUG"):
            raise
        raise DicomError(
            "export.header",
            f"The headers of the series do not fit into DICOM objects ({type(error).__name__}; the text is withheld, as it may "
            "name the patient).",
            "headers with patient, study, position and orientation as the standard has them.",
            "Check the series with a DICOM validator, or export it again from the archive.",
        ) from None
    finally:
        logger.setLevel(level)


def _list(path: Path, written: tuple[Exported, ...]) -> None:
    document = {
        "schema": 1,
        "research_use_only": RESEARCH_USE_ONLY,
        "objects": [{"file": item.file, "kind": item.kind, "sop_instance_uid": item.uid} for item in written],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
