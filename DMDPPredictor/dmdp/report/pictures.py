"""Pictures of a case: CT with fused PET, both apart, the lesion close, its regions, and a network's heatmaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ..images.volume import Volume
from ..patients.case import CT, PET, Case, Lesion
from ..regions.ct_regions import Regions
from ..regions.names import MEANINGS, REGION_COLOURS
from . import drawing, maps
from .drawing import DARK, PANEL, Sheet
from .framing import close_planes, slice_point, wide_planes
from .planes import Plane

Planes = tuple[Plane, ...]
FUSED_TOP, PET_TOP = (5.0, 15.0), (5.0, 10.0)  # SUV: lowest and highest end of the colour scale
NO_HEATMAPS: Mapping[str, Volume] = MappingProxyType({})


@dataclass(frozen=True)
class Picture:
    """A written PNG: its ``file`` name, ``title``, ``alt`` text, and ``kind`` (fused, ct, pet, close, regions or heatmap)."""

    file: str
    title: str
    alt: str
    kind: str


def write_pictures(
    folder: Path,
    case: Case,
    heatmaps: Mapping[str, Volume] = NO_HEATMAPS,
    regions: Regions | None = None,
) -> tuple[Picture, ...]:
    """Draw axial, coronal and sagittal views through the lesion into ``folder`` as PNG.

    Views are cut from the native grids along the patient's axes, in radiological convention (the patient's right on the left
    of the page). ``heatmaps`` are named task_modality_stage, with values 0…1 and the ``label`` that they must carry in their
    provenance; one picture per task. ``regions`` adds a picture of the CT regions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for picture, sheet in _sheets(case, heatmaps, regions):
        sheet.save(folder / picture.file)
        written.append(picture)
    return tuple(written)


def _sheets(case: Case, heatmaps: Mapping[str, Volume], regions: Regions | None) -> Iterator[tuple[Picture, Sheet]]:
    point = slice_point(case.lesion)
    wide, close = wide_planes(case.backdrop, point, PANEL), close_planes(point, PANEL)
    what = f"the lesion ({case.lesion.volume_ml:.1f} ml) is outlined"
    three = "Axial, coronal and sagittal view through the lesion"
    if case.has(CT, PET):
        yield Picture("fused.png", "PET over CT", f"{three}: CT with PET in colour; {what}.", "fused"), _fused(case, wide)
    if case.has(PET):
        yield Picture("pet.png", "PET", f"{three}: PET, dark where uptake is high; {what}.", "pet"), _pet(case, wide)
    if case.has(CT):
        yield Picture("ct.png", "CT, lung window", f"{three}: CT in the lung window; {what}.", "ct"), _ct(case, wide)
    shown = " and ".join(["CT in two windows"] * case.has(CT) + ["PET"] * case.has(PET)).replace(" and PET", ", and PET")
    yield Picture("close.png", "The lesion, close", f"{three}, 120 mm wide: {shown}; {what}.", "close"), _close(case, close)
    if regions is not None:
        alt = f"{three}, 120 mm wide: CT with its regions in colour: {', '.join(MEANINGS.values())}."
        yield Picture("regions.png", "CT regions", alt, "regions"), _regions(case, regions, close)
    for task in dict.fromkeys(maps.split(name)[0] for name in heatmaps):
        of_task = {maps.split(name)[1:]: heatmap for name, heatmap in heatmaps.items() if maps.split(name)[0] == task}
        label = next(iter(of_task.values())).provenance["label"]
        alt = f"{three}, 120 mm wide: {CT if case.has(CT) else PET} with maps in colour ({_made_of(of_task)}); {label}."
        title = f"{' and '.join(_by_kind(of_task))}, {task}"
        yield Picture(f"heatmap_{task}.png", title, alt, "heatmap"), _heatmaps(case, of_task, label, close)


def _by_kind(places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The places (modality, stage) in words, by how their maps were made."""
    found: dict[str, list[str]] = {}
    for modality, stage in places:
        found.setdefault(maps.kind(stage), []).append(maps.place(modality, stage))
    return found


def _made_of(places: Iterable[tuple[str, str]]) -> str:
    """``Grad-CAM: CT encoder, fusion; Occlusion: CT``."""
    return "; ".join(f"{kind}: {', '.join(words)}" for kind, words in _by_kind(places).items())


def _caption(lesion: Lesion) -> str:
    return f"Outline: lesion, contour {lesion.method} from {lesion.modality}, {lesion.volume_ml:.1f} ml."


def _fused(case: Case, planes: Planes) -> Sheet:
    sheet = Sheet(1, _caption(case.pet_lesion))
    highest = _highest(case)
    top = float(np.clip(highest, *FUSED_TOP))
    for column, plane in enumerate(planes):
        axis = sheet.panel(0, column, plane)
        drawing.show_ct(axis, plane, case.ct, "soft tissue")
        suv = plane.sample(case.pet.array, case.pet.geometry)
        alpha = np.clip(np.nan_to_num(suv) / (0.35 * top), 0.0, 0.75)
        drawing.show_values(axis, plane, suv, "hot", top, alpha)
        drawing.outline(axis, plane, case.pet_lesion)
    sheet.bar(0, "hot", top, "SUVbw (g/ml)", more_above=highest > top)
    return sheet


def _pet(case: Case, planes: Planes) -> Sheet:
    sheet = Sheet(1, _caption(case.pet_lesion))
    highest = _highest(case)
    _pet_row(sheet, 0, case, planes, float(np.clip(highest, *PET_TOP)), highest)
    return sheet


def _ct(case: Case, planes: Planes) -> Sheet:
    sheet = Sheet(1, _caption(case.ct_lesion))
    _ct_row(sheet, 0, case, planes, "lung")
    return sheet


def _close(case: Case, planes: Planes) -> Sheet:
    windows = tuple(drawing.CT_WINDOWS) if case.has(CT) else ()
    sheet = Sheet(len(windows) + case.has(PET), _caption(case.lesion))
    for row, window in enumerate(windows):
        _ct_row(sheet, row, case, planes, window)
    if case.has(PET):
        highest = _highest(case)
        _pet_row(sheet, len(windows), case, planes, highest, highest)
    return sheet


def _regions(case: Case, regions: Regions, planes: Planes) -> Sheet:
    sheet = Sheet(1, "CT regions by our own definition (version 1); the paper gives none.")
    for column, plane in enumerate(planes):
        axis = sheet.panel(0, column, plane)
        drawing.show_ct(axis, plane, case.ct, "lung")
        labels = plane.sample(regions.labels, regions.geometry, order=0, outside=0.0)
        drawing.show_labels(axis, plane, labels, REGION_COLOURS, alpha=0.6)
    sheet.key(0, {f"reg{number}": colour for number, colour in zip(MEANINGS, REGION_COLOURS, strict=True)})
    return sheet


def _heatmaps(case: Case, of_task: Mapping[tuple[str, str], Volume], label: str, planes: Planes) -> Sheet:
    """A row per map (modality, stage); the dashed frame is the network's crop, beyond which nothing is coloured."""
    sheet = Sheet(len(of_task), f"{label[0].upper()}{label[1:]}. Dashed: the part of the scan that the network reads.")
    for row, ((modality, stage), heatmap) in enumerate(of_task.items()):
        for column, plane in enumerate(planes):
            axis = sheet.panel(row, column, plane)
            _show_backdrop(axis, plane, case)
            values = plane.sample(heatmap.array, heatmap.geometry)
            drawing.show_values(axis, plane, values, "inferno", 1.0, 0.7 * np.nan_to_num(values))
            drawing.border(axis, plane, np.isfinite(values), drawing.SOFT, "dashed")
            drawing.outline(axis, plane, case.lesion)
        if heatmap.array.max() > 0:
            sheet.bar(row, "inferno", 1.0, f"{maps.title(modality, stage)}, relative", more_above=False)
        else:
            sheet.label(row, f"{maps.kind(stage)},\n{maps.place(modality, stage)}:\nzero\neverywhere")
    return sheet


def _show_backdrop(axis, plane: Plane, case: Case) -> None:
    if case.has(CT):
        drawing.show_ct(axis, plane, case.ct, "lung")
    else:
        suv = plane.sample(case.pet.array, case.pet.geometry)
        drawing.show_values(axis, plane, np.nan_to_num(suv), "gray", float(np.clip(_highest(case), *PET_TOP)))


def _ct_row(sheet: Sheet, row: int, case: Case, planes: Planes, window: str) -> None:
    for column, plane in enumerate(planes):
        axis = sheet.panel(row, column, plane)
        drawing.show_ct(axis, plane, case.ct, window)
        drawing.outline(axis, plane, case.ct_lesion)
    low, high = drawing.limits(window)
    sheet.label(row, f"CT\n{window}\n{low:.0f} to\n{high:.0f} HU".replace("-", "−"))


def _pet_row(sheet: Sheet, row: int, case: Case, planes: Planes, top: float, highest: float) -> None:
    for column, plane in enumerate(planes):
        axis = sheet.panel(row, column, plane, ink=DARK)
        suv = plane.sample(case.pet.array, case.pet.geometry)
        drawing.show_values(axis, plane, np.nan_to_num(suv), "gray_r", top)
        drawing.outline(axis, plane, case.pet_lesion, ink=DARK)
    sheet.bar(row, "gray_r", top, "SUVbw (g/ml)", more_above=highest > top)


def _highest(case: Case) -> float:
    """SUVmax of the lesion, at least 1 so that a scale has a length."""
    return max(float(case.pet.array[case.pet_lesion.mask.array].max()), 1.0)
