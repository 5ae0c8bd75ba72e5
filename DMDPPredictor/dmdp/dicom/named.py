"""Names what a file or folder is that holds no image this program reads, and says how to get to one that it does read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import DicomError, InputError, base_name
from ..images.files import SUFFIXES
from .headers import read_header

SIGNATURES = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zX": "an xz archive",
}
DIRECTORY = "1.2.840.10008.1.3.10"
CONTOURS = {
    "1.2.840.10008.5.1.4.1.1.66.4": "a DICOM Segmentation (SEG)",
    "1.2.840.10008.5.1.4.1.1.66.7": "a DICOM Label Map Segmentation",
    "1.2.840.10008.5.1.4.1.1.66.5": "a DICOM Surface Segmentation",
    "1.2.840.10008.5.1.4.1.1.481.3": "a DICOM structure set (RTSTRUCT)",
}
UNPACK = "Unpack it and choose the folder with the DICOM files."
CONVERT = (
    "Load it in 3D Slicer together with its image series and export the segment as a label map (NIfTI), or use dcmqi's "
    "segimage2itk for a SEG or plastimatch for an RTSTRUCT."
)


def check_image_file(path: Path) -> None:
    """Raise the refusal of a file that is no image file but known here: a DICOM file, a contour in DICOM, an archive."""
    if path.is_file() and not path.name.lower().endswith(SUFFIXES):
        known = no_image_file(path)
        if known is not None:
            raise known


def no_image_file(path: Path) -> InputError | None:
    """The refusal of a file by its content, or None if it is none of those known here."""
    kind = _kind(path)
    if kind is None:
        return None
    if kind in CONTOURS.values():
        return InputError(
            "file.dicom_contour",
            f"'{path.name}' is {kind}; contours in DICOM are not read yet.",
            "a mask as an image file (.nii.gz, .nrrd, …).",
            CONVERT,
        )
    if kind == "a DICOMDIR":
        remedy = "Choose the folder in which the DICOMDIR lies, with the images that it lists."
        return DicomError("dicom.directory", f"'{path.name}' is a DICOMDIR, an index without images.", "a DICOM folder.", remedy)
    if kind == "a DICOM file":
        remedy = "Choose the folder in which all files of its series lie."
        return DicomError("dicom.one_file", f"'{path.name}' is a single DICOM file.", "a folder with the whole series.", remedy)
    return InputError("file.archive", f"'{path.name}' is {kind}.", "a DICOM folder, or an image file.", UNPACK)


def no_images(folder: Path, damaged: Sequence[str]) -> DicomError:
    """The refusal of a folder without DICOM images, with the archives and the DICOMDIR that it holds instead."""
    found = [(path, _kind(path)) for path in _files(folder)]
    archives = [f"'{path.name}' is {kind}" for path, kind in found if kind in SIGNATURES.values()]
    index = any(kind == "a DICOMDIR" for _, kind in found)
    said = [f"No readable DICOM file in '{base_name(folder)}'.", *damaged]
    remedy = "Choose the folder that holds the series."
    if archives:
        said.append(f"{'; '.join(archives[:3])}.")
        remedy = UNPACK
    if index:
        said.append("It holds a DICOMDIR (an index), but not the images that it lists.")
        remedy = "Copy the whole medium, with the folders beside the DICOMDIR."
    return DicomError("dicom.none", " ".join(said), "a folder with DICOM images.", remedy)


def _files(folder: Path, most: int = 1000) -> list[Path]:
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders.sort()
        found += filter(Path.is_file, (Path(root) / name for name in sorted(names)))
        if len(found) >= most:
            break
    return found[:most]


def _kind(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
        archive = next((kind for signature, kind in SIGNATURES.items() if start.startswith(signature)), None)
        if archive is not None:
            return None if path.name.lower().endswith(".nii.gz") else archive
        header = read_header(path)
    except (OSError, ValueError):
        return None
    if header is None:
        return None
    meta = getattr(header, "file_meta", {})
    named = str(header.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or "")
    return "a DICOMDIR" if named == DIRECTORY else CONTOURS.get(named, "a DICOM file")
