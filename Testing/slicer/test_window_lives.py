"""The window goes on while the worker reads, converts, outlines, measures and predicts; and it survives what the worker does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from .conftest import addVolume, placePoint, propose, wait

pytestmark = pytest.mark.slicer
HERE = Path(__file__).parent
FRESH = HERE / "fresh_process.py"
ALONE = (sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:xdist", "-p", "no:cacheprovider")


def _withoutXdist() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}


def test_in_a_fresh_process_the_click_path_imports_nothing_heavy_and_never_stands_still(simulated_study, tmp_path):
    """Other tests have imported everything already, so the path runs alone: see fresh_process.py."""
    done = subprocess.run(
        [*ALONE, f"--basetemp={tmp_path / 'alone'}", f"{FRESH}::test_click_path"],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=HERE.parents[1],
        env=_withoutXdist(),
    )
    print(done.stdout[-2000:])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_a_point_that_is_placed_too_early_says_so_and_is_used_when_it_can_be(panel, scene, simulated_study):
    """Before it is known whether the PET is in SUV; the words stand below the point, not far below Predict."""
    patient, _ = simulated_study
    ui, parameters = panel.ui, panel.logic.getParameterNode()
    parameters.ct, parameters.pet = addVolume(scene, patient.ct, "CT"), addVolume(scene, patient.pet, "PET")
    parameters.seed = placePoint(scene, (0.0, 0.0, 0.0))
    parameters.seed.RemoveAllControlPoints()
    assert ui.lesionMessage.isHidden()
    parameters.seed.AddControlPointWorld(-patient.seed_lps[0], -patient.seed_lps[1], patient.seed_lps[2])
    assert "not known whether the PET is in SUV" in ui.lesionMessage.text
    assert not ui.lesionMessage.isHidden()
    assert not ui.messageLabel.text
    ui.suvCheckBox.setChecked(True)
    wait(lambda: parameters.segmentation is not None, 20)
    assert "SUV" not in ui.lesionMessage.text


def test_what_goes_wrong_at_the_point_is_said_below_it(loaded):
    panel, parameters = loaded
    parameters.seed.RemoveAllControlPoints()
    parameters.seed.AddControlPointWorld(5000.0, 0.0, 0.0)
    wait(lambda: not panel.proposal.job.running)
    assert "outside the PET" in panel.ui.lesionMessage.text
    assert not panel.ui.messageLabel.text


def test_a_pet_that_cannot_be_converted_is_said_when_it_is_chosen(panel, scene, simulated_study, dicomDatabase, tmp_path):
    import pydicom
    from dmdp.intake.load import load_pet

    _patient, study = simulated_study
    pet = addVolume(scene, load_pet(study / "pet").pet, "PET")
    (tmp_path / "pet").mkdir()
    for path in sorted((study / "pet").glob("*.dcm")):
        header = pydicom.dcmread(path)
        del header.PatientWeight
        header.save_as(tmp_path / "pet" / path.name)
    pet.SetAttribute("DICOM.instanceUIDs", " ".join(dicomDatabase(tmp_path / "pet")))
    panel.logic.getParameterNode().pet = pet
    wait(lambda: "PatientWeight" in panel.ui.imagesMessage.text, 20)
    assert panel.ui.suvStatusLabel.text == "cannot be converted to SUV"


def test_the_converted_pet_carries_its_factor(panel, scene, simulated_study, dicomDatabase):
    from dmdp.intake.load import load_pet
    from DMDPPredictorLib.PetSource import suvFactor

    _patient, study = simulated_study
    loaded = load_pet(study / "pet")
    pet = addVolume(scene, loaded.pet, "PET")
    pet.SetAttribute("DICOM.instanceUIDs", " ".join(dicomDatabase(study / "pet")))
    panel.logic.getParameterNode().pet = pet
    wait(lambda: suvFactor(pet) is not None, 20)
    assert suvFactor(pet) == loaded.suv_audit.factors["SUVbw"]
    assert "stored value ×" in panel.ui.suvStatusLabel.text


def test_images_that_are_not_dicom_are_copied_piece_by_piece_and_once(loaded, monkeypatch):
    from DMDPPredictorLib import SceneImages

    _panel, parameters = loaded
    monkeypatch.setattr(SceneImages, "PIECE_BYTES", 100_000)
    images = SceneImages.SceneImages()
    steps, given = _all(images.pet(parameters.pet))
    assert steps > 10
    assert given["pet_is_suv"]
    header = Path(given["pet"])
    raw = header.with_name("voxels.raw")
    import slicer

    array = slicer.util.arrayFromVolume(parameters.pet)
    np.testing.assert_array_equal(np.fromfile(raw, array.dtype).reshape(array.shape), array)
    again, same = _all(images.pet(parameters.pet))
    assert (again, same) == (0, given)
    array[0, 0, 0] += 1
    slicer.util.arrayFromVolumeModified(parameters.pet)
    steps, other = _all(images.pet(parameters.pet))
    assert steps > 10
    assert not raw.exists(), "of the former voxels nothing is kept"
    assert other["pet"] != given["pet"]


def _all(prepared):
    steps = 0
    while True:
        try:
            next(prepared)
            steps += 1
        except StopIteration as done:
            return steps, done.value


def test_a_cancelled_prediction_leaves_the_former_answer(loaded, installed_result, tmp_path):
    import shutil

    from DMDPPredictorLib.Results import readResult

    panel, parameters = loaded
    propose(panel)
    panel.results.expect(parameters)
    panel.results.show(readResult(shutil.copytree(installed_result, tmp_path / "kept" / "result")))
    wait(lambda: not panel.results.loading)
    panel.refresh()
    before = panel.ui.answerBrowser.plainText
    assert before
    panel.ui.predictButton.click()
    wait(lambda: panel.job.running and panel.ui.progressBar.value > 0)
    assert panel.ui.answerBrowser.plainText == before
    panel.ui.predictButton.click()
    wait(lambda: not panel.job.running, 20)
    assert panel.ui.messageLabel.text.startswith("Cancelled.")
    assert "Expected" not in panel.ui.messageLabel.text
    assert panel.ui.answerBrowser.plainText == before
    assert (tmp_path / "kept" / "result" / "report.html").exists()
    assert panel.ui.reportButton.enabled


def test_a_crashed_worker_is_said_logged_and_replaced(loaded, caplog):
    panel, parameters = loaded
    propose(panel)
    first = panel.logic.worker.process
    panel.ui.predictButton.click()
    wait(lambda: panel.job.running and panel.ui.progressBar.value > 0)
    os.kill(first.pid, signal.SIGABRT)
    wait(lambda: not panel.job.running, 20)
    assert "log" in panel.ui.messageLabel.text
    assert panel.ui.predictButton.text == "Predict"
    parameters.seed.RemoveAllControlPoints()
    parameters.segmentation = None
    parameters.seed = placePoint(panel.logic.getParameterNode().pet.GetScene(), hottest(panel))
    propose(panel)
    assert parameters.segmentation is not None
    assert panel.logic.worker.process is not first


def hottest(panel):
    """The hottest voxel, RAS mm."""
    import slicer
    from DMDPPredictorLib.Nodes import geometryFromNode

    pet = panel.logic.getParameterNode().pet
    array = slicer.util.arrayFromVolume(pet)
    x, y, z = geometryFromNode(pet).to_lps(np.unravel_index(array.argmax(), array.shape))
    return (-x, -y, z)


def test_a_logic_that_is_let_go_of_lets_its_worker_go(app, simulated_study):
    """As somebody does who makes one after the other in the Python console."""
    from dmdp.jobs.job import write_job
    from dmdp.jobs.worker import ready
    from DMDPPredictorLib.Logic import DMDPPredictorLogic

    logic = DMDPPredictorLogic()
    logic.worker.run(ready(write_job(_folder(), "convert", {"pet": str(simulated_study[1])})))
    number = logic.worker.process.pid
    del logic
    end = time.monotonic() + 10
    while _lives(number):
        assert time.monotonic() < end, "the worker stays"
        time.sleep(0.05)


def _folder() -> Path:
    from dmdp.session import new_folder

    return new_folder("test")


def _lives(number) -> bool:
    try:
        return " Z " not in Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False


def test_an_unforeseen_error_of_the_worker_is_in_the_applications_log(loaded, caplog, monkeypatch, tmp_path):
    """What the worker printed about it would go with its folder."""
    from dmdp.errors import DmdpError
    from dmdp.jobs.job import write_job
    from dmdp.jobs.worker import ready

    panel, _ = loaded
    job = write_job(tmp_path, "maps", {"result": 5, "folder": str(tmp_path)})
    with pytest.raises(DmdpError, match="unforeseen"):
        panel.logic.worker.run(ready(job))
    assert "Traceback" in caplog.text


def test_folders_of_a_program_that_was_killed_go_and_those_of_others_stay(tmp_path, monkeypatch):
    from dmdp import session

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code = "from dmdp.session import new_folder; print(new_folder('job'), flush=True); import time; time.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}

    def another():
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
        return process, Path(process.stdout.readline().strip()).parent

    killed, gone = another()
    living, stays = another()
    try:
        killed.kill()
        killed.wait()
        foreign = tmp_path / "dmdp-session-of-somebody"
        foreign.mkdir()
        (foreign / "thesis.txt").write_text("kept")
        linked = tmp_path / "dmdp-session-link"
        linked.symlink_to(stays)
        early = tmp_path / "dmdp-abcdef"
        early.mkdir()
        of_another_host = tmp_path / "dmdp-session-host"
        of_another_host.mkdir()
        (of_another_host / "owner.lock").touch()
        (of_another_host / "owner.json").write_text('{"program": "DMDP for 3D Slicer", "host": "elsewhere", "process": 1}')
        assert session.remove_abandoned(tmp_path) == (gone,)
        assert not gone.exists()
        for folder in (stays, foreign, linked, early, of_another_host):
            assert folder.exists(), folder
        assert (foreign / "thesis.txt").read_text() == "kept"
    finally:
        living.kill()
        living.wait()
    assert session.remove_abandoned(tmp_path) == (stays,)


def test_the_job_ends_when_the_application_is_killed(simulated_study, tmp_path):
    """A second application predicts and is killed: neither its worker nor its folder is left."""
    done = subprocess.Popen(
        [*ALONE, f"--basetemp={tmp_path / 'alone'}", f"{FRESH}::test_predict"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[1],
        env={**_withoutXdist(), "TMPDIR": str(tmp_path), "DMDP_WAIT": "1"},
    )
    try:
        for line in done.stdout:
            if line.startswith("WORKER "):
                number, folder = line.split()[1:]
                break
    finally:
        done.kill()
        done.wait()
    end = time.monotonic() + 15
    while _lives(number):
        assert time.monotonic() < end, "the worker runs on"
        time.sleep(0.1)
    assert not Path(folder).exists()
