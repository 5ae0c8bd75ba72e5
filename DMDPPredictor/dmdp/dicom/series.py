"""Find the usable CT and PET series in a folder, in physical order, and say why each other one is not usable."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from ..errors import DicomError, GeometryError, base_name
from ..images.volume import Geometry
from .attenuation import known_corrected, not_corrected
from .frames import unrolled
from .grid import Resampling, place
from .headers import read_header
from .members import Slice, image_type, stack_of, without_copies
from .named import no_images
from .numbers import elements, first_text, one_per_tag, quoted, read_number, text
from .rescale import rescale_of

MIN_SLICES = 3
PROJECTION = re.compile(r"(?<![A-Z])(M(AX|IN)?[ _]?IP|MEDIAN[ _]IP|PROJECTION)(?![A-Z])")  # maximum intensity and the like
HU_TYPES = ("", "HU", "HU_MOD", "US")  # US is unspecified, as some scanners say of HU
SECONDARY = "is a secondary (derived) image, not an original one"


@dataclass(frozen=True, eq=False)
class Series:
    """One usable image series: ``files`` and ``headers`` of its slices in physical order along the slice normal.

    ``frames`` are the numbers (from 0) of the slices within their files; the headers of multi-frame objects read as those of
    single slices. ``geometry`` is the grid of the image as it is read, onto which ``resampling`` brings the slices (None if
    they lie on it); ``notes`` say what was decided, as sentences that name the series.
    """

    uid: str
    modality: str
    study_uid: str
    frame_of_reference_uid: str
    files: tuple[Path, ...]
    frames: tuple[int, ...]
    headers: tuple[Dataset, ...]
    geometry: Geometry
    resampling: Resampling | None = None
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The label by which a person recognises the series, without free text of the header."""
        return f"{_label(self.modality, self.uid, self.headers[0])} ({len(self.files)} slices)"


@dataclass(frozen=True)
class Rejection:
    """A series or file that is not used, and the reason as a sentence."""

    label: str
    reason: str


@dataclass(frozen=True, eq=False)
class Discovery:
    """What a folder holds. ``derived`` are series that are whole but secondary images; they are ``rejected``, too."""

    folder: Path
    series: tuple[Series, ...]
    rejected: tuple[Rejection, ...]
    derived: tuple[Series, ...] = ()

    def of(self, modality: str) -> tuple[Series, ...]:
        """The usable series of ``CT`` or ``PT``; if there is no other, the secondary ones, whose notes say so."""
        found = tuple(series for series in self.series if series.modality == modality)
        return found or tuple(series for series in self.derived if series.modality == modality)

    def unused(self) -> tuple[Rejection, ...]:
        """The rejected series and files, without the secondary series that :meth:`of` returns nevertheless."""
        given = {series.label for series in self.derived if series in self.of(series.modality)}
        return tuple(r for r in self.rejected if r.label not in given)


@dataclass(frozen=True, eq=False)
class Pair:
    """A CT and a PET of one examination; ``notes`` say what was chosen between, ``swapped`` that each was given as the other."""

    ct: Series
    pet: Series
    notes: tuple[str, ...]
    swapped: bool = False


def discover(where: str | Path | Sequence[Path]) -> Discovery:
    """All series below a folder (sub-folders included), or among the files of a list; each accepted or rejected with a reason.

    Raises :class:`DicomError` if the folder does not exist or there is no DICOM file at all.
    """
    folder = Path(where) if isinstance(where, str | Path) else where[0].parent
    if not folder.is_dir():
        raise DicomError(
            "dicom.no_folder", f"'{base_name(folder)}' is not a folder.", "a folder with DICOM files.", "Check the path."
        )
    groups: dict[str, list[Slice]] = defaultdict(list)
    rejected: list[Rejection] = []
    for path in _files(folder) if isinstance(where, str | Path) else where:
        try:
            header = read_header(path)
            frames = unrolled(header) if header is not None else ()
        except (OSError, ValueError):
            rejected.append(Rejection(f"file {path.name}", "it is damaged or cut off"))
            continue
        if header is not None and "SeriesInstanceUID" in header:
            groups[str(header.SeriesInstanceUID)] += (Slice(path, n, frame) for n, frame in enumerate(frames))
    if not groups:
        raise no_images(folder, [f"{r.label}: {r.reason}." for r in rejected[:3]])
    accepted, derived = [], []
    for uid in sorted(groups):
        result = _series(uid, groups[uid])
        if isinstance(result, Rejection):
            rejected.append(result)
        elif "SECONDARY" not in image_type(result.headers[0]):
            accepted.append(result)
        else:
            derived.append(replace(result, notes=(*result.notes, f"{result.label} {SECONDARY}; used, as there is no other.")))
            rejected.append(Rejection(result.label, f"it {SECONDARY}"))
    return Discovery(folder, tuple(accepted), tuple(rejected), tuple(derived))


def choose(discovery: Discovery, modality: str) -> tuple[Series, tuple[str, ...]]:
    """The one series of a modality, or of several the one with most slices (of PETs, one that is known to be attenuation
    corrected); a note says that there was a choice.

    Raises :class:`DicomError` that lists what was found and why it was rejected, if there is none.
    """
    found = sorted(discovery.of(modality), key=lambda s: (not known_corrected(s.headers[0]), -len(s.files), s.uid))
    if not found:
        raise _none(discovery, modality)
    notes: tuple[str, ...] = ()
    if len(found) > 1:
        others = ", ".join(s.label for s in found[1:])
        notes = (f"{len(found)} {_image(modality)} series fit; used {found[0].label}, not {others}.",)
    return found[0], notes


def pair(ct: Discovery, pet: Discovery) -> Pair:
    """The CT and PET that belong together: same frame of reference, overlapping; most overlap, then most slices, wins.

    If the place of the CT holds only PET and that of the PET only CT, they are exchanged, and a note says so. Raises
    :class:`DicomError` if there is no CT or no PET, :class:`GeometryError` if none belong together.
    """
    swapped = not ct.of("CT") and not pet.of("PT") and bool(ct.of("PT")) and bool(pet.of("CT"))
    if swapped:
        ct, pet = pet, ct
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
            not known_corrected(cp[1].headers[0]),
            -round(overlap_mm(cp[0].geometry, cp[1].geometry)),
            -len(cp[1].files),
            -len(cp[0].files),
            cp[0].uid,
            cp[1].uid,
        ),
    )
    best_ct, best_pet = ranked[0]
    notes = [f"Used {best_ct.label} and {best_pet.label}."]
    if swapped:
        notes.insert(0, "CT and PET were given in each other's place; each was taken for what its headers say.")
    if len(ranked) > 1:
        notes.append(f"{len(ranked)} pairs of CT and PET fit; the one with most overlap and most slices was taken.")
    if best_ct.study_uid != best_pet.study_uid:
        notes.append("CT and PET carry different study UIDs, though one frame of reference.")
    notes += [f"Not used: {r.label}: {r.reason}." for r in dict.fromkeys((*ct.unused(), *pet.unused()))]
    return Pair(best_ct, best_pet, tuple(notes), swapped)


def overlap_mm(a: Geometry, b: Geometry) -> float:
    """Smallest side (mm) of the box that both grids' bounding boxes share in LPS; 0 if they do not meet."""
    corners = []
    for g in (a, b):
        points = g.corners()
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


def _series(uid: str, members: list[Slice]) -> Series | Rejection:
    first = members[0].header
    label = f"{_label(str(first.get('Modality', '?')), uid, first)} ({len({one.path for one in members})} files)"
    once = without_copies(members)
    if isinstance(once, str):
        return Rejection(label, once)
    stack = stack_of(once[0])
    if isinstance(stack, str):
        return Rejection(label, stack)
    if len(stack.slices) < MIN_SLICES:
        return Rejection(label, f"it has only {len(stack.slices)} slice(s)")
    along = [float(np.dot(stack.planes[0].normal, plane.position)) for plane in stack.planes]
    order = np.argsort(along, kind="stable")
    slices = [stack.slices[i] for i in order]
    headers = tuple(one.header for one in slices)
    modality = str(headers[0].Modality)
    reason = _no_measurement(headers[0], modality)
    scale = rescale_of(headers) if modality == "PT" else None
    reason = reason or (scale.finding if scale else None)
    placement = reason or place([stack.planes[i] for i in order])
    if isinstance(placement, str):
        return Rejection(label, "; ".join((placement, *stack.left_out)))
    series = Series(
        uid=uid,
        modality=modality,
        study_uid=str(headers[0].get("StudyInstanceUID", "")),
        frame_of_reference_uid=str(headers[0].get("FrameOfReferenceUID", "")),
        files=tuple(one.path for one in slices),
        frames=tuple(one.frame for one in slices),
        headers=headers,
        geometry=placement.geometry,
        resampling=placement.resampling,
    )
    written = one_per_tag(note for plane in stack.planes for note in plane.notes)
    lacking = _lacking(headers[0], len(slices))
    said = (*once[1], *stack.left_out, *lacking, *placement.notes, *(note.rstrip(".") for note in written))
    return replace(series, notes=tuple(f"{series.label}: {words}." for words in said))


def _label(modality: str, uid: str, header: Dataset) -> str:
    number = text((elements(header, "SeriesNumber") or ("",))[0])
    return f"{modality} series {number or '…' + uid[-8:]}"


def _no_measurement(header: Dataset, modality: str) -> str | None:
    """Why the values of a series are not those that the scanner measured; None if nothing says so."""
    words = next((word for word in image_type(header) if PROJECTION.search(word)), None)
    if words is not None:
        return f"it is a projection: (0008,0008) ImageType says {quoted(words, 'ImageType')}"
    if modality == "PT":
        return _not_quantitative(header)
    kind = first_text(header, "RescaleType")
    if kind.upper() not in HU_TYPES:
        return f"its values are no HU: (0028,1054) RescaleType is {quoted(kind, 'RescaleType')}"
    return None


def _lacking(header: Dataset, here: int) -> tuple[str, ...]:
    """A note that a PET has fewer slices than its header says, as when a copy ended early at its top or bottom."""
    said = read_number(header, "NumberOfSlices").value
    if str(header.get("Modality")) != "PT" or said is None or said <= here:
        return ()
    return (f"{here} slices are here, while (0054,0081) NumberOfSlices says {said:.0f}: perhaps not all files were copied",)


def _not_quantitative(header: Dataset) -> str | None:
    reason = not_corrected(header)
    if reason is not None:
        return reason
    if str(header.get("Units", "")).upper() == "PROPCNTS":
        return "its (0054,1001) Units are PROPCNTS (not attenuation corrected, or not quantitative)"
    return None


def _image(modality: str) -> str:
    return {"PT": "PET"}.get(modality, modality)


def _none(discovery: Discovery, modality: str) -> DicomError:
    found = [f"{s.label}: usable" for s in discovery.series] + [f"{r.label}: {r.reason}" for r in discovery.rejected]
    other = "CT" if modality == "PT" else "PT"
    swapped = not any(label.startswith(modality) for label in found) and discovery.of(other)
    return DicomError(
        f"dicom.no_{_image(modality).lower()}",
        f"No usable {_image(modality)} series in '{base_name(discovery.folder)}'. Found {'; '.join(found) or 'nothing'}.",
        f"{'an attenuation-corrected PET' if modality == 'PT' else 'an axial CT'} with all its slices.",
        f"It holds {_image(other)} only: give the {_image(modality)} in its place; CT and PET may be swapped."
        if swapped
        else "Choose the folder of the right series, or export the study again.",
    )
