"""The printed report: every word of the page on paper, what is hidden stays hidden, and each page says what it is."""

from __future__ import annotations

import json
import re
import sys

import pypdfium2
import pytest
from dmdp import RESEARCH_USE_ONLY
from dmdp.errors import InputError, MissingPackage
from dmdp.prediction.document import Prediction
from dmdp.report.export import export_result
from dmdp.report.html import render
from dmdp.report.pdf.document import render_pdf
from dmdp.report.pdf.inline import markup
from dmdp.report.pdf.page import Element, parse
from dmdp.report.pdf.tables import column_widths


def words(text: str) -> list[str]:
    return re.sub(r"\s+", " ", text).split()


def printed(content: bytes) -> list[str]:
    """The text of each page."""
    document = pypdfium2.PdfDocument(content)
    return [page.get_textpage().get_text_bounded() for page in document]


def visible(element: Element) -> str:
    """The text of the page that paper must show."""
    hidden = element.tag in ("svg", "style") or (element.tag == "details" and "fold" not in element.classes)
    if hidden:
        return ""
    return " ".join(child if isinstance(child, str) else visible(child) for child in element.children)


def page_of(predicted, **changes) -> str:
    """The page, without pictures, of the prediction with ``changes``."""
    told = json.loads((predicted / "prediction.json").read_text(encoding="utf-8"))
    return render(Prediction.from_json({**told, **changes}), (), predicted)


@pytest.fixture(scope="module")
def html(predicted) -> str:
    return (predicted / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pdf(html) -> bytes:
    return render_pdf(html)


def test_every_word_of_the_page_is_on_paper(html, pdf):
    paper = re.sub(r"\s", "", "".join(printed(pdf)))
    main = next(parse(html).all("main"))
    assert len(words(visible(main))) > 500
    assert [word for word in words(visible(main)) if word not in paper] == []


def test_each_page_says_research_use_only_and_is_numbered(pdf):
    pages = printed(pdf)
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert RESEARCH_USE_ONLY in " ".join(words(page))
        assert f"Page {number} of {len(pages)}" in page


def test_pictures_are_on_paper_except_the_hidden_ones(html, pdf):
    shown = visible_images(next(parse(html).all("main")))
    assert shown >= 4
    document = pypdfium2.PdfDocument(pdf)
    found = [item for page in document for item in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])]
    assert len(found) == shown
    for page in document:  # nothing hangs over an edge
        width, _ = page.get_size()
        for item in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]):
            left, bottom, right, _ = item.get_bounds()
            assert 0 < left < right < width
            assert bottom > 0


def visible_images(element: Element) -> int:
    if element.tag == "details" and "fold" not in element.classes:
        return 0
    return (element.tag == "img") + sum(map(visible_images, element.elements))


def test_outside_there_is_no_probability_on_paper(predicted):
    told = json.loads((predicted / "prediction.json").read_text(encoding="utf-8"))
    reason = {"code": "x", "found": "A kidney.", "expected": "a lung", "level": "outside"}
    applicability = {"verdict": "outside", "reasons": [reason]}
    paper = " ".join(words(" ".join(printed(render_pdf(page_of(predicted, applicability=applicability))))))
    assert "so no probability is shown" in paper
    assert "On screen only (report.html): Show anyway" in paper
    assert "A kidney" in paper
    assert "probability of" not in paper
    for task in told["tasks"].values():
        assert f"{task['probability']:.2f} probability" not in paper


def test_text_is_text_also_where_it_looks_like_markup(predicted):
    notes = ['<b>bold</b> & <font size="99">large</font>', "x" * 400, "SUV ≥ 4, −150 HU, cm², “quoted”, Δ, ■"]
    paper = re.sub(r"\s", "", "".join(printed(render_pdf(page_of(predicted, notes=notes)))))
    for note in notes:
        assert re.sub(r"\s", "", note) in paper


def test_many_reasons_run_over_the_end_of_a_page(predicted):
    reasons = [{"code": "x", "found": f"Doubt {n}: {'far ' * 40}", "expected": "near", "level": "caution"} for n in range(40)]
    pages = printed(render_pdf(page_of(predicted, applicability={"verdict": "caution", "reasons": reasons})))
    assert "Doubt 0:" in pages[0]
    assert "Doubt 39:" not in pages[0]
    assert "Doubt 39:" in pages[1]


def test_the_same_page_gives_the_same_bytes(html, pdf):
    assert render_pdf(html) == pdf


def test_the_metadata_say_what_it_is(pdf):
    metadata = pypdfium2.PdfDocument(pdf).get_metadata_dict()
    assert metadata["Title"] == "DMDP report (research use only)"
    assert metadata["Subject"] == RESEARCH_USE_ONLY
    assert metadata["Author"] == metadata["Creator"] == "DMDP for 3D Slicer"


def test_another_page_is_refused():
    with pytest.raises(InputError, match="holds no report"):
        render_pdf("<p>Dear colleague</p>")


def test_it_is_a_format_of_the_export(predicted, pdf, tmp_path):
    (written,) = export_result(predicted, tmp_path / "out", ["pdf"])
    assert written.path == tmp_path / "out" / "report.pdf"
    assert written.path.read_bytes() == pdf


def test_without_reportlab_it_says_how_to_get_it(predicted, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    with pytest.raises(MissingPackage, match=r"dmdp\[pdf\]"):
        export_result(predicted, tmp_path / "out", ["pdf"])


@pytest.mark.parametrize(
    ("extents", "available", "widths"),
    [
        ([(10, 20), (10, 20)], 80, [40, 40]),  # all fits: shared by natural width
        ([(10, 10), (10, 90)], 60, [10, 50]),  # the one that wants more gets the rest
        ([(30, 60), (60, 60)], 45, [15, 30]),  # not even the words fit
    ],
)
def test_columns_fill_the_width(extents, available, widths):
    assert column_widths(extents, available) == pytest.approx(widths)


def test_the_key_of_a_light_colour_is_an_outline():
    cell = parse(
        '<td><span class="swatch" style="background:#0072b2"></span>a <span class="swatch" style="background:#ffffff"></span>b'
    )
    assert re.findall(r'color="(#\w+)">(.)<', markup(cell.elements[0])) == [("#0072b2", "■"), ("#444444", "□")]


def test_what_is_left_open_ends_with_its_parent():
    root = parse('<main><p>one <b>two</p><img src="x"><p>three &amp; four</main>')
    main = root.elements[0]
    assert [(element.tag, element.text) for element in main.elements] == [("p", "one two"), ("img", ""), ("p", "three & four")]
