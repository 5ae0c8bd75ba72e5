"""Export from the panel and the console: what cannot be written costs its own format, and is said in words that fit Slicer."""

from __future__ import annotations

import shutil

import pytest

from .conftest import plain, wait
from .test_panel_tools import shown  # noqa: F401 (a fixture)

pytestmark = pytest.mark.slicer


@pytest.fixture
def without_reportlab(broken_import):
    """A child process in which reportlab is there and cannot be imported, as after an interrupted installation."""
    broken_import("reportlab", "damaged")


@pytest.fixture
def result(app, installed_result):
    from DMDPPredictorLib.Results import readResult

    return readResult(installed_result)


def test_the_console_example_writes_what_it_can(logic, result, tmp_path, without_reportlab):
    written = logic.exportReport(result, tmp_path / "report", ("html", "pdf", "csv", "seg", "sr"))
    assert {path.name for path in written} == {"report.html", "features.csv", "ct_features.csv"}
    assert all(path.is_file() for path in written)
    assert len(written) == 3
    assert set(written.notWritten) == {"pdf", "seg", "sr"}
    assert "slicer.util.pip_install('reportlab')" in written.notWritten["pdf"].remedy
    assert "dmdp[" not in written.text()
    assert "no DICOM series" in written.notWritten["sr"].found


def test_where_nothing_can_be_written_it_says_why_and_leaves_nothing(logic, result, tmp_path, without_reportlab):
    from dmdp.errors import DmdpError

    with pytest.raises(DmdpError, match="reportlab"):
        logic.exportReport(result, tmp_path / "report", ("pdf",))
    with pytest.raises(DmdpError, match="no DICOM series"):
        logic.exportReport(result, tmp_path / "report", ("seg", "map"))
    with pytest.raises(DmdpError, match="'docx' is no export format"):
        logic.exportReport(result, tmp_path / "report", ("docx", "html"))
    assert not (tmp_path / "report").exists()


def test_the_scene_leaves_though_the_rest_cannot(logic, result, scene, tmp_path, without_reportlab):
    written = logic.exportReport(result, tmp_path / "report", ("pdf", "scene"))
    assert [path.name for path in written] == ["scene.mrb"]
    assert set(written.notWritten) == {"pdf"}
    again = logic.exportReport(result, tmp_path / "report", ("scene", "html"))
    assert [path.name for path in again] == ["report.html", "scene.mrb"]


def test_a_folder_of_others_stays_as_it_was(logic, result, scene, tmp_path):
    from dmdp.errors import DmdpError

    others = tmp_path / "others"
    others.mkdir()
    for name in ("scene.mrb", "report.html", "letter.odt"):
        (others / name).write_text(name, encoding="utf-8")
    for formats in (("html",), ("scene",), ("html", "scene")):
        with pytest.raises(DmdpError, match="exists"):
            logic.exportReport(result, others, formats)
        assert {path.name: path.read_text(encoding="utf-8") for path in others.iterdir()} == {
            name: name for name in ("scene.mrb", "report.html", "letter.odt")
        }
    assert {path.name for path in tmp_path.iterdir()} == {"others"}


def test_in_an_earlier_export_only_its_own_files_are_replaced(logic, result, scene, tmp_path):
    out = tmp_path / "report"
    logic.exportReport(result, out, ("html",))
    (out / "scene.mrb").write_text("of another hand", encoding="utf-8")
    written = logic.exportReport(result, out, ("json", "scene"))
    assert [path.name for path in written] == ["prediction.json"]
    assert "scene.mrb" in written.notWritten["scene"].found
    assert {path.name for path in out.iterdir()} == {"prediction.json", "export.json", "scene.mrb"}
    assert (out / "scene.mrb").read_text(encoding="utf-8") == "of another hand"


def test_the_panel_says_in_one_line_what_was_not_written(without_reportlab, shown, tmp_path, monkeypatch):  # noqa: F811
    import DMDPPredictorLib.ExportPanel as ExportPanel

    panel, _ = shown
    offered = []
    monkeypatch.setattr(ExportPanel, "offerPackages", lambda names, *paths: offered.append(names))
    for name, box in panel.exports._boxes.items():
        box.checked = name in ("pdf", "json")
    panel.exports.export(tmp_path)
    wait(lambda: not panel.exports.job.running)
    assert offered == [{"reportlab"}], "what the chosen formats need, and nothing else"
    said = plain(panel.ui.exportMessage)
    assert "Exported to" in said
    assert "Not written: report for reading and printing (PDF)." in said
    assert "slicer.util.pip_install('reportlab')" in said
    assert (tmp_path / "DMDP-result" / "prediction.json").exists()


def test_a_result_without_a_network_offers_no_maps(panel, scene, simulated_study, dicomDatabase, installed_result, tmp_path):
    from dmdp.intake.load import load_pair
    from DMDPPredictorLib.Export import exportObstacle
    from DMDPPredictorLib.Results import readResult

    from .conftest import addVolume

    _patient, folder = simulated_study
    pair = load_pair(folder, folder)
    nodes = []
    for name, volume in (("ct", pair.ct), ("pet", pair.pet)):
        nodes.append(addVolume(scene, volume, name))
        nodes[-1].SetAttribute("DICOM.instanceUIDs", " ".join(dicomDatabase(folder / name)))
    result = readResult(installed_result)
    assert exportObstacle("sr", *nodes, result) is None
    assert "Predict again with a network" in str(exportObstacle("map", *nodes, result))
    written = panel.logic.exportReport(result, tmp_path / "out", ("seg", "sr", "map"), *nodes)
    assert {path.suffix for path in written} == {".dcm"}
    assert set(written.notWritten) == {"map"}


def test_messages_go_beside_the_button(shown, tmp_path):  # noqa: F811
    panel, _ = shown
    for name, box in panel.exports._boxes.items():
        box.checked = name == "json"
    panel.exports.export(tmp_path)
    wait(lambda: not panel.exports.job.running)
    assert "Exported to" in panel.ui.exportMessage.text
    assert not panel.ui.messageLabel.text


def test_a_file_that_the_result_lost_costs_its_format(logic, installed_result, tmp_path):
    from DMDPPredictorLib.Results import readResult

    folder = shutil.copytree(installed_result, tmp_path / "result")
    (folder / "report.html").unlink()
    written = logic.exportReport(readResult(folder), tmp_path / "out", ("html", "json"))
    assert [path.name for path in written] == ["prediction.json"]
    assert "lacks 'report.html'" in written.notWritten["html"].found
