"""Installing packages: one question, and no is an answer."""

from __future__ import annotations

import sys

import pytest

from .conftest import plain, wait

pytestmark = pytest.mark.slicer
NEEDED, WISHED = "no-such-package-of-dmdp", "another-package-of-nobody"


@pytest.fixture
def files(tmp_path):
    """A package that is needed and one that is wished for, neither of which anybody has."""
    for name, package in (("needed.txt", NEEDED), ("wished.txt", WISHED)):
        (tmp_path / name).write_text(f"{package}>=1\n", encoding="utf-8")
    return tmp_path / "needed.txt", tmp_path / "wished.txt"


@pytest.fixture
def user(app, monkeypatch):
    """``user(answers, broken)``: Slicer with a main window and a user who answers its questions so."""
    import DMDPPredictorLib.Packages as Packages
    import slicer
    from packaging_standin import Packaging

    def sit_down(answers, broken=()):
        packaging = Packaging(answers, broken)
        found = Packages._installed
        monkeypatch.setattr(Packages, "_installed", lambda wanted: wanted.name in packaging.present or found(wanted))
        monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
        monkeypatch.setattr(slicer, "packaging", packaging, raising=False)
        monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", packaging.confirm)
        monkeypatch.setattr(slicer._standin, "testingEnabled", lambda: False, raising=False)
        return packaging

    return sit_down


def test_no_is_an_answer(user, files):
    from dmdp.errors import DmdpError
    from DMDPPredictorLib.Packages import ensurePackages

    packaging = user([False, False])
    with pytest.raises(DmdpError) as refused:
        ensurePackages(*files)
    assert len(packaging.asked) == 1, "one question in one click"
    assert not packaging.installs
    assert NEEDED in refused.value.found
    assert "you chose not to" in refused.value.found
    assert "pip install" not in str(refused.value)
    assert "Press the button again" in refused.value.remedy


def test_the_question_names_what_will_be_installed(user, files):
    from DMDPPredictorLib.Packages import ensurePackages

    packaging = user([True])
    ensurePackages(*files)
    assert NEEDED in packaging.asked[0]
    assert WISHED in packaging.asked[0]
    assert packaging.installs == [[NEEDED, WISHED]]


def test_no_to_what_is_only_wished_for_stops_nothing(user, files):
    from DMDPPredictorLib.Packages import ensurePackages

    packaging = user([False, False])
    packaging.present.add(NEEDED)
    ensurePackages(*files)
    assert len(packaging.asked) == 1


def test_where_pip_fails_the_needed_ones_are_tried_without_asking_again(user, files):
    from DMDPPredictorLib.Packages import ensurePackages

    packaging = user([True], broken=[WISHED])
    ensurePackages(*files)
    assert packaging.installs == [[NEEDED, WISHED], [NEEDED]]
    assert len(packaging.asked) == 1


def test_where_pip_fails_altogether_it_says_so(user, files):
    from dmdp.errors import DmdpError
    from DMDPPredictorLib.Packages import ensurePackages

    packaging = user([True], broken=[NEEDED])
    with pytest.raises(DmdpError, match="returned non-zero exit status"):
        ensurePackages(*files)
    assert len(packaging.asked) == 1


def test_predict_asks_once_and_says_below_the_button_what_is_missing(user, files, loaded, monkeypatch):
    packaging = user([False, False])
    panel, _ = loaded
    monkeypatch.setattr(panel, "resourcePath", lambda name: str(files["more" in name]))
    panel.ui.predictButton.click()
    assert len(packaging.asked) == 1
    assert NEEDED in plain(panel.ui.messageLabel)
    assert not panel.job.running


def test_from_a_folder_of_wheels_it_asks_once_too(user, files, app, monkeypatch):
    import DMDPPredictorLib.Packages as Packages
    import slicer

    packaging, calls = user([True]), []
    monkeypatch.setattr(Packages, "wheelFolder", lambda: "/wheels")

    def pip(arguments):
        calls.append(arguments)
        packaging.present |= {NEEDED, WISHED}

    monkeypatch.setattr(slicer.util, "pip_install", pip, raising=False)
    Packages.ensurePackages(*files)
    assert len(packaging.asked) == 1
    assert calls[0][:5] == [f"{NEEDED}>=1", f"{WISHED}>=1", "--no-index", "--find-links", "/wheels"]


def test_after_an_installation_another_process_computes(panel, tmp_path, monkeypatch):
    """The one that runs may hold packages as they were before."""
    import DMDPPredictorLib.ModelPanel as ModelPanel

    panel.ui.checkModelButton.click()
    wait(lambda: "is sound" in panel.ui.modelMessage.text, 60)
    first = panel.logic.worker.process
    panel.ui.checkModelButton.click()
    wait(lambda: "is sound" in panel.ui.modelMessage.text, 60)
    assert panel.logic.worker.process is first
    monkeypatch.setattr(ModelPanel, "ensurePackages", lambda path: True)
    panel.ui.checkModelButton.click()
    wait(lambda: "is sound" in panel.ui.modelMessage.text, 60)
    assert panel.logic.worker.process is not first
