"""Find the usable CT and PET series in a folder, in physical order, and say why each other one is not usable."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from ..case import Geometry
from ..errors import DicomError, GeometryError
from .headers import read_header

IMAGE_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
}
MAX_GAP = 1.5  # × the median distance between slices
MIN_SLICES = 3


@dataclass(frozen=True, eq=False)
class Series:
    """One usable image series: ``files`` and ``headers`` in physical order along the slice normal."""

    uid: str
    modality: str
    study_uid: str
    frame_of_reference_uid: str
    files: tuple[Path, ...]
    headers: tuple[Dataset, ...]
    geometry: Geometry

    @property
    def label(self) -> str:
        """How a person is told which series this is, without free text of the header."""
        number = self.headers[0].get("SeriesNumber")
        return f"{self.modality} series {number if number is not None else '…' + self.uid[-8:]} ({len(self.files)} slices)"


@dataclass(frozen=True)
class Rejection:
    """A series or file that is not used, and the reason as a sentence."""

    label: str
    reason: str


@dataclass(frozen=True, eq=False)
class Discovery:
    """What a folder holds."""

    folder: Path
    series: tuple[Series, ...]
    rejected: tuple[Rejection, ...]

    def of(self, modality: str) -> tuple[Series, ...]:
        """The usable series of ``CT`` or ``PT``."""
        return tuple(series for series in self.series if series.modality == modality)


@dataclass(frozen=True, eq=False)
class Pair:
    """A CT and a PET of one examination; ``notes`` say what was chosen between."""

    ct: Series
    pet: Series
    notes: tuple[str, ...]


def discover(where: str | Path | Sequence[Path]) -> Discovery:
    """All series below a folder (sub-folders included), or among the files of a list; each accepted or rejected with a reason.

    Raises :class:`DicomError` where the folder does not exist or there is no DICOM file at all.
    """
    listed = not isinstance(where, str | Path)
    folder = Path(where[0]).parent if listed else Path(where)
    if not folder.is_dir():
        raise DicomError("dicom.no_folder", f"'{folder}' is not a folder.", "a folder with DICOM files.", "Check the path.")
    groups: dict[str, list[tuple[Path, Dataset]]] = defaultdict(list)
    rejected: list[Rejection] = []
    for path in where if listed else _files(folder):
        try:
            header = read_header(path)
        except (OSError, ValueError) as error:
            rejected.append(Rejection(f"file {path.name}", f"it is damaged or cut off ({error})"))
            continue
        if header is not None and "SeriesInstanceUID" in header:
            groups[str(header.SeriesInstanceUID)].append((path, header))
    if not groups:
        raise DicomError(
            "dicom.none",
            f"No readable DICOM file in '{folder}'." + "".join(f" {r.label}: {r.reason}." for r in rejected[:3]),
            "a folder with DICOM images.",
            "Choose the folder that holds the series.",
        )
    accepted = []
    for uid in sorted(groups):
        result = _series(uid, groups[uid])
        (accepted if isinstance(result, Series) else rejected).append(result)
    return Discovery(folder, tuple(accepted), tuple(rejected))


def choose(discovery: Discovery, modality: str) -> tuple[Series, tuple[str, ...]]:
    """The one series of a modality, or of several the one with most slices; a note says that there was a choice.

    Raises :class:`DicomError` that lists what was found and why it was rejected, where there is none.
    """
    found = sorted(discovery.of(modality), key=lambda s: (-len(s.files), s.uid))
    if not found:
        raise _none(discovery, modality)
    notes = ()
    if len(found) > 1:
        others = ", ".join(s.label for s in found[1:])
        notes = (f"{len(found)} {_image(modality)} series fit; used {found[0].label}, not {others}.",)
    return found[0], notes


def pair(ct: Discovery, pet: Discovery) -> Pair:
    """The CT and PET that belong together: same frame of reference, overlapping; most overlap, then most slices, wins.

    Raises :class:`DicomError` where there is no CT or no PET, :class:`GeometryError` where none belong together.
    """
    for discovery, modality in ((ct, "CT"), (pet, "PT")):
        if not discovery.of(modality):
            raise _none(discovery, modality)
    candidates = [(c, p) for c in ct.of("CT") for p in pet.of("PT")]
    same = [(c, p) for c, p in candidates if c.frame_of_reference_uid == p.frame_of_reference_uid]
    if not same:
        raise GeometryError(
            "pair.frame_of_reference",
            "CT and PET have different frames of reference (0020,0052 FrameOfReferenceUID).",
            "both from one examination on one scanner table.",
            "Choose the CT that was acquired with this PET, or register them and give NIfTI files.",
        )
    overlapping = [(c, p) for c, p in same if overlap_mm(c.geometry, p.geometry) > 0]
    if not overlapping:
        raise no_overlap()
    ranked = sorted(
        overlapping,
        key=lambda cp: (
            cp[0].study_uid != cp[1].study_uid,
            -round(overlap_mm(cp[0].geometry, cp[1].geometry)),
            -len(cp[1].files),
            -len(cp[0].files),
            cp[0].uid,
            cp[1].uid,
        ),
    )
    best_ct, best_pet = ranked[0]
    notes = [f"Used {best_ct.label} and {best_pet.label}."]
    if len(ranked) > 1:
        notes.append(f"{len(ranked)} pairs of CT and PET fit; the one with most overlap and most slices was taken.")
    if best_ct.study_uid != best_pet.study_uid:
        notes.append("CT and PET carry different study UIDs, though one frame of reference.")
    notes += [f"Not used: {r.label}: {r.reason}." for r in dict.fromkeys((*ct.rejected, *pet.rejected))]
    return Pair(best_ct, best_pet, tuple(notes))


def overlap_mm(a: Geometry, b: Geometry) -> float:
    """Smallest side (mm) of the box that both grids' bounding boxes share in LPS; 0 where they do not meet."""
    corners = []
    for g in (a, b):
        points = g.to_lps(np.array(np.meshgrid(*[(0, n - 1) for n in g.shape])).reshape(3, -1).T)
        corners.append((points.min(axis=0), points.max(axis=0)))
    sides = np.minimum(corners[0][1], corners[1][1]) - np.maximum(corners[0][0], corners[1][0])
    return float(max(0.0, sides.min()))


def no_overlap() -> GeometryError:
    """The error for two images that lie apart."""
    return GeometryError(
        "pair.no_overlap",
        "CT and PET do not overlap in space.",
        "two images of the same part of one patient.",
        "Check that both are of the same examination, and that neither was shifted.",
    )


def _files(folder: Path) -> Iterable[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        wanted = (Path(root) / name for name in sorted(names) if not name.startswith(".") and name != "DICOMDIR")
        yield from filter(Path.is_file, wanted)  # links to regular files, too; no device, pipe or socket


def _series(uid: str, members: list[tuple[Path, Dataset]]) -> Series | Rejection:
    first = members[0][1]
    modality = str(first.get("Modality", "?"))
    label = f"{modality} series {first.get('SeriesNumber', '…' + uid[-8:])} ({len(members)} files)"
    reason = _not_an_image(first) or _not_a_volume(members)
    if reason:
        return Rejection(label, reason)
    normal = _normal(first)
    ordered = sorted(members, key=lambda m: float(np.dot(normal, _position(m[1]))))
    along = np.array([np.dot(normal, _position(header)) for _, header in ordered])
    steps = np.diff(along)
    if steps.min() < 1e-3:
        return Rejection(label, "several files have the same slice position (dynamic, gated or duplicated series)")
    median = float(np.median(steps))
    if steps.max() > MAX_GAP * median:
        missing = round(float((steps / median).sum())) - len(steps)
        where = along[int(np.argmax(steps))]
        return Rejection(label, f"about {missing} slice(s) are missing (gap of {steps.max():.1f} mm at {where:.1f} mm)")
    return Series(
        uid=uid,
        modality=modality,
        study_uid=str(first.get("StudyInstanceUID", "")),
        frame_of_reference_uid=str(first.get("FrameOfReferenceUID", "")),
        files=tuple(path for path, _ in ordered),
        headers=tuple(header for _, header in ordered),
        geometry=_geometry([header for _, header in ordered]),
    )


def _not_an_image(header: Dataset) -> str | None:
    modality, kind = str(header.get("Modality", "?")), IMAGE_CLASSES.get(str(header.get("SOPClassUID", "")))
    image_type = [str(word).upper() for word in header.get("ImageType") or ()]
    if kind is None or kind != modality:
        return f"it is no CT or PET image series (modality {modality})"
    if "LOCALIZER" in image_type:
        return "it is a localiser (scout)"
    if "SECONDARY" in image_type:
        return "it is a secondary (derived) image, not an original one"
    if kind == "PT":
        corrected = {str(word).upper() for word in _several(header.get("CorrectedImage"))}
        if "ATTN" not in corrected:
            return "it is not attenuation corrected: (0028,0051) CorrectedImage lacks ATTN"
        units = str(header.get("Units", "")).upper()
        if units == "PROPCNTS":
            return "its (0054,1001) Units are PROPCNTS (not attenuation corrected, or not quantitative)"
    return None


def _several(value) -> list:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _not_a_volume(members: list[tuple[Path, Dataset]]) -> str | None:
    headers = [header for _, header in members]
    if any(int(h.get("NumberOfFrames", 1) or 1) > 1 for h in headers):
        return "it is a multi-frame object, which is not supported"
    needed = ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "Rows", "Columns")
    for name in needed:
        if any(not h.get(name) for h in headers):
            return f"{name} is missing"
    if len(members) < MIN_SLICES:
        return f"it has only {len(members)} slice(s)"
    orientations = np.array([[float(v) for v in h.ImageOrientationPatient] for h in headers])
    if np.abs(orientations - orientations[0]).max() > 1e-3:
        return "its slices have different orientations (ImageOrientationPatient)"
    for name in ("Rows", "Columns", "PixelSpacing"):
        if len({str(h.get(name)) for h in headers}) > 1:
            return f"its slices differ in {name}"
    if len({str(h.get("FrameOfReferenceUID", "")) for h in headers}) > 1:
        return "its slices have different frames of reference"
    return None


def _position(header: Dataset) -> np.ndarray:
    return np.array([float(v) for v in header.ImagePositionPatient])


def _axes(header: Dataset) -> tuple[np.ndarray, np.ndarray]:
    values = np.array([float(v) for v in header.ImageOrientationPatient])
    return values[:3], values[3:]


def _normal(header: Dataset) -> np.ndarray:
    return np.cross(*_axes(header))


def _geometry(headers: list[Dataset]) -> Geometry:
    """Grid through the first and last slice; what lies between may deviate by rounding (0.02 mm in real series)."""
    along_row, along_column = _axes(headers[0])
    row_spacing, column_spacing = (float(v) for v in headers[0].PixelSpacing)
    first, last = _position(headers[0]), _position(headers[-1])
    affine = np.eye(4)
    affine[:3, 0] = (last - first) / (len(headers) - 1)
    affine[:3, 1] = along_column * row_spacing
    affine[:3, 2] = along_row * column_spacing
    affine[:3, 3] = first
    shape = (len(headers), int(headers[0].Rows), int(headers[0].Columns))
    return Geometry(shape, tuple(tuple(float(v) for v in row) for row in affine))


def _image(modality: str) -> str:
    return {"PT": "PET"}.get(modality, modality)


def _none(discovery: Discovery, modality: str) -> DicomError:
    found = [f"{s.label}: usable" for s in discovery.series] + [f"{r.label}: {r.reason}" for r in discovery.rejected]
    return DicomError(
        f"dicom.no_{_image(modality).lower()}",
        f"No usable {_image(modality)} series in '{discovery.folder}'. Found {'; '.join(found) or 'nothing'}.",
        f"{'an attenuation-corrected PET' if modality == 'PT' else 'an axial CT'} with all its slices.",
        "Choose the folder of the right series, or export the study again.",
    )
