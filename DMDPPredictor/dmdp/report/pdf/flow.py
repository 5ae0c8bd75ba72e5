"""Elements of the page as ReportLab flowables, in its order."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

from reportlab.platypus import CondPageBreak, Flowable, HRFlowable, Image, KeepTogether, Paragraph, Table, TableStyle

from .drawing import draw
from .inline import answer_markup, block_markup, coloured, markup
from .page import Element
from .style import BODY, LINE, PANEL, STYLES, TALLEST, VERDICTS, WIDTH
from .tables import definitions, table

DATA = "data:image/png;base64,"
ON_SCREEN = "On screen only (report.html): "
ROOM = {"h2": 110, "h3": 90, "summary": 60, "caption": 60}  # points that must be left below a heading's top


def flow(element: Element) -> Iterator[Flowable]:
    """The flowables below ``element``.

    Parts that the page folds only to keep the screen short (``details.fold``) are printed; parts that it hides on purpose are
    only named.
    """
    for child in element.elements:
        yield from _block(child)


def _block(element: Element) -> Iterator[Flowable]:
    if "verdict" in element.classes:
        yield _verdict(element)
    elif element.tag == "p" and "answer" in element.classes:
        yield Paragraph(answer_markup(element), STYLES["answer"])
    elif element.tag == "p":
        yield _paragraph(element)
    elif element.tag in ("h1", "h2", "h3", "summary"):
        yield from _heading(element)
    elif element.tag == "ul":
        yield from (Paragraph(markup(item), STYLES["li"], bulletText="•") for item in element.all("li"))
    elif element.tag == "table":
        yield from _captioned(element)
    elif element.tag == "dl":
        if element.elements:
            yield definitions(element)
    elif element.tag == "svg":
        yield draw(element, WIDTH)
    elif element.tag == "figure":
        yield _figure(element)
    elif element.tag == "details" and "fold" not in element.classes:
        hidden = next(element.all("summary"))
        yield Paragraph(f"{ON_SCREEN}{markup(hidden)}.", STYLES["small"])
    else:
        yield from flow(element)


def _paragraph(element: Element) -> Paragraph:
    return Paragraph(block_markup(element), STYLES["small"] if "small" in element.classes else BODY)


def _heading(element: Element) -> Iterator[Flowable]:
    if element.tag in ROOM:
        yield CondPageBreak(ROOM[element.tag])
    heading = Paragraph(markup(element), STYLES[element.tag])
    yield heading
    if element.tag == "h2":
        yield HRFlowable(width="100%", thickness=0.5, color=LINE, spaceBefore=1, spaceAfter=4)


def _captioned(element: Element) -> Iterator[Flowable]:
    for caption in element.all("caption"):
        yield CondPageBreak(ROOM["caption"])
        yield Paragraph(markup(caption), STYLES["caption"])
    if any(element.all("tr")):
        yield table(element)


def _figure(element: Element) -> KeepTogether:
    source = next(element.all("img")).attributes["src"]
    image = Image(io.BytesIO(base64.b64decode(source.removeprefix(DATA))))
    scale = min(WIDTH / image.imageWidth, TALLEST / image.imageHeight)
    image.drawWidth, image.drawHeight = scale * image.imageWidth, scale * image.imageHeight
    image.hAlign = "LEFT"
    image.spaceBefore = BODY.spaceAfter
    return KeepTogether([image, *(Paragraph(markup(c), STYLES["figcaption"]) for c in element.all("figcaption"))])


def _verdict(element: Element) -> Table:
    """The verdict in its colour, before any number; a row per line, so that many reasons may run over a page's end."""
    colour = next(VERDICTS[name] for name in VERDICTS if name in element.classes)
    title = Paragraph(coloured(markup(next(element.all("h2"))), colour), STYLES["h3"])
    rows = [[title], *([item] for child in element.elements if child.tag != "h2" for item in _block(child))]
    box = Table(rows, colWidths=[WIDTH], spaceBefore=6, spaceAfter=6)
    box.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), PANEL),
                ("LINEBEFORE", (0, 0), (0, -1), 4, colour, "butt"),
                ("LEFTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return box
