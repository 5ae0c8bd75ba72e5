"""Tables of the page, with column widths from what the cells hold."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from .drawing import draw, size
from .inline import block_markup, coloured, markup
from .page import Element
from .style import BODY, BOLD, CELL, LINE, RIGHT, SMALL, SOFT, WIDTH

GAP = 7.0  # right of each column
SLACK = 0.5  # so that rounding breaks no word
SHORT = 62.0  # a cell that needs no more stays on one line, such as "0.77 to 45.7"
LONGEST_WORD = 0.3  # of the width; longer ones, such as hashes, are broken


def table(element: Element) -> Table:
    """A ``table`` without its caption; rows of ``thead`` are repeated on every page."""
    head = [row for part in element.all("thead") for row in part.all("tr")]
    rows = [*head, *(row for part in element.all("tbody") for row in part.all("tr"))]
    cells = [list(row.all("th", "td")) for row in rows]
    columns = max(map(len, cells))
    widths = column_widths([_extent(cells, column) for column in range(columns)], WIDTH)
    bold = [row in head or "lead" in row.classes for row in rows]
    drawn = [
        [_cell(cell, width - GAP, heavy) for cell, width in zip(row, widths, strict=False)] + [""] * (columns - len(row))
        for row, heavy in zip(cells, bold, strict=True)
    ]
    return _laid_out(drawn, widths, len(head))


def definitions(element: Element) -> Table:
    """A ``dl`` as a table of two columns."""
    pairs = list(zip(element.all("dt"), element.all("dd"), strict=True))
    first = min(max(_natural(term, SMALL)[1] for term, _ in pairs) + GAP, 0.35 * WIDTH)
    widths = [first, WIDTH - first]
    rows = [[_paragraph(coloured(markup(term), SOFT)), _paragraph(markup(text))] for term, text in pairs]
    return _laid_out(rows, widths, 0)


def column_widths(extents: Sequence[tuple[float, float]], available: float) -> list[float]:
    """Widths that sum to ``available``, from each column's least (longest word) and natural (one line) width.

    As browsers do: if all fit on one line the rest is shared by natural width, else each gets its least width and a share
    of the rest by how much more it wants.
    """
    least, natural = [low for low, _ in extents], [high for _, high in extents]
    if sum(natural) <= available:
        spare = available - sum(natural)
        return [width + spare * width / sum(natural) for width in natural]
    wanted, spare = sum(natural) - sum(least), available - sum(least)
    if spare <= 0 or wanted <= 0:
        return [available * width / sum(least) for width in least]
    return [low + spare * (high - low) / wanted for low, high in extents]


def _extent(cells: Sequence[Sequence[Element]], column: int) -> tuple[float, float]:
    extents = [_natural(row[column], SMALL) for row in cells if column < len(row)]
    least = min(max(low for low, _ in extents), LONGEST_WORD * WIDTH)
    return least + GAP, max(least, max(high for _, high in extents)) + GAP


def _natural(cell: Element, points: float) -> tuple[float, float]:
    """Width of the longest word, or of all if the cell is not to be broken, and of all on one line."""
    drawings = [size(svg, WIDTH)[0] for svg in cell.all("svg")]
    text = cell.text if not drawings else ""
    whole = max([stringWidth(text, BOLD, points), *drawings])
    words = [stringWidth(word, BOLD, points) for word in text.split()]
    whole += SLACK
    unbroken = "n" in cell.classes or whole <= SHORT
    return (whole if unbroken else max([*words, *drawings]) + SLACK), whole


def _cell(cell: Element, width: float, bold: bool) -> Flowable:
    drawings = list(cell.all("svg"))
    if drawings:
        return draw(drawings[0], width)
    text = block_markup(cell)
    return _paragraph(f"<b>{text}</b>" if bold else text, right="n" in cell.classes)


def _paragraph(text: str, right: bool = False) -> Paragraph:
    return Paragraph(text, RIGHT if right else CELL)


def _laid_out(rows: Sequence[Sequence[Flowable | str]], widths: Sequence[float], head: int) -> Table:
    laid = Table(rows, colWidths=widths, repeatRows=head, hAlign="LEFT", splitInRow=1, spaceAfter=BODY.spaceAfter)
    laid.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), GAP),
                ("TOPPADDING", (0, 0), (-1, -1), 1.6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
            ]
        )
    )
    return laid
