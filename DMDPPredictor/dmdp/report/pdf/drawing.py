"""The scales of the page (svg) as ReportLab drawings."""

from __future__ import annotations

from reportlab.graphics.shapes import Circle, Drawing, Line, Rect, String

from .page import Element
from .style import ACCENT, BAND, PX, SANS, SOFT

TEXT_PX = 9
SIZES = {"scale": (None, 44.0), "mini": (94.0, 14.0)}  # CSS pixels of report.css at the size of print; None: all there is


def size(svg: Element, available: float) -> tuple[float, float]:
    """Width and height in points, of at most ``available`` width."""
    width, height = next(SIZES[name] for name in SIZES if name in svg.classes)
    return available if width is None else min(width * PX, available), height * PX


def draw(svg: Element, available: float) -> Drawing:
    """Lines, bars, dots and words of ``svg``; lengths are CSS pixels or shares of its width and height, y points down."""
    width, height = size(svg, available)
    drawing = Drawing(width, height)

    def x(shape: Element, name: str) -> float:
        return _length(shape.attributes[name], width)

    def y(shape: Element, name: str) -> float:
        return height - _length(shape.attributes[name], height)

    for shape in svg.elements:
        if shape.tag == "rect":
            tall = _length(shape.attributes["height"], height)
            wide = _length(shape.attributes["width"], width)
            drawing.add(Rect(x(shape, "x"), y(shape, "y") - tall, wide, tall, fillColor=BAND, strokeColor=None))
        elif shape.tag == "line":
            dashes = [0.75, 2.0] if "stroke-dasharray" in shape.attributes else None
            ends = (x(shape, "x1"), y(shape, "y1"), x(shape, "x2"), y(shape, "y2"))
            drawing.add(Line(*ends, strokeColor=SOFT, strokeWidth=0.6, strokeDashArray=dashes))
        elif shape.tag == "circle":
            radius = _length(shape.attributes["r"], width)
            drawing.add(Circle(x(shape, "cx"), y(shape, "cy"), radius, fillColor=ACCENT, strokeColor=None))
        elif shape.tag == "text":
            anchor = shape.attributes.get("text-anchor", "start")
            word = String(x(shape, "x"), y(shape, "y"), shape.text, fontName=SANS, fontSize=TEXT_PX * PX, fillColor=SOFT)
            word.textAnchor = anchor
            drawing.add(word)
    return drawing


def _length(text: str, whole: float) -> float:
    return float(text[:-1]) / 100.0 * whole if text.endswith("%") else float(text) * PX
