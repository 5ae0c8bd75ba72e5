"""A result leaves the scene: report, tables, DICOM objects of the study, and the scene itself."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import slicer
from dmdp.errors import DicomError, DmdpError, OutputError
from dmdp.report.formats import DICOM_FORMATS, FORMATS, obstacle
from dmdp.session import new_folder

from .Job import writeJob
from .PetSource import dicomFiles
from .Results import PredictionResult
from .Worker import Progress, runJob

SCENE = "scene"
ALL = (*FORMATS, SCENE)


def exportObstacle(name: str, ctNode, petNode) -> DmdpError | None:
    """Why a format cannot be written for these images; None where it can. Packages that can be installed are no obstacle."""
    if name in DICOM_FORMATS and not all(node is not None and dicomFiles(node) for node in (ctNode, petNode)):
        return obstacle(name) or DicomError(
            "export.not_dicom", "The images have no DICOM files.", "a study from the DICOM browser.", "Export the report instead."
        )
    return None


def exportResult(
    result: PredictionResult,
    folder: str | Path,
    formats: Sequence[str],
    ctNode=None,
    petNode=None,
    progress: Progress = lambda fraction, words: None,
) -> tuple[Path, ...]:
    """Write a result into a folder of its own in the formats of ``ALL``; DICOM needs the nodes, for the files they came from.

    It waits for the child process that writes. Raises :class:`DmdpError`.
    """
    folder = Path(folder)
    named = [name for name in formats if name != SCENE]
    temporary = new_folder("export")
    try:
        if named:
            runJob(prepareExport(result, folder, named, ctNode, petNode, temporary), progress)
        else:
            folder.mkdir(parents=True, exist_ok=True)
        if SCENE in formats:
            saveScene(folder / "scene.mrb")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return tuple(sorted(path for path in folder.iterdir() if path.name != "export.json"))


def prepareExport(result: PredictionResult, folder: Path, formats: Sequence[str], ctNode, petNode, temporary: Path) -> Path:
    """The job that exports into ``folder``; it lies in ``temporary``."""
    for name in formats:
        error = exportObstacle(name, ctNode, petNode)
        if error is not None:
            raise error
    arguments = {"result": str(result.folder), "format": list(formats)}
    if set(formats) & set(DICOM_FORMATS):
        arguments |= {name: {"files": list(map(str, dicomFiles(node)))} for name, node in (("ct", ctNode), ("pet", petNode))}
    return writeJob(temporary, "export", arguments, folder)


def saveScene(path: Path) -> None:
    """The whole scene as a bundle file; raises :class:`OutputError`."""
    if not slicer.util.saveScene(str(path)):
        raise OutputError("output.scene", f"'{path}' cannot be written.", "a writable place.", "Choose another folder.")
