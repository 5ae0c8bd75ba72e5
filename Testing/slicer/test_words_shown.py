"""The panel speaks in words, and its verdict is readable in a dark and in a light style."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.slicer
CODE = re.compile(r"\w_\w|\bsex [01]\b|\bsmoking [01]\b")


@pytest.fixture
def answered(loaded, installed_result, tmp_path):
    """The panel with a real result."""
    import shutil

    from DMDPPredictorLib.Results import readResult

    panel, parameters = loaded
    shutil.copytree(installed_result, tmp_path / "kept" / "result")
    panel.results.expect(parameters)
    panel.results.show(readResult(tmp_path / "kept" / "result"))
    panel.refresh()
    return panel


def _shown(panel) -> dict[str, str]:
    """All text of the panel: labels, buttons, lists and rich text without its marks; file paths are the user's."""
    import ctk
    import qt

    said = {}
    for name, widget in vars(panel.ui).items():
        if isinstance(widget, qt.QTextBrowser):
            said[name] = widget.plainText
        elif isinstance(widget, qt.QComboBox):
            said[name] = "\n".join(widget.itemText(i) for i in range(widget.count))
        elif isinstance(widget, qt.QLabel | qt.QAbstractButton | ctk.ctkCollapsibleButton):
            said[name] = re.sub(r"<[^>]+>", " ", widget.text)
    said["prevalence"] = "\n".join(label.text for label in panel.ui.prevalencePlace.findChildren(qt.QLabel))
    return said


def test_the_panel_shows_no_code_names(answered):
    said = _shown(answered)
    assert len(said) > 40
    found = {name: CODE.findall(text) for name, text in said.items() if CODE.search(text)}
    assert not found
    answer = said["answerBrowser"]
    for words in (
        "sex female",
        "age 61 years",
        "SUVmax",
        "SUVpeak",
        "Lesion: automatic, on PET",
        "at SUV 4: ",
        "stack of SUVmax",
    ):
        assert words in answer, words
    assert re.search(r"SUVmax \d+\.\d g/ml", answer)


def test_the_rules_that_draw_a_contour_have_names(answered):
    panel = answered
    combo = panel.ui.methodComboBox
    combo.setCurrentText("at 41 % of the maximum")
    parameters = panel.logic.getParameterNode()
    assert parameters.method == "pet41", "scenes keep the code"
    parameters.method = "suv2.5"
    assert combo.currentText == "at SUV 2.5"
    panel.enter()
    assert combo.currentText == "at SUV 2.5"


@pytest.mark.parametrize(("window", "style"), [("#ffffff", "light"), ("#efefef", "light"), ("#323232", "dark")])
def test_the_verdict_has_the_colour_of_the_style(answered, window, style):
    """Slicer's own styles set the application's palette; the next refresh follows."""
    import qt
    from dmdp.words import COLOURS

    before = qt.QApplication.palette()
    palette = qt.QPalette(before)
    palette.setColor(qt.QPalette.Window, qt.QColor(window))
    try:
        qt.QApplication.setPalette(palette)
        qt.application.processEvents()
        answered.refresh()
        assert f"color:{COLOURS[style]['caution']}" in answered.ui.verdictLabel.text
        assert "Caution" in answered.ui.verdictLabel.text
    finally:
        qt.QApplication.setPalette(before)


def test_models_and_trained_bundles_are_described_in_words(answered, project):
    from DMDPTrainingLib.ResultText import bundleText

    assert "from SUVmax, SUVpeak" in answered.ui.modelCardLabel.text
    text = re.sub(r"<[^>]+>", " ", bundleText(project / "Resources/Models/published-pet-clinical"))
    assert not CODE.search(text)


def test_every_kind_of_answer_has_its_words(answered):
    from dataclasses import replace

    from dmdp.endpoints.answers import NoAnswer
    from dmdp.endpoints.ordinal import OrdinalAnswer
    from DMDPPredictorLib.ResultText import answerText

    prediction = answered.results.result.prediction
    binary = prediction.tasks["EGFR"]
    own = {"title", "positive", "negative", "probability", "interval", "set", "prevalence", "adjusted", "events"}
    common = {key: value for key, value in vars(binary).items() if key not in own}
    ordinal = OrdinalAnswer(
        title="PD-L1",
        classes=("<1 %", "1–49 %", "≥50 %"),
        probabilities=(0.2, 0.5, 0.3),
        intervals=((0.1, 0.3), (0.4, 0.6), (0.2, 0.4)),
        set=("1–49 %", "≥50 %"),
        counts=(40, 50, 60),
        **common,
    )
    answers = {"PDL1": ordinal, "KRAS": NoAnswer("KRAS mutation", "Nobody knows.")}
    text = answerText(replace(prediction, tasks=answers), {})
    for words in ("&lt;1 %", "<b>0.50</b> (0.40 – 0.60)", "<b>1–49 % or ≥50 %</b>", "60 of ≥50 %", "No answer. Nobody knows."):
        assert words in text, words
    answered.results._sliders.offer(answers)
    assert answered.results._sliders.adjusted("PDL1", ordinal) is None
