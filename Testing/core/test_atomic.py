"""Results are whole or absent, and take the place of nothing that is not theirs."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dmdp.atomic import BUNDLE, EXPORT, PREDICTION, is_result, locked, new_file, put_file, result_folder, write_file
from dmdp.atomic import renaming as patience
from dmdp.atomic.lock import lock_name
from dmdp.errors import OutputError


def make(target, text="1", images="A", kind=PREDICTION, **options):
    with result_folder(target, kind, **options) as aside:
        aside.made_from({"ct": images})
        (aside.folder / "pictures").mkdir()
        (aside.folder / "pictures" / "axial.png").write_text(text)
        (aside.folder / "answer.txt").write_text(text)
        (aside.folder / kind.marker).write_text(json.dumps({"schema": 1}))


def said(target):
    return (target / "answer.txt").read_text()


def refusal(*words, **options) -> str:
    with pytest.raises(OutputError) as caught:
        make(*words, **options)
    assert caught.value.exit_code == 3
    return caught.value.code


def tree(folder: Path) -> dict:
    """Everything below a folder, links by where they lead."""
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def test_a_result_appears_when_it_is_done(tmp_path):
    target = tmp_path / "Ergebnis ü" / "out"
    with result_folder(target, PREDICTION) as aside:
        aside.made_from({})
        (aside.folder / "job.json").write_text("{}")
        assert not target.exists()
    assert [p.name for p in target.iterdir()] == ["job.json"]
    assert [p.name for p in target.parent.iterdir()] == ["out"]
    assert is_result(target, PREDICTION)


def test_a_failure_leaves_nothing_or_the_former_result(tmp_path):
    target = tmp_path / "deep" / "out"
    for _ in range(2):
        with pytest.raises(RuntimeError), result_folder(target, PREDICTION) as aside:
            (aside.folder / "half").write_text("x")
            raise RuntimeError
        assert not list(tmp_path.iterdir())
    make(target, "first")
    with pytest.raises(KeyboardInterrupt), result_folder(target, PREDICTION):
        raise KeyboardInterrupt
    assert said(target) == "first"
    make(target, "second")
    assert said(target) == "second"
    assert [p.name for p in target.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["job.json", "manifest.json", "export.json", "simulated.txt", "simulated.json"])
@pytest.mark.parametrize("content", ["{}", "x", '{"schema": 1, "command": "predict", "arguments": {}}', "[1]", '{"written": {}}'])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_a_file_of_a_markers_name_is_not_ours(tmp_path, name, content, overwrite):
    study = tmp_path / "study"
    (study / "ct").mkdir(parents=True)
    (study / "ct" / "0001.dcm").write_bytes(b"voxels")
    (study / name).write_text(content)
    before = tree(tmp_path)
    for kind in (PREDICTION, EXPORT, BUNDLE):
        assert refusal(study, kind=kind, overwrite=overwrite) in ("output.exists", "output.former")
    assert tree(tmp_path) == before


def test_a_marker_of_a_former_version_is_refused_with_that_word(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "job.json").write_text('{"schema": 1, "command": "predict", "arguments": {}, "out": null}')
    with pytest.raises(OutputError, match="former version"):
        make(out)


@pytest.mark.parametrize("where", [".", "pictures", "new"])
def test_a_stranger_in_a_result_is_never_lost(tmp_path, where):
    out = tmp_path / "out"
    make(out, "first")
    (out / where).mkdir(exist_ok=True)
    (out / where / "letter.odt").write_text("Dear colleague")
    before = tree(tmp_path)
    for options in ({}, {"overwrite": True}):
        with pytest.raises(OutputError, match=r"letter\.odt"):
            make(out, "second", **options)
    assert tree(tmp_path) == before


def test_what_was_changed_by_hand_is_a_stranger_too(tmp_path):
    out = tmp_path / "out"
    make(out, "first")
    (out / "answer.txt").write_text("FIRST")  # of the same size
    assert refusal(out, "second", overwrite=True) == "output.exists"
    (out / "answer.txt").write_text("first")
    (out / "job.json").write_text((out / "job.json").read_text().replace('"schema": 1', '"schema": 2'))
    assert refusal(out, "second") == "output.exists"


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_links_folders_and_pipes_are_strangers(tmp_path, kind):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.doc").write_text("years")
    out = tmp_path / "out"
    make(out, "first")
    (out / "answer.txt").unlink()
    if kind == "link":
        (out / "answer.txt").symlink_to(precious / "thesis.doc")
    elif kind == "folder":
        (out / "empty").mkdir()
    else:
        os.mkfifo(out / "answer.txt")
    assert refusal(out, "second") == "output.exists"
    assert (precious / "thesis.doc").read_text() == "years"


def test_what_file_managers_leave_is_no_stranger(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".DS_Store").write_bytes(b"x")
    make(out, "first")
    for path in (".DS_Store", "Thumbs.db", "pictures/desktop.ini"):
        (out / path).write_bytes(b"x")
    make(out, "second")
    assert said(out) == "second"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_result_of_other_images_is_kept_unless_told(tmp_path):
    out = tmp_path / "out"
    make(out, "of A", images="A")
    assert refusal(out, "of B", images="B") == "output.other"
    assert said(out) == "of A"
    make(out, "of B", images="B", overwrite=True)
    assert said(out) == "of B"
    assert refusal(out, "export", kind=EXPORT, overwrite=True) == "output.exists"


def test_output_and_input_lie_apart(tmp_path):
    study = tmp_path / "study"
    (study / "ct").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(study, target_is_directory=True)
    for out, given in ((study / "out", study), (study, study / "ct"), (study, study), (link / "out", study), (study / "o", link)):
        assert refusal(out, inputs=[given], overwrite=True) == "output.input"
    assert tree(study) == {"ct": None}


def test_the_second_process_is_refused_and_the_first_one_unharmed(tmp_path):
    out = tmp_path / "out"
    script = (
        "import sys; from dmdp.atomic import *\n"
        "from dmdp.errors import OutputError\n"
        "try:\n"
        f"    with result_folder({str(out)!r}, PREDICTION) as aside: pass\n"
        "except OutputError as error: print(error.code, error)\n"
    )
    with result_folder(out, PREDICTION) as aside:
        aside.made_from({})
        (aside.folder / "job.json").write_text("{}")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert done.stdout.startswith("output.busy"), done
        assert f"process {os.getpid()}" in done.stdout
        assert refusal(out) == "output.busy"  # likewise within one process
    assert [p.name for p in out.iterdir()] == ["job.json"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


KILLED = """
import json, os, sys
from pathlib import Path
from dmdp.atomic import *
from dmdp.atomic import folder
real, at, count = folder.rename, int(sys.argv[2]), 0
def rename(a, b):
    global count
    if count == at:
        os._exit(9)
    count += 1
    real(a, b)
folder.rename = rename
with result_folder(sys.argv[1], EXPORT, keep_others=True) as aside:
    aside.made_from({"ct": "A"})
    (aside.folder / "answer.txt").write_text("second")
    (aside.folder / "export.json").write_text("{}")
os._exit(9)
"""


@pytest.mark.parametrize("at", range(4))
def test_a_kill_between_the_renames_is_mended(tmp_path, at):
    """The old folder is moved, what others put into it, then the new one; then the old one goes."""
    out = tmp_path / "out"
    make(out, "first", kind=EXPORT)
    (out / "letter.odt").write_text("Dear colleague")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", KILLED, str(out), str(at)], env=environment).returncode == 9
    with pytest.raises(RuntimeError), result_folder(out, EXPORT, keep_others=True):
        raise RuntimeError  # even a run that fails puts it right
    assert said(out) == ("second" if at == 3 else "first")
    assert (out / "letter.odt").read_text() == "Dear colleague"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_what_is_planted_is_never_restored(tmp_path):
    for name in (".out.old", ".out.partial", ".dmdp-0123456789abcdef.former"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "job.json").write_text("{}")
    before = tree(tmp_path)
    with pytest.raises(RuntimeError), result_folder(tmp_path / "out", PREDICTION):
        raise RuntimeError
    assert tree(tmp_path) == before


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("years")
    (tmp_path / lock_name(tmp_path / "out")).symlink_to(tmp_path / "precious")
    assert refusal(tmp_path / "out") == "output.busy"
    assert (tmp_path / "precious").read_text() == "years"


@pytest.mark.parametrize("refused_at", [0, 1])
def test_a_rename_that_is_refused_leaves_everything_there(tmp_path, monkeypatch, refused_at):
    """As on Windows, while a viewer holds a file of the folder open."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.3)
    out, calls, real = tmp_path / "out", [], os.rename
    make(out, "first")

    def rename(source, target):
        calls.append(source)
        held = Path(source) == out if refused_at == 0 else Path(target) == out and str(source).endswith("partial")
        if held:
            raise PermissionError(errno.EACCES, "The process cannot access the file", str(source))
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(OutputError) as caught:
        make(out, "second")
    assert caught.value.code == "output.unwritable"
    assert len(calls) > 2
    assert said(out) == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    tries = iter(range(3))

    def later(source, target):
        if next(tries, None) is not None:
            raise PermissionError(errno.EACCES, "held", str(source))
        real(source, target)

    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 4.0)
    monkeypatch.setattr(os, "rename", later)
    make(out, "second")
    assert said(out) == "second"


def test_what_cannot_be_put_back_is_put_back_by_the_next_run(tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.1)
    out, real = tmp_path / "out", os.rename
    make(out, "first")

    def rename(source, target):
        if Path(target) == out:
            raise PermissionError(errno.EACCES, "held", str(source))
        real(source, target)

    with monkeypatch.context() as held:
        held.setattr(os, "rename", rename)
        assert refusal(out, "second") == "output.held"
    assert any(path.name.endswith(".former") for path in tmp_path.iterdir())
    with pytest.raises(RuntimeError), result_folder(out, PREDICTION):
        raise RuntimeError
    assert said(out) == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_foreign_files_are_never_deleted(tmp_path):
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(OutputError, match="not a result"):
        make(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        make(tmp_path / "file")
    with pytest.raises(OutputError):
        make(tmp_path / "file" / "below")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    assert refusal(tmp_path / "nowhere") == "output.link"
    assert (tmp_path / "thesis.doc").exists()


def test_a_single_file(tmp_path):
    write_file(tmp_path / "a" / "b.txt", b"1")
    with pytest.raises(OutputError):
        write_file(tmp_path / "a", b"2")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"1"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_file_is_never_written_through_a_link(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("years")
    for name in (".f.csv.partial", ".partial-f.csv", "f.csv"):  # former names of temporary files, and the file itself
        (tmp_path / name).symlink_to(precious)
    write_file(tmp_path / "f.csv", b"new")
    with new_file(tmp_path / "f.csv") as made:
        made.write_bytes(b"newer")
    assert precious.read_text() == "years"
    assert (tmp_path / "f.csv").read_bytes() == b"newer"
    assert not (tmp_path / "f.csv").is_symlink()


def put(path, content, **options):
    with put_file(path, **options) as made:
        made.write_bytes(content)


def test_a_file_that_a_person_names_is_replaced_only_if_told(tmp_path):
    out = tmp_path / "f.csv"
    put(out, b"1")
    put(out, b"1")  # the very same
    with pytest.raises(OutputError) as caught:
        put(out, b"2")
    assert (caught.value.code, out.read_bytes()) == ("output.exists", b"1")
    put(out, b"2", overwrite=True)
    assert out.read_bytes() == b"2"
    with pytest.raises(OutputError) as caught:
        put(out, b"3", overwrite=True, inputs=[out])
    assert (caught.value.code, out.read_bytes()) == ("output.input", b"2")
    (tmp_path / "link.csv").symlink_to(out)
    with pytest.raises(OutputError):
        put(tmp_path / "link.csv", b"2")
    put(tmp_path / "link.csv", b"4", overwrite=True)
    assert out.read_bytes() == b"2"
    with pytest.raises(OutputError):
        put(tmp_path, b"5", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.csv", "link.csv"]


def test_a_lock_is_let_go_of(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "x"):
            assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_cleared_away_is_the_next_runs(tmp_path, monkeypatch):
    target = tmp_path / "table.csv"
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", lambda *_, **__: None)  # no more open files
        with pytest.raises(RuntimeError), put_file(target) as made:
            made.write_bytes(b"half")
            raise RuntimeError
    assert any(path.name.endswith(".partial") for path in tmp_path.iterdir())
    with put_file(target) as made:
        made.write_bytes(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
