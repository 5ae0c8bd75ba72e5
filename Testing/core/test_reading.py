"""What a person names is read only where it is a regular file, at once and in words of our own."""

from __future__ import annotations

import os
import socket

import pytest
from dmdp.cli import _guarded, main
from dmdp.errors import DmdpError, InputError, UsageError
from dmdp.reading import check_regular, why

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture(params=["pipe", "socket", "link to a device"])
def odd(request, tmp_path, monkeypatch):
    """``odd(name)`` makes what is no regular file under a name in the current folder."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short

    def make(name: str):
        if request.param == "pipe":
            os.mkfifo(name)
        elif request.param == "socket":
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(name)
        else:
            os.symlink("/dev/zero", name)
        return f"./{name}"

    return make


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("p.yaml", ("features", "--ct", ".", "--pet", ".", "--seed", "1,1,1", "--out", "f.csv", "--profile")),
        ("p.json", ("features", "--ct", ".", "--pet", ".", "--seed", "1,1,1", "--out", "f.csv", "--profile")),
        ("m.nii.gz", ("delineate", "--pet-is-suv", "--seed", "1,1,1", "--out", "o.nii.gz", "--pet")),
        ("m.zip", ("bundle", "show")),
        ("c.csv", ("batch", "--out", "o")),
        ("c.csv", ("validate", "contours", "--out", "o.csv", "--cohort")),
        ("x.dcm", ("suv",)),
        ("j.json", ("run-job",)),
    ],
    ids=lambda v: v if isinstance(v, str) else v[0],
)
def test_no_command_waits_for_a_pipe_or_reads_a_device(odd, capsys, name, words):
    given = odd(name)
    code = main([*words, "." if name == "x.dcm" else given])
    shown = "".join(capsys.readouterr())
    assert code in (2, 3, 4)
    assert "Errno" not in shown
    assert "unforeseen" not in shown


@pytest.mark.parametrize("name", ["job.json", "prediction.json"])
def test_no_export_waits_for_a_pipe_in_a_result(tmp_path, capsys, name):
    os.mkfifo(tmp_path / name)
    assert main(["export", str(tmp_path), "--out", str(tmp_path.parent / "exported")]) == 3
    assert "not a result" in capsys.readouterr().err


def test_a_device_is_no_file_to_replace_and_is_not_said_to_be(tmp_path, simulated_study, capsys):
    os.mkfifo(tmp_path / "o.nii.gz")
    words = (
        "delineate",
        "--pet",
        str(simulated_study[1]),
        "--seed",
        "94,22,18",
        "--out",
        str(tmp_path / "o.nii.gz"),
        "--overwrite",
    )
    assert main([*words, "--out", str(tmp_path / "o.nii.gz")]) == 3
    shown = capsys.readouterr().err
    assert "no plain file" in shown
    assert "--overwrite" not in shown


def test_no_text_of_a_library_is_in_an_unforeseen_error():
    def work():
        raise RuntimeError("itk::ERROR of Doe^Jane at 0x55a51a86c2b0")

    error = _guarded(work)
    assert "Jane" not in str(error)
    assert error.found.startswith("An unforeseen error: RuntimeError at line ")


@pytest.mark.parametrize("text", ["{", "setting:\n  - [", "\x00"])
def test_why_a_text_is_none_is_said_without_the_parsers_words(tmp_path, text):
    from dmdp.jobs.job import read_job
    from dmdp.radiomics.parameters import read_parameters

    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(InputError, match=r"\((line \d+ is no YAML|it is no YAML)\)"):
        read_parameters(tmp_path / "x.yaml")
    with pytest.raises(UsageError, match=r"\(line 1 is no JSON\)"):
        read_job(tmp_path / "x.yaml")


def test_links_to_regular_files_are_read(tmp_path):
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").symlink_to("a")
    check_regular(tmp_path / "b")
    with pytest.raises(OSError, match="no regular file") as refused:
        check_regular(tmp_path)
    assert why(refused.value) == "it is no regular file"
    assert isinstance(_guarded(lambda: check_regular(tmp_path)), DmdpError)
