"""The stand-ins refuse what a running Slicer does not have, so that a panel that runs on them has no invented names."""

import enum
import pathlib
from typing import Annotated

import pytest

pytestmark = pytest.mark.slicer

UI = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0"><class>Form</class><widget class="qMRMLWidget" name="Form"><layout class="QVBoxLayout" name="box">
<item><widget class="QSpinBox" name="ageBox"><property name="SlicerParameterName" stdset="0"><string>age</string></property>
</widget></item>
<item><widget class="qMRMLNodeComboBox" name="volumeBox"><property name="noneEnabled"><bool>true</bool></property>
<property name="SlicerParameterName" stdset="0"><string>{parameter}</string></property></widget></item>
</layout></widget><customwidgets/><connections><connection><sender>Form</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
<receiver>volumeBox</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections></ui>"""


def test_names_that_slicer_lacks_are_refused(app):
    import ctk
    import qt
    import slicer

    label, combo, section = qt.QLabel("x"), slicer.qMRMLNodeComboBox(), ctk.ctkCollapsibleButton()
    assert label.text == "x", "a property, not a method"
    for widget, name in ((label, "txt"), (combo, "currentNodes"), (section, "folded")):
        with pytest.raises(AttributeError):
            getattr(widget, name)
        with pytest.raises(AttributeError):
            setattr(widget, name, 1)
    for widget, signal in ((combo, "nodeChanged(vtkMRMLNode*)"), (combo, "currentNodeChanged(int)"), (label, "clicked()")):
        with pytest.raises(AttributeError):
            widget.connect(signal, print)
    with pytest.raises(AttributeError):
        qt.QCheckBox().connect("checkStateChanged(Qt::CheckState)", print)  # Qt 6 only
    for widget in (qt.QComboBox(), ctk.ctkComboBox()):
        with pytest.raises(AttributeError):
            widget.setLabelDrawingMode(0)  # Qt 6 only
    with pytest.raises(AttributeError):
        _ = qt.QNoSuchWidget
    with pytest.raises(AttributeError):
        slicer.app.showWindow()
    with pytest.raises(AttributeError):
        slicer.util.showMessage("x")


def test_slicer_util_has_the_names_of_a_running_slicer(app):
    import slicer
    from slicer_api import API

    assert {name for name in dir(slicer.util) if not name.startswith("_")} == set(API["slicer.util"])


def test_an_exception_in_a_slot_is_kept(app):
    import qt

    qt.raised.clear()
    button = qt.QPushButton()
    button.connect("clicked()", lambda: 1 / 0)
    button.click()
    assert "ZeroDivisionError" in qt.raised.pop()


def test_enums_are_numbers_and_settings_leave_no_trace(app):
    import qt
    import slicer

    box, label = qt.QCheckBox(), qt.QLabel()
    box.setCheckState(qt.Qt.Checked)
    assert box.checkState() == 2
    label.alignment = qt.Qt.AlignRight
    assert label.alignment == qt.Qt.AlignRight
    slicer.app.userSettings().setValue("DMDP/x", "1")
    assert slicer.util.settingsValue("DMDP/x", "0") == "1"
    assert "settings-" in qt.QSettings().fileName()


def test_dialogs_do_not_wait(app):
    import dialogs
    import qt
    import slicer

    slicer.util.errorDisplay("x")
    slicer.util.warningDisplay("x")
    slicer.util.infoDisplay("x")
    slicer.util.confirmYesNoDisplay("x?")
    with pytest.raises(ZeroDivisionError), slicer.util.tryWithErrorDisplay("x", waitCursor=True):
        _ = 1 / 0
    with pytest.raises(RuntimeError, match="waits"):
        qt.QFileDialog.getExistingDirectory(None, "Folder")
    dialogs.answers.append("/somewhere")
    assert qt.QFileDialog.getOpenFileName(None, "File") == "/somewhere"
    qt.QDesktopServices.openUrl(qt.QUrl("https://example.org"))
    assert dialogs.opened.pop() == "https://example.org"


@pytest.mark.parametrize("name", ["ctkSliderWidget", "ctkDoubleSpinBox", "qMRMLSliderWidget", "qMRMLSpinBox"])
def test_numbers_stay_in_their_range(app, name):
    import ctk
    import slicer

    widget, heard = getattr(ctk if name.startswith("ctk") else slicer, name)(), []
    widget.connect("valueChanged(double)", heard.append)
    widget.maximum = 2
    widget.value = 1.5
    widget.setValue(5)
    assert heard == [1.5, 2.0]
    widget.maximum = 1
    assert widget.value == 1
    with pytest.raises(AttributeError):
        widget.setRange(0, 1)


def test_a_node_selector_follows_the_scene(scene, gui):
    import slicer

    combo, heard = slicer.qMRMLNodeComboBox(), []
    combo.nodeTypes, combo.noneEnabled = ["vtkMRMLScalarVolumeNode"], True
    combo.setMRMLScene(scene)
    combo.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    volume, model = (scene.AddNewNodeByClass(f"vtkMRML{kind}Node") for kind in ("ScalarVolume", "Model"))
    assert combo.nodeCount() == 1
    combo.setCurrentNode(model)
    assert combo.currentNode() is None, "not one of its types"
    combo.setCurrentNode(volume)
    assert heard[-1] is volume
    volume.SetName("renamed")
    assert combo._combo.itemText(1) == "renamed"
    scene.RemoveNode(volume)
    assert combo.currentNode() is None
    assert heard[-1] is None
    scene.RemoveNode(model)
    combo.setCurrentNode(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))
    scene.Clear(False)
    assert combo.nodeCount() == 0
    assert heard[-1] is None


def test_a_segment_selector_shows_the_real_segments(scene, gui):
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    first, second = (node.GetSegmentation().AddEmptySegment(name, name) for name in ("a", "b"))
    selector, heard = slicer.qMRMLSegmentSelectorWidget(), []
    selector.connect("currentSegmentChanged(QString)", heard.append)
    selector.setMRMLScene(scene)
    selector.setCurrentNode(node)
    assert selector.segmentIDs() == (first, second)
    selector.setCurrentSegmentID(second)
    assert heard == [first, second]
    editor = slicer.qMRMLSegmentEditorWidget()
    editor.setMRMLSegmentEditorNode(scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode"))
    editor.setSegmentationNode(node)
    editor.setCurrentSegmentID(second)
    assert editor.mrmlSegmentEditorNode().GetSelectedSegmentID() == second
    assert editor.segmentationNode() is node
    scene.RemoveNode(editor.mrmlSegmentEditorNode())


def test_parameters_go_both_ways_and_unknown_ones_are_refused(scene, gui, tmp_path):
    import slicer
    from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        age: Annotated[int, WithinRange(0, 120)] = 40
        volume: slicer.vtkMRMLScalarVolumeNode

    def load(parameter):
        (tmp_path / "form.ui").write_text(UI.format(parameter=parameter), encoding="utf-8")
        form = slicer.util.loadUI(str(tmp_path / "form.ui"))
        form.setMRMLScene(scene)
        return form, slicer.util.childWidgetVariables(form)

    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    parameters, (form, ui) = Parameters(node), load("volume")
    tag = parameters.connectGui(ui)
    assert ui.ageBox.value == 40
    ui.ageBox.setValue(50)
    assert Parameters(node).age == 50
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    parameters.volume = volume
    assert ui.volumeBox.currentNode() is volume
    scene.RemoveNode(volume)
    assert parameters.volume is None
    parameters.disconnectGui(tag)
    ui.ageBox.setValue(60)
    assert parameters.age == 50
    for name, value in (("age", 200), ("age", "50"), ("weight", 1)):
        with pytest.raises((ValueError, TypeError, AttributeError)):
            setattr(parameters, name, value)
    other, ui = load("volumes")
    with pytest.raises(ValueError, match="volumes"):
        parameters.connectGui(ui)
    scene.RemoveNode(node)
    del form, other


class Tissue(enum.Enum):
    """Kept by name."""

    Lung = 1
    Liver = 2


def test_every_kind_of_widget_shows_its_parameter(scene, gui):
    import ctk
    import qt
    import slicer
    from slicer.parameterNodeWrapper import Choice, Default, Maximum, WithinRange, parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        share: Annotated[float, WithinRange(0, 1), Default(0.25)]
        width: Annotated[float, Maximum(500)] = 3
        tissue: Tissue = Tissue.Liver
        method: Annotated[str, Choice(["a", "b"])] = "a"
        name: str
        folder: pathlib.Path
        fast: bool
        pressed: bool = True
        note: str | None
        image: slicer.vtkMRMLScalarVolumeNode | slicer.vtkMRMLLabelMapVolumeNode | None

        def doubled(self):
            return 2 * self.width

    widgets = {
        "share": (ctk.ctkSliderWidget(), "value", 0.25, 0.5),
        "width": (qt.QDoubleSpinBox(), "value", 3.0, 400.0),
        "tissue": (qt.QComboBox(), "currentText", "Liver", "Lung"),
        "method": (ctk.ctkComboBox(), "currentText", "a", "b"),
        "name": (qt.QLineEdit(), "text", "", "x"),
        "folder": (ctk.ctkPathLineEdit(), "currentPath", ".", "/tmp"),
        "fast": (qt.QCheckBox(), "checked", False, True),
        "pressed": (qt.QPushButton(), "checked", True, False),
    }
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    parameters = Parameters(node)
    parameters.connectParametersToGui({name: widget for name, (widget, *_) in widgets.items()})
    for name, (widget, member, before, after) in widgets.items():
        assert getattr(widget, member) == before, name
        setattr(widget, member, after)
    again = Parameters(node)
    assert (again.share, again.width, again.tissue, again.method) == (0.5, 400.0, Tissue.Lung, "b")
    assert (again.name, again.folder, again.fast, again.pressed) == ("x", pathlib.Path("/tmp"), True, False)
    assert again.doubled() == 800
    assert node.GetParameter("tissue") == "Lung"
    again.tissue, again.fast = Tissue.Liver, False
    assert widgets["tissue"][0].currentText == "Liver"
    assert not widgets["fast"][0].checked
    assert again.note is None
    again.note = ""
    assert again.note == ""
    again.image = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    with pytest.raises(TypeError):
        again.image = node
    for name, widget in (("folder", qt.QLineEdit()), ("note", qt.QLineEdit()), ("width", ctk.ctkSliderWidget())):
        with pytest.raises(RuntimeError):
            parameters.connectParametersToGui({name: widget})


def test_a_wrapper_can_be_observed(scene, gui):
    import slicer
    import vtk
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        age: int

    observer, heard = slicer.util.VTKObservationMixin(), []
    parameters = Parameters(scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))
    observer.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, lambda *_: heard.append(parameters.age))
    parameters.age = 3
    assert heard == [3]
    observer.removeObservers()
    parameters.age = 4
    assert heard == [3]


MODULE = """
import slicer
from slicer.ScriptedLoadableModule import *


class StandinProbe(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title = "Probe"
        slicer.app.connect("startupCompleted()", lambda: setattr(parent, "started", True))


class StandinProbeWidget(ScriptedLoadableModuleWidget, slicer.util.VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        slicer.util.VTKObservationMixin.__init__(self)
        self.done = []

    def setup(self):
        self.done.append("setup")

    def enter(self):
        self.done.append("enter")

    def cleanup(self):
        self.removeObservers()
        self.done.append("cleanup")
"""


def test_a_module_is_loaded_and_its_panel_made(gui, tmp_path):
    import slicer

    (tmp_path / "StandinProbe.py").write_text(MODULE, encoding="utf-8")
    module = gui.loadModule(tmp_path / "StandinProbe.py")
    assert slicer.modules.standinprobe is module
    assert module.title == "Probe"
    assert slicer.modules.StandinProbeInstance.parent.started
    widget = gui.makeWidget(module)
    assert slicer.modules.StandinProbeWidget is widget
    assert widget.parent.isEntered
    assert widget.resourcePath("UI/x.ui") == str(tmp_path / "Resources/UI/x.ui")
    module.closePanel()
    assert widget.done == ["setup", "enter", "cleanup"]
