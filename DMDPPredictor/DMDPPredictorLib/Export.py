"""Export of a result from the scene: report, tables, DICOM objects of the study, and the scene itself."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import slicer
from dmdp.errors import DicomError, DmdpError, InputError, LesionError, MissingPackage, OutputError, base_name
from dmdp.jobs.job import write_job
from dmdp.patients.case import MODALITIES
from dmdp.prediction.document import Prediction
from dmdp.progress import Progress
from dmdp.report.formats import DICOM_FORMATS, FORMATS, format_named, nothing, obstacle
from dmdp.report.listing import add_to_list, check_addition, read_outcome
from dmdp.report.outcome import Exported, NotWritten
from dmdp.results.reader import Part
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .Launch import runAlone
from .PetSource import dicomFiles
from .Results import PredictionResult, heatmapKeys
from .SceneRemains import writeSceneRemains

SCENE, SCENE_FILE = "scene", "scene.mrb"
ALL = (*FORMATS, SCENE)
COSTS_A_FORMAT = (InputError.exit_code, MissingPackage.exit_code)


@dataclass(frozen=True)
class Export(Sequence):
    """The files that an export wrote into ``folder``, and by format why others were not written; a sequence of its files."""

    folder: Path
    written: tuple[Path, ...]
    notWritten: Mapping[str, DmdpError] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.written)

    def __getitem__(self, index):
        return self.written[index]

    def __iter__(self) -> Iterator[Path]:
        return iter(self.written)

    def text(self) -> str:
        """One line for the panel."""
        said = _("Exported to {folder}.").format(folder=self.folder)
        reasons: dict[str, list[str]] = {}
        for name, error in self.notWritten.items():
            reasons.setdefault(f"{error.found} {error.remedy}", []).append(title(name))
        left = [_("Not written: {formats}. {reason}").format(formats=", ".join(n), reason=r) for r, n in reasons.items()]
        return " ".join([said, *left])


def title(name: str) -> str:
    """A format for a person."""
    return _("Slicer scene (.mrb)") if name == SCENE else format_named(name).title


def exportObstacle(
    name: str, ctNode, petNode, result: PredictionResult | None = None, contourFits: bool = True
) -> DmdpError | None:
    """Why a format cannot be written for these images, or of this result; None if it can. Packages that can be installed are
    no obstacle. ``contourFits`` says whether the contour in the scene is the one that the result was made from."""
    if name not in DICOM_FORMATS:
        return None
    images = result.prediction.images if result is not None else MODALITIES
    if not all(node is not None and dicomFiles(node) for node in _read(ctNode, petNode, images).values()):
        return obstacle(name, images=images) or DicomError(
            "export.not_dicom", "The images have no DICOM files.", "a study from the DICOM browser.", "Export the report instead."
        )
    if result is None:
        return None
    if Part.HEATMAPS in FORMATS[name].needs and not heatmapKeys(result):
        found = _("The answer came with the scene.") if result.folder is None else _("No network was run.")
        return InputError("export.no_maps", found, _("heatmaps of a network."), _("Predict again with a network for these maps."))
    if result.folder is None and not contourFits:
        return LesionError(
            "export.changed",
            _("The contour in the scene is not the one that the answer was computed from."),
            _("that contour."),
            _("Predict again for DICOM objects of this contour."),
        )
    return None


def exportResult(
    result: PredictionResult,
    folder: str | Path,
    formats: Sequence[str],
    ctNode=None,
    petNode=None,
    progress: Progress = lambda fraction, words: None,
) -> Export:
    """Write a result into ``folder`` in the formats of ``ALL``; DICOM needs the nodes, for the files they came from.

    It waits for the child process that writes. A format that cannot be written does not stop the others. A ``folder`` that is
    there already must be empty or an earlier export, whose files are replaced; no other file is touched. Raises
    :class:`DmdpError`, also if nothing at all can be written; then the folder is as it was.
    """
    folder, error = Path(folder).expanduser().absolute(), None
    possible, left = possibleFormats(result, formats, ctNode, petNode)
    named = [name for name in possible if name != SCENE]
    temporary = new_folder("export")
    try:
        if named:
            runAlone(prepareExport(result, folder, named, ctNode, petNode, temporary), progress)
    except DmdpError as failure:
        error = failure
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return finishExport(result.prediction, folder, named, error, SCENE in possible, left)


def _read(ctNode, petNode, images: Collection[str]) -> dict[str, Any]:
    """The nodes of the images that a result was made from, by the names of a job's arguments."""
    return {name: node for name, node in (("ct", ctNode), ("pet", petNode)) if name.upper() in images}


def possibleFormats(result: PredictionResult, formats: Sequence[str], ctNode, petNode) -> tuple[list[str], dict[str, DmdpError]]:
    """The formats of ``formats`` without a known obstacle, and the obstacle of each of the others. Raises
    :class:`dmdp.errors.UsageError` for a name that is no format.
    """
    left = {}
    for name in formats:
        if name != SCENE:
            format_named(name)
        error = exportObstacle(name, ctNode, petNode, result)
        if error is not None:
            left[name] = error
    return [name for name in formats if name not in left], left


def prepareExport(result: PredictionResult, folder: Path, formats: Sequence[str], ctNode, petNode, temporary: Path) -> Path:
    """The job that exports into ``folder``; it lies in ``temporary`` with what the scene holds of a result that came
    with it."""
    dicom = bool(set(formats) & set(DICOM_FORMATS))
    source = result.folder or writeSceneRemains(result, temporary / "scene", contour=dicom)
    arguments = {"result": str(source), "format": list(formats)}
    if dicom:
        nodes = _read(ctNode, petNode, result.prediction.images)
        arguments |= {name: {"files": list(map(str, dicomFiles(node)))} for name, node in nodes.items()}
    return write_job(temporary, "export", arguments, folder)


def finishExport(
    prediction: Prediction,
    folder: Path,
    named: Sequence[str],
    error: DmdpError | None,
    scene: bool,
    left: Mapping[str, DmdpError],
) -> Export:
    """After the job that was to write the formats ``named`` has ended, with ``error`` or without: write the ``scene`` if it was
    asked for, and return the outcome. ``left`` are the formats that were not tried, with the reasons. Raises ``error`` if it
    ended the whole export, and :class:`DmdpError` if nothing was written.
    """
    written: list[Path] = []
    left = dict(left)
    if error is not None:
        if error.exit_code not in COSTS_A_FORMAT or error.code.startswith("output."):
            raise error
        left.update(dict.fromkeys(named, error))
    elif named:
        outcome = read_outcome(folder)
        written += [item.path for item in outcome]
        left.update({item.format: item.reason for item in outcome.not_written})
    if scene:
        try:
            written.append(saveScene(folder, prediction))
        except OutputError as failure:
            left[SCENE] = failure
    if not written:
        raise nothing([NotWritten(name, reason) for name, reason in left.items()])
    return Export(folder, tuple(sorted(written)), {name: left[name] for name in ALL if name in left})


def saveScene(folder: Path, prediction: Prediction) -> Path:
    """Save the whole scene as a bundle file in ``folder``, and add it to the list of the export of ``prediction``; raises
    :class:`OutputError`."""
    path, made = folder / SCENE_FILE, not folder.exists()
    check_addition(folder, SCENE_FILE, prediction)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if slicer.util.saveScene(str(path)):
            add_to_list(folder, Exported(path, SCENE, "the whole scene of Slicer"), prediction)
            return path
    except OSError:
        pass
    if made:
        with suppress(OSError):  # somebody else may have put a file there meanwhile: the folder stays then
            path.unlink(missing_ok=True)
            folder.rmdir()
    raise OutputError("output.scene", f"'{base_name(path)}' cannot be written.", "a writable place.", "Choose another folder.")
