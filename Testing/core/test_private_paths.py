"""Folders often bear the names of patients: neither results, exports nor messages tell more of a path than they must."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys

import pytest
from dmdp.atomic import PREDICTION, check_apart, check_place
from dmdp.bundles.bundle import read_bundle
from dmdp.dicom.series import choose, discover
from dmdp.errors import DmdpError, base_name
from dmdp.images.files import read_volume
from dmdp.jobs.job import Job, read_job
from dmdp.radiomics.profile import read_profile
from dmdp.report.export import export_result
from dmdp.resources import find_bundle
from dmdp.results.layout import ORIGIN, PRIVATE
from dmdp.results.origin import read_origin, write_origin

NAME = "Doe_Jane"


def job_of(folder, elsewhere) -> Job:
    return Job(
        "predict",
        {
            "ct": str(folder / "ct"),
            "pet": {"files": [str(elsewhere / NAME / "1.dcm")], "moved": None},
            "mask": {"shape": [1, 1, 1], "bits": "AA=="},
            "model": ["published-pet-clinical", str(elsewhere / NAME / "own.zip")],
            "age": 61,
        },
        str(folder / "result"),
    )


@pytest.fixture
def made(tmp_path):
    """The folder of a result whose CT lies beside it, and whose PET and model lie elsewhere; and the job that made it."""
    study, aside = tmp_path / "study", tmp_path / "study" / "aside"
    aside.mkdir(parents=True)
    job = job_of(study, tmp_path)
    write_origin(aside, job, study / "result")
    return aside.rename(study / "result"), job


def test_what_lies_beside_is_named_and_what_lies_elsewhere_is_private(made):
    folder, job = made
    text = (folder / ORIGIN).read_text(encoding="utf-8")
    said = json.loads(text)
    assert said["arguments"] == {"ct": "../ct", "mask": job.arguments["mask"], "age": 61}
    assert said["private"] == ["model", "pet"]
    assert NAME not in text
    assert str(folder.parent) not in text
    if sys.platform != "win32":
        assert stat.S_IMODE((folder / PRIVATE).stat().st_mode) == 0o600
    assert read_origin(folder) == job


def test_a_moved_study_is_found_where_it_is_now(made, tmp_path):
    folder, job = made
    folder.parent.rename(tmp_path / "moved")
    found = read_origin(tmp_path / "moved" / "result").arguments
    assert found["ct"] == str(tmp_path / "moved" / "ct")
    assert found["pet"] == job.arguments["pet"]


def test_a_result_without_its_private_file_still_tells_the_rest(made):
    folder, _ = made
    (folder / PRIVATE).unlink()
    assert set(read_origin(folder).arguments) == {"ct", "mask", "age"}


def test_relative_paths_hold_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "result").mkdir()
    monkeypatch.chdir(tmp_path)
    write_origin(tmp_path / "result", Job("predict", {"ct": "ct", "pet": os.path.join("..", "pet")}), tmp_path / "result")
    monkeypatch.chdir("/")
    assert read_origin(tmp_path / "result").arguments == {"ct": str(tmp_path / "ct"), "pet": str(tmp_path.parent / "pet")}


@pytest.mark.parametrize("content", [None, "[", "{}", '{"schema": 1}', '{"schema": 9, "command": "predict"}'])
def test_what_tells_nothing_is_refused(content, tmp_path):
    if content is not None:
        (tmp_path / ORIGIN).write_text(content, encoding="utf-8")
    with pytest.raises(DmdpError, match="does not tell how it was made"):
        read_origin(tmp_path)


def test_no_export_takes_a_path_along(predicted, simulated_study, tmp_path):
    if sys.platform != "win32":
        assert stat.S_IMODE((predicted / PRIVATE).stat().st_mode) == 0o600
    export_result(predicted, tmp_path / "out", ["html", "json", "csv"])
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"export.json", "report.html", "prediction.json", "features.csv", "ct_features.csv"}
    for path in (tmp_path / "out").iterdir():
        assert str(simulated_study[1].parent) not in path.read_text(encoding="utf-8")


def test_an_export_says_which_images_it_misses(predicted, dmdp_command, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(predicted, copy)
    (copy / PRIVATE).unlink()
    done = dmdp_command("export", copy, "--format", "seg", "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "The CT has no DICOM series that is known here" in done.stderr
    assert "--ct" in done.stderr


@pytest.mark.parametrize(
    "ask",
    [
        lambda folder: check_apart(folder / "ct" / "out", [folder / "ct"]),
        lambda folder: check_place(folder, PREDICTION, {}),
        lambda folder: read_job(folder / "no.json"),
        lambda folder: read_bundle(folder / "no"),
        lambda folder: find_bundle(folder / "no.zip"),
        lambda folder: discover(folder / "no"),
        lambda folder: discover(folder / "ct"),
        lambda folder: choose(discover(folder / "ct"), "CT"),
        lambda folder: read_volume(folder / "no.nrrd", "HU"),
        lambda folder: read_profile(folder / "no.json"),
        lambda folder: read_origin(folder / "ct"),
    ],
)
def test_a_message_names_the_last_part_of_a_path(ask, tmp_path):
    folder = tmp_path / NAME / "study"
    (folder / "ct").mkdir(parents=True)
    with pytest.raises(DmdpError) as refused:
        ask(folder)
    assert NAME not in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_a_base_name_is_never_empty():
    assert [base_name(path) for path in ("/a/b", "b/", ".", "/", "..")] == ["b", "b", ".", "/", ".."]
