"""Both panels work at a width of 400 pixels: measured as Slicer's dock measures them, with long names in every list."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import wait

pytestmark = pytest.mark.slicer
WIDTH = 400
SPARE = 20  # pixels, for other fonts and styles
LONG = "PET Statistical WB_CTAC oncological skull base to mid thigh 2.5 mm iterative series 105"
WORDS = "The PET lies under a transform that displaces it by 3.2 mm, where half a millimetre is the most. Harden it first. " * 3


onlyTraining = pytest.mark.parametrize("shown", ["DMDPTraining"], indirect=True)


@pytest.fixture(params=["DMDPPredictor", "DMDPTraining"])
def shown(request, modules, scene, gui):
    """A panel in the dock: ``(dock, widget)``. The lists hold long names before anything is measured, as size hints are kept."""
    from module_panel import ModulePanel

    for kind in ("vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLMarkupsFiducialNode"):
        for _ in range(2):
            scene.AddNewNodeByClass(kind, LONG)
    module = modules[request.param]
    module.closePanel()
    widget, dock = module.openPanel(), ModulePanel()
    for name in ("modelComboBox", "networkComboBox", "segmentComboBox", "taskComboBox", "layerComboBox"):
        if hasattr(widget.ui, name):
            combo = getattr(widget.ui, name)
            blocked = combo.blockSignals(True)
            combo.addItem(LONG, LONG)
            combo.blockSignals(blocked)
    yield dock, widget, lambda: _show(dock, widget)
    if getattr(dock, "_module", None) is not None:
        dock.takeOut()
    module.closePanel()


def _show(dock, widget):
    dock.put(widget.parent)
    dock.resize(WIDTH, 900)
    dock.show()
    _settle()


def _settle():
    import qt

    for _ in range(5):
        qt.application.processEvents()


def _sections(widget):
    import ctk

    return [child for child in vars(widget.ui).values() if isinstance(child, ctk.ctkCollapsibleButton)]


def _fits(dock):
    return dock.minimumSizeHint().width() <= WIDTH - SPARE


def test_the_panel_is_narrow_however_it_is_unfolded(shown):
    dock, widget, show = shown
    show()
    assert _fits(dock), "as it opens"
    for section in _sections(widget):
        section.collapsed = not section.collapsed
        _settle()
        assert _fits(dock), (section.objectName, section.sizeHint().width(), dock.minimumSizeHint().width())
    for section in _sections(widget):
        section.collapsed = False
    _settle()
    assert _fits(dock), "all unfolded"


def test_long_words_do_not_widen_the_panel(shown):
    import qt

    dock, widget, show = shown
    labels = [child for child in vars(widget.ui).values() if isinstance(child, qt.QLabel) and child.wordWrap]
    assert len(labels) > 2
    for label in labels:
        label.text, label.visible = WORDS + "/a/path/without/any/space/" * 8, True
    show()
    for section in _sections(widget):
        section.collapsed = False
    _settle()
    assert _fits(dock)
    for label in (label for label in labels if label.visible):
        assert label.height >= label.heightForWidth(label.width) > 50, f"{label.objectName} is cut below"


def test_nothing_is_cut_at_the_right(shown):
    """Every button, box and label that does not wrap has the room that its words need."""
    import qt

    _dock, widget, show = shown
    show()
    for section in _sections(widget):
        section.collapsed = False
    _settle()
    area = widget.parent
    assert area.width <= WIDTH
    kinds = (qt.QPushButton, qt.QCheckBox, qt.QLabel, qt.QSpinBox)
    editor = getattr(getattr(widget, "lesion", None), "editor", None)
    for child in area.findChildren(qt.QWidget):
        if editor is not None and editor.widget.isAncestorOf(child):
            continue  # which scrolls by itself
        if isinstance(child, kinds) and child.visible and not (isinstance(child, qt.QLabel) and child.wordWrap):
            assert child.width >= child.minimumSizeHint().width(), child.objectName
            assert child.mapTo(area, qt.QPoint(child.width, 0)).x() <= WIDTH, child.objectName


def test_the_editor_scrolls_sideways_by_itself_and_is_as_tall_as_its_options(panel, scene):
    import qt
    import slicer
    from module_panel import ModulePanel

    pet = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "PET")
    slicer.util.updateVolumeFromArray(pet, np.zeros((4, 4, 4), "float32"))
    panel.logic.getParameterNode().pet = pet
    dock = ModulePanel()
    _show(dock, panel)
    try:
        panel.ui.editButton.click()
        editor = panel.lesion.editor
        assert not panel.ui.editorSection.collapsed
        area = next(child for child in panel.ui.editorPlace.children() if isinstance(child, qt.QScrollArea))
        wait(lambda: area.height >= editor.widget.layout().totalSizeHint().height(), 5)
        assert _fits(dock)
        editor.widget.setActiveEffectByName("Paint")
        taller = editor.widget.layout().totalSizeHint().height()
        wait(lambda: area.height >= editor.widget.layout().totalSizeHint().height() >= taller, 5)
        wait(lambda: area.horizontalScrollBar().maximum > 0, 5)  # what is cut can be reached
        assert area.verticalScrollBar().maximum == 0
        assert _fits(dock)
    finally:
        dock.takeOut()


@onlyTraining
def test_every_work_is_named_in_the_room_that_its_list_has(shown):
    _dock, widget, show = shown
    show()
    combo = widget.ui.workComboBox
    room = combo.width - 40  # arrow and frame
    for index in range(combo.count):
        assert combo.fontMetrics().horizontalAdvance(combo.itemText(index)) <= room
    assert widget.ui.workNote.text


@onlyTraining
def test_the_curves_fit_into_the_panel(shown, tmp_path):
    import qt
    from matplotlib.figure import Figure

    dock, widget, show = shown
    show()
    from DMDPTrainingLib.Work import Work

    Figure((10, 4)).savefig(tmp_path / "curves.png")
    widget._running = (Work.Network, tmp_path)
    widget.showCurves()
    _settle()
    assert widget.ui.curvesLabel.pixmap.width() <= widget.ui.curvesLabel.width + 2
    assert _fits(dock)
    assert isinstance(widget.ui.curvesLabel, qt.QLabel)


@onlyTraining
def test_a_message_breaks_its_paths(shown, tmp_path):
    """A label breaks at spaces only; a path would be cut at the right."""
    import qt
    from DMDPPredictorLib.Wrap import BREAK, LONGEST, breakable

    _dock, widget, show = shown
    path = "/home/a.user/cohorts_of_2026/" + "a" * 64 + "/published_matrices/" * 6
    widget.showMessage(f"There is no folder {path}.")
    show()
    label = widget.ui.messageLabel
    assert label.text.replace(BREAK, "") == f"There is no folder {path}."
    widest = max(label.fontMetrics().horizontalAdvance(piece) for piece in label.text.replace(" ", BREAK).split(BREAK))
    assert widest <= label.width
    flags = int(qt.Qt.TextWordWrap)
    drawn = label.fontMetrics().boundingRect(qt.QRect(0, 0, label.width, 10000), flags, label.text)
    assert drawn.width() <= label.width
    assert breakable("A short word stays.") == "A short word stays."
    assert all(len(piece) <= LONGEST for piece in breakable("f" * 64).split(BREAK))
