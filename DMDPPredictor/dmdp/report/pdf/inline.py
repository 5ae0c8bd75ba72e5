"""Running text of the page as ReportLab's paragraph mark-up."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor

from .page import Element
from .style import BOLD, LARGE, MARK, MONO, SOFT, TINY

PAPER = 0.9  # of full intensity in all of red, green and blue
COLOUR = re.compile(r"background:\s*(#[0-9a-fA-F]{6})")


def markup(element: Element) -> str:
    """The text below ``element``, white space collapsed; bold, soft, marked and code as in the page. Drawings are not text."""
    return re.sub(r"\s+", " ", "".join(map(_piece, element.children))).strip()


def _piece(child: Element | str) -> str:
    if isinstance(child, str):
        return escape(child)
    if child.tag == "svg":
        return ""
    return dressed(child, "".join(map(_piece, child.children)))


def block_markup(element: Element) -> str:
    """As :func:`markup`, with what the element's own class says of its text."""
    return dressed(element, markup(element))


def dressed(element: Element, inner: str) -> str:
    """``inner`` as the tag and class of ``element`` have it."""
    if "swatch" in element.classes:
        colour = COLOUR.search(element.attributes.get("style", ""))
        return f"{_swatch(HexColor(colour[1]))} " if colour else inner
    if element.tag == "code":
        return f'<font face="{MONO}" size="{TINY}">{inner}</font>'
    if "mark" in element.classes:
        return coloured(f"<b>{inner}</b>", MARK)
    if element.tag in ("b", "strong"):
        return f"<b>{inner}</b>"
    if "soft" in element.classes:
        return coloured(inner, SOFT)
    return inner


def answer_markup(element: Element) -> str:
    """The line of the probability, its number large."""
    return markup(element).replace("<b>", f'<font face="{BOLD}" size="{LARGE:g}">', 1).replace("</b>", "</font>", 1)


def coloured(text: str, colour: Color) -> str:
    """Mark-up in a colour."""
    return f'<font color="#{colour.hexval()[2:]}">{text}</font>'


def _swatch(colour: Color) -> str:
    """A square in ``colour``, or the outline of one if the colour would not be seen on paper."""
    return coloured("□", SOFT) if min(colour.red, colour.green, colour.blue) > PAPER else coloured("■", colour)
