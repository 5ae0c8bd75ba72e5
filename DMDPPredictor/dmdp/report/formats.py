"""The formats that a result can leave in: what each needs before it can be written, and what writes it.

Another format is one entry here, with the function that writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec

from ..errors import DicomError, DmdpError, InputError, MissingPackage, UsageError, base_name
from ..intake.source import Given, ImageSource
from ..patients.case import CT, MODALITIES, PET
from ..results.layout import PREDICTION, REPORT
from ..results.reader import Part
from .format import Format
from .outcome import NotWritten
from .writing import TABLES, copies, parametric_maps, pdf, segmentations, structured_report

_dicom = partial(Format, package="highdicom", extra="dicom", dicom=True)
FORMATS = {
    item.name: item
    for item in (
        Format("html", "report as a web page (HTML)", partial(copies, files=(REPORT,)), {Part.PAGE}, usual=True),
        Format("pdf", "report for reading and printing (PDF)", pdf, {Part.PAGE}, "reportlab", "pdf"),
        Format("json", "prediction with all numbers (JSON)", partial(copies, files=(PREDICTION,)), usual=True),
        Format("csv", "features as tables (CSV)", partial(copies, files=TABLES), {Part.TABLES}, usual=True),
        _dicom("seg", "DICOM Segmentation of lesion and CT regions", segmentations, {Part.CONTOUR, Part.REGIONS}),
        _dicom("sr", "DICOM structured report of the prediction", structured_report, {Part.CONTOUR}),
        _dicom("map", "DICOM parametric maps of the heatmaps", parametric_maps, {Part.HEATMAPS}),
    )
}
DICOM_FORMATS = tuple(name for name, item in FORMATS.items() if item.dicom)


def nothing(not_written: Sequence[NotWritten]) -> DmdpError:
    """The error for an export of which nothing can be written: the one reason, or all of them in one.

    Its exit code is 7 if packages alone are to blame, else 3.
    """
    reasons = {getattr(item.reason, "package", str(item.reason)): item.reason for item in reversed(not_written)}
    if not reasons:
        return UsageError("export.format", "No format is named.", f"one of {', '.join(FORMATS)}.", "Choose one of them.")
    if len(reasons) == 1:
        return next(iter(reasons.values()))
    error = InputError(
        "export.nothing",
        " ".join(reason.found for reason in reversed(reasons.values())),
        "one format at least that can be written here.",
        " ".join(dict.fromkeys(reason.remedy for reason in reversed(reasons.values()))),
    )
    if all(isinstance(reason, MissingPackage) for reason in reasons.values()):
        error.exit_code = MissingPackage.exit_code
    return error


def format_named(name: str) -> Format:
    """The format of that name; raises :class:`UsageError` if there is none."""
    if name not in FORMATS:
        raise UsageError(
            "export.format", f"'{name}' is no export format.", f"one of {', '.join(FORMATS)}.", "Choose one of them."
        )
    return FORMATS[name]


def obstacle(
    name: str, ct: Given | None = None, pet: Given | None = None, images: Sequence[str] = MODALITIES
) -> DmdpError | None:
    """Why the format ``name`` cannot be written here, or None; quick, as neither the result nor a voxel is read.

    ``ct`` and ``pet`` are the DICOM series (:class:`dmdp.intake.source.ImageSource`), None if the images came from no DICOM
    files; ``images`` are the modalities that the result was made from.
    """
    wanted = format_named(name)
    if wanted.dicom:
        for modality, folder in ((CT, ct), (PET, pet)):
            error = _not_dicom(modality, folder) if modality in images else None
            if error is not None:
                return error
    if wanted.package and find_spec(wanted.package) is None:
        return MissingPackage(wanted.package, wanted.title, wanted.extra)
    return None


def _not_dicom(modality: str, given: Given | None) -> DmdpError | None:
    source = ImageSource.of(given) if given else None
    path = source.paths[0] if source else None
    if path and not path.exists():
        return InputError("path.missing", f"'{base_name(path)}' does not exist.", "a folder with DICOM files.", "Check the path.")
    if source and source.is_dicom:
        return None
    return DicomError(
        "export.not_dicom",
        f"The {modality} is given as the file '{path.name}', which is no DICOM series."
        if path
        else f"The {modality} has no DICOM series that is known here.",
        "a folder with the DICOM series: NIfTI and NRRD files carry neither the study's identifiers nor its frame of reference, "
        "and DICOM objects without them would belong to no patient.",
        "Give the DICOM study (on the command line with --ct and --pet); without one, export the report and the tables.",
    )
