"""The formats that a result can leave in, and what each needs before it can be written."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..errors import DicomError, DmdpError, InputError, MissingPackage, UsageError


@dataclass(frozen=True)
class Format:
    """``name`` as in ``--format``; ``title`` for a person; the pip ``package`` of the ``extra`` that writes it; whether it is
    ``dicom``, which needs the DICOM series of CT and PET."""

    name: str
    title: str
    package: str | None = None
    extra: str | None = None
    dicom: bool = False


FORMATS = {
    item.name: item
    for item in (
        Format("html", "report as a web page (HTML)"),
        Format("pdf", "report for reading and printing (PDF)", "reportlab", "pdf"),
        Format("json", "prediction with all numbers (JSON)"),
        Format("csv", "features as tables (CSV)"),
        Format("seg", "DICOM Segmentation of lesion and CT regions", "highdicom", "dicom", dicom=True),
        Format("sr", "DICOM structured report of the prediction", "highdicom", "dicom", dicom=True),
        Format("map", "DICOM parametric maps of the heatmaps", "highdicom", "dicom", dicom=True),
    )
}
DICOM_FORMATS = tuple(name for name, item in FORMATS.items() if item.dicom)


@dataclass(frozen=True)
class Exported:
    """One written file: its ``path``, the ``format`` that asked for it, what it ``holds``, and a DICOM object's UID."""

    path: Path
    format: str
    holds: str
    uid: str | None = None


def format_named(name: str) -> Format:
    """The format of that name; raises :class:`UsageError` where there is none."""
    if name not in FORMATS:
        raise UsageError(
            "export.format", f"'{name}' is no export format.", f"one of {', '.join(FORMATS)}.", "Choose one of them."
        )
    return FORMATS[name]


def obstacle(name: str, ct: str | Path | None = None, pet: str | Path | None = None) -> DmdpError | None:
    """Why the format ``name`` cannot be written here, or None; quick, as neither the result nor a voxel is read.

    ``ct`` and ``pet`` are the folders with the DICOM series, None where the images came from no DICOM files.
    """
    wanted = format_named(name)
    if wanted.dicom:
        for modality, folder in (("CT", ct), ("PET", pet)):
            error = _not_dicom(modality, folder)
            if error is not None:
                return error
    if wanted.package and find_spec(wanted.package) is None:
        return MissingPackage(wanted.package, wanted.title, wanted.extra)
    return None


def _not_dicom(modality: str, folder: str | Path | None) -> DmdpError | None:
    path = folder and Path(folder).expanduser()
    if path and not path.exists():
        return InputError("path.missing", f"'{path}' does not exist.", "a folder with DICOM files.", "Check the path.")
    if path and path.is_dir():
        return None
    return DicomError(
        "export.not_dicom",
        f"The {modality} is given as {f'the file {path.name!r}, which is' if path else 'an image that has'} no DICOM series.",
        "a folder with the DICOM series: NIfTI and NRRD files carry neither the study's identifiers nor its frame of reference, "
        "and DICOM objects without them would belong to no patient.",
        "Give the DICOM study; without one, export the report and the tables.",
    )
