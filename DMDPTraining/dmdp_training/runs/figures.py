"""How the pictures of a run look and are written: as PNG and SVG, the same bytes for the same run."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
from dmdp import RESEARCH_USE_ONLY
from dmdp.atomic import write_file
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart also by those who see colours differently
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999", "#F0E442")
STYLE = {"font.size": 9, "axes.titlesize": 10, "axes.spines.top": False, "axes.spines.right": False}
FOOT, HEAD = 0.8, 0.4  # inches kept for the axis label and the note, and for the title


def save(figure: Figure, folder: Path, name: str, note: str = "") -> list[str]:
    """Write ``name``.png and ``name``.svg with the note and the research-use sentence below; returns the file names."""
    figure.text(0.01, 0.005, " ".join(f"{note} {RESEARCH_USE_ONLY}".split()), fontsize=6, color="#555555", wrap=True)
    FigureCanvasAgg(figure)
    for suffix, options in (("png", {"dpi": 150}), ("svg", {"metadata": {"Date": None}})):
        stream = io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": "dmdp"}):  # the same run gives the same file
            figure.savefig(stream, format=suffix, **options)
        write_file(folder / f"{name}.{suffix}", stream.getvalue())
    return [f"{name}.png", f"{name}.svg"]


def figure_of(width: float, height: float, panels: int = 1, **options):
    """A figure of ``width`` × ``height`` inches with its axes, one for each of ``panels`` side by side."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(1, panels, squeeze=False, **options)[0]
    figure.subplots_adjust(
        left=0.11 if panels == 1 else 0.07, right=0.98, bottom=FOOT / height, top=1 - HEAD / height, wspace=0.3
    )
    return figure, axes
