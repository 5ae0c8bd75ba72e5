"""Pictures of a case: CT with fused PET, the lesion's outline, and the demonstration network's heatmaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from .. import RESEARCH_USE_ONLY
from ..case import Case, Lesion, Volume
from .planes import AXES, Plane

WIDE_MM, CLOSE_MM, PIXELS = 380.0, 120.0, 360
CT_WINDOW = (-1000.0, 300.0)  # HU: lung and soft tissue in one grey scale
OUTLINE = "#4de3ff"
INK, PAPER = "#e8e8e8", "#000000"
HALO = {INK: "#000000", "#202020": "#ffffff"}  # behind letters, which lie on bright and dark tissue alike


@dataclass(frozen=True)
class Picture:
    """A written PNG: its ``file`` name, ``title``, ``alt`` text, and ``kind`` (fused, close or heatmap)."""

    file: str
    title: str
    alt: str
    kind: str


def write_pictures(folder: Path, case: Case, heatmaps: Mapping[str, Volume]) -> tuple[Picture, ...]:
    """Draw the views through the lesion's centre into ``folder`` as PNG; heatmaps only where there are any.

    All views are in radiological convention (the patient's right on the left of the page).
    """
    folder.mkdir(parents=True, exist_ok=True)
    centre = tuple(float(v) for v in case.pet_lesion.centroid)
    volume = f"{case.pet_lesion.volume_ml:.1f} ml"
    wide = Picture(
        "fused.png",
        "PET over CT through the lesion",
        f"Axial, coronal and sagittal view of CT with PET in colour; the lesion ({volume}) is outlined.",
        "fused",
    )
    close = Picture(
        "close.png",
        "The lesion, close",
        f"The same three planes, {CLOSE_MM:.0f} mm wide, CT and PET apart, with the lesion's outline.",
        "close",
    )
    top = max(float(case.pet.array[case.pet_lesion.mask].max()), 1.0)
    _save(folder / wide.file, _fused(case, centre, min(top, 15.0)))
    _save(folder / close.file, _close(case, centre, top))
    written = [wide, close]
    for name, heatmap in heatmaps.items():
        picture = Picture(
            f"heatmap_{name}.png",
            f"Heatmap {name.replace('_', ' ')}",
            f"Grad-CAM map over CT in three planes; {heatmap.provenance['label']}.",
            "heatmap",
        )
        _save(folder / picture.file, _heatmap(case, centre, heatmap))
        written.append(picture)
    return tuple(written)


def _fused(case: Case, centre, top: float) -> Figure:
    figure, axes = _sheet(1)
    for axis, view in zip(axes[0], AXES, strict=True):
        plane = Plane(view, centre, WIDE_MM, PIXELS)
        _ct(axis, plane, case.ct)
        suv = plane.sample(case.pet.array, case.pet.geometry)
        shown = axis.imshow(
            suv,
            cmap="hot",
            vmin=0,
            vmax=top,
            alpha=np.clip(np.nan_to_num(suv) / (0.35 * top), 0.0, 0.75),
            extent=_extent(plane),
        )
        _outline(axis, plane, case.pet_lesion)
        _furnish(axis, plane)
    _bar(figure, axes[0][-1], shown, "SUVbw (g/ml)")
    return figure


def _close(case: Case, centre, top: float) -> Figure:
    figure, axes = _sheet(2)
    for column, view in enumerate(AXES):
        plane = Plane(view, centre, CLOSE_MM, PIXELS)
        _ct(axes[0][column], plane, case.ct)
        _outline(axes[0][column], plane, case.ct_lesion)
        _furnish(axes[0][column], plane)
        suv = plane.sample(case.pet.array, case.pet.geometry)
        shown = axes[1][column].imshow(suv, cmap="gray_r", vmin=0, vmax=top, extent=_extent(plane))
        _outline(axes[1][column], plane, case.pet_lesion, "#d0021b")
        _furnish(axes[1][column], plane, ink="#202020")
    _bar(figure, axes[1][-1], shown, "SUVbw (g/ml)")
    return figure


def _heatmap(case: Case, centre, heatmap: Volume) -> Figure:
    figure, axes = _sheet(1, footer=f"{heatmap.provenance['label']}.")
    for axis, view in zip(axes[0], AXES, strict=True):
        plane = Plane(view, centre, CLOSE_MM, PIXELS)
        _ct(axis, plane, case.ct)
        values = plane.sample(heatmap.array, heatmap.geometry)
        weight = np.clip(np.nan_to_num(values), 0.0, 1.0) * 0.7
        shown = axis.imshow(values, cmap="inferno", vmin=0, vmax=1, alpha=weight, extent=_extent(plane))
        _outline(axis, plane, case.pet_lesion)
        _furnish(axis, plane)
    _bar(figure, axes[0][-1], shown, "relative weight")
    return figure


def _sheet(rows: int, footer: str = "") -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=(11.0, 3.42 * rows + 0.35), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    bottom = 0.35 / (3.42 * rows + 0.35)
    axes = figure.subplots(
        rows,
        3,
        squeeze=False,
        gridspec_kw={
            "left": 0.004,
            "right": 0.925,
            "bottom": bottom,
            "top": 0.996,
            "wspace": 0.012,
            "hspace": 0.012,
        },
    )
    figure.text(0.006, bottom / 3, f"{footer} {RESEARCH_USE_ONLY}".strip(), color=INK, fontsize=8)
    return figure, axes


def _ct(axis, plane: Plane, ct: Volume) -> None:
    axis.imshow(
        plane.sample(ct.array, ct.geometry, outside=-1024.0),
        cmap="gray",
        vmin=CT_WINDOW[0],
        vmax=CT_WINDOW[1],
        extent=_extent(plane),
    )


def _outline(axis, plane: Plane, lesion: Lesion, colour: str = OUTLINE) -> None:
    """The border between inside and outside, along the voxel faces that the plane cuts."""
    inside = plane.sample(lesion.mask.astype(np.uint8), lesion.geometry, order=0, outside=0.0)
    if inside.any() and not inside.all():
        left, right, _bottom, _top = _extent(plane)
        step = (right - left) / plane.pixels
        along = np.arange(plane.pixels) * step + left + step / 2
        axis.contour(along, along, inside, levels=[0.5], colors=[colour], linewidths=1.3)


def _extent(plane: Plane) -> tuple[float, float, float, float]:
    """mm from the centre; the page's y axis points down."""
    half = plane.width_mm / 2
    return (-half, half, half, -half)


def _furnish(axis, plane: Plane, ink: str = INK) -> None:
    """Orientation letters, slice position and a scale bar."""
    halo = [withStroke(linewidth=2.5, foreground=HALO[ink])]
    axis.set_axis_off()
    axis.set_facecolor(PAPER)
    left, right, bottom, top = _extent(plane)
    axis.set(xlim=(left, right), ylim=(bottom, top))
    places = {"left": (0.02, 0.5), "right": (0.98, 0.5), "top": (0.5, 0.975), "bottom": (0.5, 0.025)}
    for side, letter in plane.letters().items():
        x, y = places[side]
        axis.text(
            x,
            y,
            letter,
            transform=axis.transAxes,
            color=ink,
            fontsize=11,
            ha="center",
            va="center",
            weight="bold",
            path_effects=halo,
        )
    axis_number = {"axial": 2, "coronal": 1, "sagittal": 0}[plane.view]
    position = f"{plane.view}, {'LPS'[axis_number]} = {plane.centre[axis_number]:.0f} mm"
    axis.text(0.02, 0.975, position, transform=axis.transAxes, color=ink, fontsize=9, va="center", path_effects=halo)
    bar = 50.0 if plane.width_mm > 200 else 20.0
    x, y = right - 0.04 * plane.width_mm, bottom - 0.04 * plane.width_mm
    axis.plot(
        [x - bar, x],
        [y, y],
        color=ink,
        linewidth=2,
        path_effects=[withStroke(linewidth=4, foreground=HALO[ink])],
    )
    axis.text(
        x - bar / 2,
        y - 0.015 * plane.width_mm,
        f"{bar / 10:.0f} cm",
        color=ink,
        fontsize=8,
        ha="center",
        va="bottom",
        path_effects=halo,
    )


def _bar(figure: Figure, axis, shown, label: str) -> None:
    box = axis.get_position()
    place = figure.add_axes((0.938, box.y0 + 0.06 * box.height, 0.012, 0.88 * box.height))
    bar = figure.colorbar(ScalarMappable(shown.norm, shown.cmap), cax=place)  # opaque, unlike what is shown
    bar.set_label(label, color=INK, fontsize=9)
    bar.ax.tick_params(colors=INK, labelsize=8)
    bar.outline.set_edgecolor(INK)


def _save(path: Path, figure: Figure) -> None:
    figure.savefig(path, facecolor=figure.get_facecolor(), pil_kwargs={"optimize": True})
