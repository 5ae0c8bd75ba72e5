"""The report as PDF pages, each of which says "research use only" and how many there are."""

from __future__ import annotations

import io

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from ... import RESEARCH_USE_ONLY
from ...errors import InputError
from .flow import flow
from .page import parse
from .style import BOLD, FOOT, MARGIN, PAGE, SANS, SMALL, SOFT, STRIP, STRIP_HEIGHT, WIDTH, register_fonts

TOP = STRIP_HEIGHT + 12


def render_pdf(html: str) -> bytes:
    """The A4 pages of a ``report.html``; the same page gives the same bytes.

    Nothing is fetched: pictures are those inside the page. What the page hides on purpose stays hidden. Raises
    :class:`InputError` for a page without a report.
    """
    register_fonts()
    page = parse(html)
    title = next((element.text for element in page.all("title")), "DMDP report")
    out = io.BytesIO()
    about = {"title": title, "subject": RESEARCH_USE_ONLY, "author": "DMDP for 3D Slicer", "creator": "DMDP for 3D Slicer"}
    document = BaseDocTemplate(out, pagesize=PAGE, invariant=1, lang="en", **about)
    frame = Frame(MARGIN, FOOT, WIDTH, PAGE[1] - TOP - FOOT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document.addPageTemplates(PageTemplate("page", [frame]))
    main = next(page.all("main"), None)
    if main is None:
        raise InputError(
            "export.no_page",
            "'report.html' holds no report.",
            "the page that 'dmdp predict' wrote.",
            "Predict again, then export.",
        )
    document.build(list(flow(main)), canvasmaker=_Numbered)
    return out.getvalue()


class _Numbered(Canvas):
    """A canvas that keeps its pages until their number is known, then draws strip and foot on each."""

    def __init__(self, *arguments, **more) -> None:
        super().__init__(*arguments, **more)
        self._kept: list[dict] = []

    def showPage(self) -> None:  # noqa: N802 (ReportLab's name)
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for state in self._kept:
            self.__dict__.update(state)
            self._frame(len(self._kept))
            super().showPage()
        super().save()

    def _frame(self, pages: int) -> None:
        width, height = PAGE
        self.setFillColor(STRIP)
        self.rect(0, height - STRIP_HEIGHT, width, STRIP_HEIGHT, stroke=0, fill=1)
        self.setFillColorRGB(1, 1, 1)
        self.setFont(BOLD, SMALL)
        self.drawCentredString(width / 2, height - STRIP_HEIGHT / 2 - SMALL / 3, RESEARCH_USE_ONLY)
        self.setFillColor(SOFT)
        self.setFont(SANS, SMALL)
        self.drawString(MARGIN, FOOT / 2, "DMDP report, research use only")
        self.drawRightString(width - MARGIN, FOOT / 2, f"Page {self._pageNumber} of {pages}")
