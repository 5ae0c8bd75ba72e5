"""Results are whole or absent."""

from __future__ import annotations

import pytest
from dmdp.atomic import result_folder, write_file
from dmdp.errors import OutputError


def make(target, text="1"):
    with result_folder(target, marker="job.json") as folder:
        (folder / "job.json").write_text(text)


def test_a_result_appears_when_it_is_done(tmp_path):
    target = tmp_path / "Ergebnis ü" / "out"
    with result_folder(target, marker="job.json") as folder:
        (folder / "job.json").write_text("1")
        assert not target.exists()
    assert [p.name for p in target.iterdir()] == ["job.json"]
    assert [p.name for p in target.parent.iterdir()] == ["out"]


def test_a_failure_leaves_nothing_or_the_former_result(tmp_path):
    target = tmp_path / "out"
    for _ in range(2):
        with pytest.raises(RuntimeError), result_folder(target, marker="job.json") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError
        assert not list(tmp_path.iterdir())
    make(target, "first")
    with pytest.raises(KeyboardInterrupt), result_folder(target, marker="job.json"):
        raise KeyboardInterrupt
    assert (target / "job.json").read_text() == "first"
    make(target, "second")
    assert (target / "job.json").read_text() == "second"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_kill_between_the_renames_is_mended(tmp_path):
    target = tmp_path / "out"
    make(target, "first")
    target.rename(tmp_path / ".out.old")  # as a kill would leave it
    (tmp_path / ".out.partial").mkdir()
    make(target, "second")
    assert (target / "job.json").read_text() == "second"
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
    assert (tmp_path / "thesis.doc").exists()


def test_a_single_file(tmp_path):
    write_file(tmp_path / "a" / "b.txt", b"1")
    with pytest.raises(OutputError):
        write_file(tmp_path / "a", b"2")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"1"
