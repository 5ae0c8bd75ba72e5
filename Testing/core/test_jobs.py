"""Pieces give the same answers whoever does them; a run that is killed goes on; cancel ends what runs; names are checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dmdp.commands.options import executor_for
from dmdp.errors import Cancelled, InputError, MissingPackage, UsageError, error_from_json
from dmdp.jobs.child import launch
from dmdp.jobs.executor import Piece
from dmdp.jobs.executors import EXECUTORS, executor_of
from dmdp.jobs.functions import find_function, function_name, piece_function, shared_input, sharing
from dmdp.jobs.here import HERE
from dmdp.jobs.job import absolute, read_job, write_job
from dmdp.jobs.joblib_pool import Joblib
from dmdp.jobs.pieces import PIECES, run_pieces
from dmdp.jobs.processes import Processes

MODULE = '''
import os, signal, time
from pathlib import Path
from dmdp.errors import InputError
from dmdp.jobs.functions import piece_function, shared_input

@piece_function
def third(description, progress):
    progress(0.5, "dividing")
    table = shared_input("table", lambda: description["table"])
    return {"third": table[description["row"]] / 3, "text": "\\u00fc"}

@piece_function
def refuse(description, progress):
    raise InputError("test.refused", f"The row {description['row']}.", "another.", "Choose it.")

@piece_function
def die(description, progress):
    os.kill(os.getpid(), signal.SIGKILL)

@piece_function
def wait(description, progress):
    """Until it is cancelled, or, if it is stubborn, on."""
    Path(description["mark"]).write_text(str(os.getpid()))
    while True:
        try:
            progress(0.1, "waiting")
            time.sleep(0.05)
        except Exception:
            if not description["stubborn"]:
                Path(description["mark"]).unlink()
                raise
'''
NAME = "dmdp_test_pieces"
TABLE = [0.1, 2.0, 7.0, 1e-3]


@pytest.fixture(autouse=True)
def module(tmp_path_factory, monkeypatch):
    """A package beside ours that registers functions, as an extension of the program would."""
    folder = tmp_path_factory.mktemp("package")
    (folder / f"{NAME}.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
    monkeypatch.syspath_prepend(str(folder))


def pieces(function: str = "third", count: int = len(TABLE)) -> list[Piece]:
    return [Piece(f"row-{row}", f"{NAME}:{function}", {"row": row, "table": TABLE}) for row in range(count)]


@pytest.mark.parametrize("name", EXECUTORS)
def test_every_executor_gives_the_same_answers_and_names_what_fails(name):
    executor = executor_of(1 if name == "here" else 2, name)
    heard = []
    answers = {o.piece.name: o.answer for o in executor.run(pieces(), lambda *event: heard.append(event))}
    assert answers == {f"row-{row}": {"third": value / 3, "text": "ü"} for row, value in enumerate(TABLE)}
    assert [piece.name for piece, share, _ in heard if share == 1.0] == list(
        dict.fromkeys(p.name for p, s, _ in heard if s == 1.0)
    )
    assert {piece.name for piece, share, _ in heard if share == 1.0} == set(answers)
    (refused,) = executor.run(pieces("refuse", 1))
    assert refused.answer is None
    assert isinstance(refused.error, InputError)
    assert refused.error.to_json()["found"] == "The row 0."
    (unknown,) = executor.run(pieces("nobody", 1))
    assert isinstance(unknown.error, UsageError)
    assert f"no function '{NAME}:nobody'" in str(unknown.error)


@pytest.mark.parametrize("name", ["here", "processes"])
def test_no_more_pieces_are_taken_than_can_be_worked_on(name):
    taken = []

    def source():
        for piece in pieces():
            taken.append(piece.name)
            yield piece

    ends = executor_of(1, name).run(source())
    next(ends)
    assert len(taken) <= 2
    ends.close()
    assert len(taken) <= 2


@pytest.mark.parametrize("name", EXECUTORS)
def test_a_run_goes_on_where_it_was_stopped(name, tmp_path):
    executor = executor_of(1, name)
    whole = dict_of(run_pieces(tmp_path / "whole", pieces(), HERE))

    def stop(share, words):
        if share >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dict_of(run_pieces(tmp_path / "cut", pieces(), executor, stop))
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cut" / PIECES).iterdir()}
    assert 2 <= len(kept) < len(TABLE)
    shares = []
    assert dict_of(run_pieces(tmp_path / "cut", pieces(), executor, lambda share, words: shares.append(share))) == whole
    assert shares == sorted(shares)
    assert (shares[0] >= 0.5, shares[-1]) == (True, 1.0)
    assert all((tmp_path / "cut" / PIECES / path).stat().st_mtime_ns == time for path, time in kept.items())
    with pytest.raises(InputError, match="The row 0"):
        dict_of(run_pieces(tmp_path / "refused", pieces("refuse", 1), executor))


def dict_of(found) -> dict:
    return {piece.name: answer for piece, answer in found}


def test_a_run_that_is_killed_goes_on(tmp_path):
    """By the system, in the middle of its second piece."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom dmdp.jobs.executor import Piece\nfrom dmdp.jobs.here import HERE\n"
        "from dmdp.jobs.pieces import run_pieces\n"
        f"whole = [Piece('row-0', '{NAME}:third', dict(row=0, table={TABLE})), Piece('row-1', '{NAME}:die', dict())]\n"
        "list(run_pieces(Path(sys.argv[1]), whole, HERE))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=os.environ)
    assert done.returncode == -9
    assert [path.name for path in (tmp_path / PIECES).iterdir()] == ["row-0.json"]
    assert list(dict_of(run_pieces(tmp_path, pieces(), HERE))) == [f"row-{row}" for row in range(len(TABLE))]


def test_a_crash_costs_its_own_piece_and_the_worker_is_replaced():
    order = [pieces()[0], *pieces("die", 2)[1:], *pieces()[2:]]
    found = {outcome.piece.name: outcome for outcome in Processes(1).run(order)}
    assert "exit code -9" in str(found["row-1"].error)
    assert [name for name, outcome in found.items() if outcome.error is None] == ["row-0", "row-2", "row-3"]


@pytest.mark.parametrize("stubborn", [False, True])
def test_cancel_ends_the_piece_or_after_some_seconds_the_worker(stubborn, tmp_path):
    marks = [tmp_path / str(number) for number in range(2)]
    work = [Piece(str(n), f"{NAME}:wait", {"mark": str(mark), "stubborn": stubborn}) for n, mark in enumerate(marks)]
    processes, taken = [], []

    def source():
        for piece in [*work, *pieces()]:
            taken.append(piece.name)
            yield piece

    def cancel(piece, share, words):
        if all(mark.is_file() and mark.read_text() for mark in marks):
            processes.extend(int(mark.read_text()) for mark in marks)
            raise Cancelled

    start = time.monotonic()
    with pytest.raises(Cancelled):
        list(Processes(2).run(source(), cancel))
    assert (time.monotonic() - start > 3.0) or not stubborn
    assert len(processes) == 2
    for number in processes:
        assert not os.path.exists(f"/proc/{number}")
    assert [mark.exists() for mark in marks] == [stubborn, stubborn]
    assert taken == ["0", "1"]


def test_what_comes_to_its_end_during_a_cancel_is_given_out(tmp_path):
    mark = tmp_path / "mark"
    work = [Piece("waits", f"{NAME}:wait", {"mark": str(mark), "stubborn": True}), *pieces()]
    ends = []

    def cancel(piece, share, words):
        if mark.is_file():
            raise Cancelled

    with pytest.raises(Cancelled):
        ends.extend(outcome.piece.name for outcome in Processes(2).run(work, cancel))
    assert "waits" not in ends
    assert all(name.startswith("row-") for name in ends)


def test_only_functions_of_our_modules_are_found():
    for name in ("os:system", "nonsense", f"{NAME}:time", "dmdp.nowhere:x", "dmdp.jobs.pieces:run_pieces"):
        with pytest.raises(UsageError, match="no function"):
            find_function(name)
    with pytest.raises(UsageError, match="no function"):
        function_name(pieces)
    with pytest.raises(ValueError, match="no function of a module"):
        piece_function(lambda description, progress: None)
    third = find_function(f"{NAME}:third")
    assert function_name(third) == f"{NAME}:third"


def test_a_shared_input_is_loaded_once_and_not_at_all_by_who_has_it():
    loaded = []

    def load():
        loaded.append(1)
        return "read"

    assert [shared_input("test once", load) for _ in range(2)] == ["read", "read"]
    assert len(loaded) == 1
    with sharing({"test held": "held"}):
        assert shared_input("test held", load) == "held"
    assert shared_input("test held", load) == "read"


def test_executors_are_chosen_by_name_and_refused_in_words():
    assert executor_of() is HERE
    assert executor_for({"executor": "here"}, jobs=2) is HERE
    assert isinstance(executor_for({}, jobs=2), Joblib)
    assert isinstance(executor_for({"executor": "processes"}), Processes)
    for jobs, name, words in ((0, None, "1 or more"), (2, "here", "this process alone"), (1, "cloud", "one of here, joblib")):
        with pytest.raises(UsageError, match=words):
            executor_of(jobs, name)


def test_paths_in_a_job_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    given = {"ct": "ct", "pet": {"files": ["/a"]}, "mask": Path("~/m.nii"), "model": ["named", "./own"], "method": "ct", "age": 3}
    job = read_job(write_job(tmp_path, "predict", given, "out"))
    paths = {"ct": str(tmp_path / "ct"), "mask": str(tmp_path / "home" / "m.nii"), "model": ["named", str(tmp_path / "own")]}
    assert job.arguments == {**given, **paths}
    assert job.out == str(tmp_path / "out")
    assert absolute(job.arguments) == job.arguments


def test_an_error_comes_back_as_what_it_was():
    for error in (Cancelled(), InputError("a", "b", "c", "d"), MissingPackage("torch", "the network")):
        again = error_from_json(json.loads(json.dumps(error.to_json())))
        assert type(again) is type(error)
        assert (str(again), again.exit_code, again.to_json()) == (str(error), error.exit_code, error.to_json())


def test_a_worker_finds_our_packages_and_nothing_by_a_relative_path():
    found = launch("python", {"PYTHONPATH": os.pathsep.join(["relative", "/absolute"]), "OTHER": "1"})
    folders = found.environment["PYTHONPATH"].split(os.pathsep)
    assert folders[-1] == "/absolute"
    assert "relative" not in folders
    assert all((Path(folder) / "dmdp").is_dir() or (Path(folder) / "dmdp_training").is_dir() for folder in folders[:-1])
    assert found.environment["OTHER"] == "1"
    assert found.command == ("python", "-m", "dmdp", "worker")
