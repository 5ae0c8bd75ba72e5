"""The panels' files and their code agree: every name that code uses is there, also where PythonQt calls an empty layout false."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ElementTree

import pytest

pytestmark = pytest.mark.slicer
PANELS = ("DMDPPredictor", "DMDPTraining")


def _tree(project, panel):
    return ElementTree.parse(project / panel / "Resources" / "UI" / f"{panel}.ui")


def _used(project, panel) -> set[str]:
    """Every NAME of ``ui.NAME``, ``self.ui.NAME`` and ``self._ui.NAME`` in the code of a module."""
    names = set()
    for path in [project / panel / f"{panel}.py", *(project / panel / f"{panel}Lib").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                owner = node.value
                if (isinstance(owner, ast.Name) and owner.id == "ui") or (
                    isinstance(owner, ast.Attribute) and owner.attr in ("ui", "_ui")
                ):
                    names.add(node.attr)
    return names


def test_an_empty_layout_is_false_as_in_pythonqt(app):
    import qt

    box = qt.QWidget()
    layout = qt.QVBoxLayout(box)
    assert not layout
    assert not qt.QFormLayout()
    assert not qt.QMenu()
    layout.addWidget(qt.QLabel("x"))
    assert layout
    assert qt.QWidget(), "all other objects are true"
    assert qt.QTimer()


def test_the_genuine_search_for_children_passes_over_an_empty_layout(gui, tmp_path):
    import slicer

    (tmp_path / "form.ui").write_text(
        '<ui version="4.0"><class>Form</class><widget class="QWidget" name="Form"><layout class="QVBoxLayout" name="outer">'
        '<item><layout class="QVBoxLayout" name="empty"/></item>'
        '<item><layout class="QVBoxLayout" name="full"><item><widget class="QLabel" name="label"/></item></layout></item>'
        "</layout></widget></ui>",
        encoding="utf-8",
    )
    form = slicer.util.loadUI(str(tmp_path / "form.ui"))
    ui = slicer.util.childWidgetVariables(form)
    assert {"outer", "full", "label"} <= set(vars(ui))
    assert not hasattr(ui, "empty")
    with pytest.raises(AttributeError):
        _ = ui.empty


@pytest.mark.parametrize("panel", PANELS)
def test_no_named_layout_is_empty(project, panel):
    """A place that code fills is a widget, which PythonQt never calls false."""
    empty = [layout.get("name") for layout in _tree(project, panel).iter("layout") if layout.find("item") is None]
    assert not empty


@pytest.mark.parametrize("panel", PANELS)
def test_every_name_that_code_uses_stands_in_the_file(project, panel):
    named = {element.get("name") for element in _tree(project, panel).iter() if element.tag in ("widget", "layout")}
    assert not _used(project, panel) - named


@pytest.mark.parametrize("panel", PANELS)
def test_every_name_that_code_uses_is_found_in_the_panel(project, modules, scene, gui, panel):
    """By the genuine ``slicer.util.childWidgetVariables``, before code has filled any place."""
    import slicer

    form = slicer.util.loadUI(str(project / panel / "Resources" / "UI" / f"{panel}.ui"))
    found = vars(slicer.util.childWidgetVariables(form))
    assert not _used(project, panel) - set(found)


@pytest.mark.parametrize("panel", PANELS)
def test_both_panels_open(modules, scene, gui, panel):
    modules[panel].closePanel()
    try:
        widget = modules[panel].openPanel()
        assert "Research use only" in widget.ui.researchLabel.text
    finally:
        modules[panel].closePanel()


def test_messages_have_places_near_their_causes(project):
    """Each is hidden when it is empty, wraps its words, and stands where its cause is."""
    root = _tree(project, "DMDPPredictor").getroot()
    parents = {child: parent for parent in root.iter() for child in parent}
    widgets = {element.get("name"): element for element in root.iter("widget")}

    def section(name):
        element = parents[widgets[name]]
        while element.get("class") != "ctkCollapsibleButton":
            element = parents[element]
        return element.get("name")

    wanted = {
        "imagesMessage": "imagesSection",
        "lesionMessage": "lesionSection",
        "modelMessage": "modelSection",
        "exportMessage": "exportSection",
    }
    for name, place in wanted.items():
        properties = {p.get("name"): next(iter(p)).text for p in widgets[name].findall("property")}
        assert properties["wordWrap"] == "true", name
        assert properties["visible"] == "false", name
        assert section(name) == place, name
    order = re.findall(r'<widget class="\w+" name="(\w+)"', ElementTree.tostring(root, encoding="unicode"))
    assert order.index("delineateButton") < order.index("lesionMessage") < order.index("segmentationSelector")
    assert order.index("exportButton") < order.index("exportMessage")
    assert order.index("predictButton") < order.index("messageLabel") < order.index("resultSection")
