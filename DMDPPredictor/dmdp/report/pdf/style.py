"""Type, colours and measures of the printed report, in points; the colours are those of ``report.css`` on paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from ...words import COLOURS

INK, SOFT, LINE = HexColor("#000000"), HexColor("#444444"), HexColor("#bbbbbb")
PANEL, ACCENT, BAND, STRIP = HexColor("#f6f8fa"), HexColor("#1f5f8b"), HexColor("#a9c6da"), HexColor("#8f1d17")
VERDICTS = {verdict: HexColor(colour) for verdict, colour in COLOURS["light"].items()}
MARK = VERDICTS["outside"]

PAGE = A4
MARGIN, STRIP_HEIGHT, FOOT = 15 * mm, 8 * mm, 14 * mm
WIDTH = PAGE[0] - 2 * MARGIN
PX = 0.75  # a CSS pixel in points

SANS, BOLD, MONO = "DMDP-Sans", "DMDP-Sans-Bold", "DMDP-Mono"
FILES = {SANS: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf", MONO: "DejaVuSansMono.ttf"}
SIZE, SMALL, TINY = 8.0, 7.2, 6.4
LARGE = 17.0  # the probability
TALLEST = 0.42 * PAGE[1]  # picture; two wide ones and a tall one fill a page


@cache
def register_fonts() -> None:
    """Make the fonts known to ReportLab; they hold the typographic minus, quotes and Greek that the built-in ones lack."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name, file in FILES.items():
        pdfmetrics.registerFont(TTFont(name, folder / file))
    pdfmetrics.registerFontFamily(SANS, normal=SANS, bold=BOLD, italic=SANS, boldItalic=BOLD)


def _style(name: str, size: float = SIZE, font: str = SANS, colour: Color = INK, **more) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=font, fontSize=size, **{"leading": 1.38 * size, "textColor": colour, **more})


BODY = _style("body", spaceAfter=3)
STYLES = {
    "h1": _style("h1", 14, BOLD, spaceBefore=4, spaceAfter=3),
    "h2": _style("h2", 11, BOLD, spaceBefore=12, spaceAfter=1),
    "h3": _style("h3", 9.5, BOLD, spaceBefore=9, spaceAfter=2),
    "summary": _style("summary", SIZE, BOLD, ACCENT, spaceBefore=6, spaceAfter=2),
    "caption": _style("caption", SMALL, BOLD, spaceBefore=6, spaceAfter=1),
    "figcaption": _style("figcaption", SMALL, colour=SOFT, spaceBefore=2, spaceAfter=8),
    "li": _style("li", leftIndent=9, bulletIndent=1, spaceAfter=1.5),
    "answer": _style("answer", 9.5, leading=1.3 * LARGE, spaceAfter=5),
    "small": _style("small", SMALL, spaceAfter=2.5),
}
CELL = _style("cell", SMALL)
RIGHT = _style("right", SMALL, alignment=TA_RIGHT)
