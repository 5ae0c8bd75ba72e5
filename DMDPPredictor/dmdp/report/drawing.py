"""How a sheet of views is drawn: panels that match their pixels one to one, letters, bars, outlines, and the PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from PIL import Image

from .. import RESEARCH_USE_ONLY
from ..images.volume import Volume
from ..patients.case import Lesion
from ..words import CT_WINDOWS
from .planes import Plane

PANEL, GAP, SIDE, FOOT, DPI = 420, 6, 118, 52, 130  # pixels, and pixels per inch
PAPER, LIGHT, DARK, SOFT = "#000000", "#f2f2f2", "#202020", "#b8b8b8"
HALO = {LIGHT: "#000000", DARK: "#ffffff"}  # behind letters, which lie on bright and dark tissue alike
OUTLINE = {LIGHT: "#4de3ff", DARK: "#d0021b"}
MAX_BYTES = 400_000


class Sheet:
    """A black page of ``rows`` × 3 square panels with room for bars on the right and for words below.

    ``words`` stand above the research-use sentence at the foot of the page.
    """

    def __init__(self, rows: int, words: str):
        self.size = (3 * PANEL + 2 * GAP + SIDE, rows * PANEL + (rows - 1) * GAP + FOOT)
        self.figure = Figure(figsize=(self.size[0] / DPI, self.size[1] / DPI), dpi=DPI, facecolor=PAPER)
        self.canvas = FigureCanvasAgg(self.figure)
        self.rows = rows
        self._write(8, FOOT - 18, words, LIGHT)
        self._write(8, 12, RESEARCH_USE_ONLY, SOFT)

    def panel(self, row: int, column: int, plane: Plane, ink: str = LIGHT) -> Axes:
        """An empty panel in millimetres from the view's centre, with letters, slice position and scale bar."""
        axis = self._axes(column * (PANEL + GAP), self._bottom(row), PANEL, PANEL)
        axis.set_axis_off()
        half = plane.width_mm / 2
        axis.set(xlim=(-half, half), ylim=(half, -half), autoscale_on=False)
        _furnish(axis, plane, ink)
        return axis

    def bar(self, row: int, cmap: str, top: float, label: str, more_above: bool) -> None:
        """A colour bar from 0 to ``top`` beside a row; pointed if the image goes on above ``top``."""
        place = self._axes(3 * PANEL + 2 * GAP + 18, self._bottom(row) + PANEL // 10, 15, PANEL * 8 // 10)
        mappable = ScalarMappable(Normalize(0, top), cmap)
        bar = self.figure.colorbar(mappable, cax=place, extend="max" if more_above else "neither")
        bar.set_label(label, color=LIGHT, fontsize=7.5)
        bar.ax.tick_params(colors=LIGHT, labelsize=7)
        bar.outline.set_edgecolor(SOFT)

    def label(self, row: int, words: str) -> None:
        """Words beside a row that has no bar."""
        self._write(3 * PANEL + 2 * GAP + 14, self._bottom(row) + PANEL // 2, words, LIGHT)

    def key(self, row: int, colours: dict[str, str]) -> None:
        """A legend of colours beside a row."""
        place = self._axes(3 * PANEL + 2 * GAP, self._bottom(row), SIDE, PANEL)
        place.set_axis_off()
        patches = [Patch(color=colour, label=words) for words, colour in colours.items()]
        place.legend(handles=patches, loc="center left", frameon=False, labelcolor=LIGHT, fontsize=7, handlelength=1)

    def save(self, path: Path) -> None:
        """Write the page as a PNG of at most 400 kB: with a palette of 256 colours, or fewer if noise needs it."""
        self.canvas.draw()
        image = Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3])
        for colours in (256, 128, 64, 32):
            png = io.BytesIO()
            palette = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            palette.save(png, "PNG", optimize=True)
            if png.tell() <= MAX_BYTES:
                break
        path.write_bytes(png.getvalue())

    def _bottom(self, row: int) -> int:
        return FOOT + (self.rows - 1 - row) * (PANEL + GAP)

    def _axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        across, up = self.size
        return self.figure.add_axes((left / across, bottom / up, width / across, height / up))

    def _write(self, left: float, bottom: float, words: str, ink: str) -> None:
        across, up = self.size
        self.figure.text(left / across, bottom / up, words, color=ink, fontsize=7, va="center", linespacing=1.4)


def limits(window: str) -> tuple[float, float]:
    """The lowest and highest HU of one of :data:`dmdp.words.CT_WINDOWS`."""
    width, level = CT_WINDOWS[window]
    return level - width / 2, level + width / 2


def show_ct(axis: Axes, plane: Plane, ct: Volume, window: str) -> None:
    """CT in grey through one of :data:`dmdp.words.CT_WINDOWS`; black where there is no CT."""
    low, high = limits(window)
    grey = plane.sample(ct.array, ct.geometry, outside=-1024.0)
    axis.imshow(grey, cmap="gray", vmin=low, vmax=high, extent=_extent(plane), interpolation="nearest")


def show_values(axis: Axes, plane: Plane, values: np.ndarray, cmap: str, top: float, alpha: np.ndarray | None = None) -> None:
    """``values`` (pixels, pixels) in colour from 0 to ``top``; nothing where they are NaN."""
    axis.imshow(values, cmap=cmap, vmin=0, vmax=top, alpha=alpha, extent=_extent(plane), interpolation="nearest")


def show_labels(axis: Axes, plane: Plane, labels: np.ndarray, colours: Sequence[str], alpha: float) -> None:
    """Labels 1, 2, … (pixels, pixels) in ``colours``; nothing where they are 0."""
    table = np.array([(0, 0, 0, 0)] + [(*bytes.fromhex(c[1:]), round(255 * alpha)) for c in colours], np.uint8)
    axis.imshow(table[labels.astype(int)], extent=_extent(plane), interpolation="nearest")


def outline(axis: Axes, plane: Plane, lesion: Lesion, ink: str = LIGHT) -> None:
    """The border between inside and outside along the voxel faces that the plane cuts, exact within a pixel."""
    inside = plane.sample(lesion.mask.array.view(np.uint8), lesion.geometry, order=0, outside=0.0)
    border(axis, plane, inside, OUTLINE[ink], "solid")


def border(axis: Axes, plane: Plane, inside: np.ndarray, colour: str, style: str) -> None:
    """A line round the pixels of ``inside`` (pixels, pixels) that are 1."""
    if inside.any() and not inside.all():
        along = plane.width_mm * ((np.arange(plane.pixels) + 0.5) / plane.pixels - 0.5)
        axis.contour(along, along, inside, levels=[0.5], colors=[colour], linewidths=1.1, linestyles=style)


def _extent(plane: Plane) -> tuple[float, float, float, float]:
    """mm from the centre; the page's y axis points down."""
    half = plane.width_mm / 2
    return (-half, half, half, -half)


def _furnish(axis: Axes, plane: Plane, ink: str) -> None:
    halo = [withStroke(linewidth=2.5, foreground=HALO[ink])]
    style: dict = {"transform": axis.transAxes, "color": ink, "path_effects": halo, "va": "center", "zorder": 5}
    places = {"left": (0.025, 0.5), "right": (0.975, 0.5), "top": (0.5, 0.97), "bottom": (0.5, 0.03)}
    for side, letter in plane.letters().items():
        axis.text(*places[side], letter, fontsize=8.5, ha="center", weight="bold", **style)
    axis.text(0.02, 0.97, plane.position, fontsize=7, **style)
    bar = 50.0 if plane.width_mm > 200 else 20.0
    length = bar / plane.width_mm
    axis.plot(
        [0.97 - length, 0.97],
        [0.03, 0.03],
        transform=axis.transAxes,
        color=ink,
        linewidth=1.8,
        solid_capstyle="butt",
        path_effects=[withStroke(linewidth=3.4, foreground=HALO[ink])],
        zorder=5,
    )
    axis.text(0.97 - length / 2, 0.06, f"{bar / 10:.0f} cm", fontsize=7, ha="center", **style)
