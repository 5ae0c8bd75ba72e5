"""A run folder belongs to one process at a time, and what a kill left lying in it goes at the next run."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest
from dmdp.atomic import is_lock
from dmdp.errors import Cancelled, MissingPackage, OutputError
from dmdp_training.networks import train_network
from dmdp_training.runs.store import open_run, running

KILLED = """
import os, sys
from dmdp.atomic import file
from dmdp_training.runs.store import open_run, running
real = file.replace
def replace(a, b):
    if os.path.basename(b) == "piece.json":
        os._exit(9)
    real(a, b)
file.replace = replace
with running(sys.argv[1]):
    folder = open_run(sys.argv[1], {"plan": 1})
    file.write_file(folder / "pieces" / "piece.json", b"half")
"""


@pytest.mark.parametrize("error", [Cancelled(), MissingPackage("x", "y", "z"), OutputError("a", "b", "c", "d")])
def test_an_error_comes_back_from_another_process_as_it_is(error):
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), vars(back), str(back)) == (type(error), vars(error), str(error))


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_what_a_kill_left_goes_at_the_next_run(tmp_path):
    run = tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", KILLED, str(run)], env=environment).returncode == 9
    assert any(name.endswith(".partial") for name in names(run))
    with running(run):
        open_run(run, {"plan": 1})
        assert [name for name in names(run) if not is_lock(name)] == ["configuration.json"]
        with pytest.raises(OutputError) as caught, running(run):
            pass
        assert caught.value.code == "output.busy"
    assert names(run) == ["configuration.json"]


def test_nothing_is_written_through_a_link_in_a_run(tmp_path):
    (tmp_path / "precious").mkdir()
    run = tmp_path / "run"
    open_run(run, {"plan": 1})
    (run / "pieces").symlink_to(tmp_path / "precious", target_is_directory=True)
    with pytest.raises(OutputError, match="link"):
        open_run(run, {"plan": 1})


def test_a_place_that_cannot_be_written_is_told_before_the_training(tmp_path):
    (tmp_path / "file").write_text("x")
    said = []
    with pytest.raises(OutputError):
        train_network(tmp_path / "file" / "below", 1, 0, 1, lambda share, words: said.append(words))
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "manifest.json").write_text("{}")
    with pytest.raises(OutputError):
        train_network(tmp_path / "foreign", 1, 0, 1, lambda share, words: said.append(words), overwrite=True)
    assert not said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "foreign"]


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_temporary_folder_that_cannot_be_owned_is_not_left(tmp_path):
    code = (
        "import os, resource\n"
        "from dmdp.session import session_folder\n"
        "lowest = os.dup(0)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, lowest))\n"
        "try:\n    session_folder()\nexcept OSError:\n    os._exit(3)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 3
    assert not list(tmp_path.iterdir())
