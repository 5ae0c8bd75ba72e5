"""The stand-ins refuse what a running Slicer does not have, so that a panel that runs on them has no invented names."""

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


def test_a_node_selector_follows_the_scene(scene):
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
    scene.RemoveNode(volume)
    assert combo.currentNode() is None
    assert heard[-1] is None
    scene.RemoveNode(model)


def test_parameters_go_both_ways_and_unknown_ones_are_refused(scene, tmp_path):
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
    with pytest.raises(RuntimeError, match="volumes"):
        parameters.connectGui(ui)
    scene.RemoveNode(node)
    del form, other
