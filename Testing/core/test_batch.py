"""Many patients: what one of them does, or has done to it, does not touch the others."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from dmdp import RESEARCH_USE_ONLY
from dmdp.batch import DONE, FAILED, SKIPPED, predict_batch, read_summary
from dmdp.endpoints.registry import ENDPOINTS
from dmdp.errors import InputError
from dmdp.intake.table import read_table

MODEL = ["published-pet-clinical"]


@pytest.fixture(scope="module")
def row(simulated_study):
    patient, study = simulated_study
    return {"ct": str(study), "pet": str(study), "seed": ",".join(map(str, patient.seed_lps))}


@pytest.mark.slow
def test_the_command_predicts_resumes_and_sums_up(row, dmdp_command, tmp_path):
    cohort, out = tmp_path / "cohort.csv", tmp_path / "out"
    header = ("id", "ct", "pet", "seed", "age", "sex", "pet_is_suv")
    lines = [
        {"id": "good", **row, "age": 61, "sex": "F"},
        {"id": "lost", **row, "ct": str(tmp_path / "nowhere")},
        {"id": "old", **row, "age": "old"},
        {"id": "maybe", **row, "pet_is_suv": "maybe"},
    ]
    with cohort.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header)
        writer.writeheader()
        writer.writerows(lines)
    done = dmdp_command("batch", cohort, "--model", MODEL[0], "--jobs", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "1 done, 0 skipped, 3 failed" in done.stdout
    assert RESEARCH_USE_ONLY in done.stdout
    outcomes = {o.id: o for o in read_summary(out)}
    assert [outcomes[name].outcome for name in ("good", "lost", "old", "maybe")] == [DONE, FAILED, FAILED, FAILED]
    assert "does not exist" in outcomes["lost"].reason
    text = (out / "summary.csv").read_text(encoding="utf-8")
    assert text.startswith(f"# {RESEARCH_USE_ONLY}")
    good = next(r for r in csv.DictReader(line for line in text.splitlines() if line[0] != "#") if r["id"] == "good")
    document = json.loads((out / "good" / "prediction.json").read_text(encoding="utf-8"))
    assert float(good["EGFR_probability"]) == document["tasks"]["EGFR"]["probability"]
    assert good["applicability"] == document["applicability"]["verdict"]
    assert sorted(p.name for p in out.iterdir()) == ["good", "summary.csv"]

    again = dmdp_command("batch", cohort, "--resume", "--out", out)
    assert "0 done, 1 skipped, 3 failed" in again.stdout
    assert {o.id: o.outcome for o in read_summary(out)}["good"] == SKIPPED


def test_a_killed_child_costs_its_own_patient_only(row, tmp_path):
    """The system may stop a process for lack of memory."""
    children, before = set(), _children(os.getpid())  # other tests of this process may have left helpers of joblib

    def kill(share, words):
        if "; victim: " in words and not children:
            children.add(_child(os.getpid(), before))
            os.kill(*children, signal.SIGKILL)

    lost = {"ct": str(tmp_path / "nowhere"), "pet": str(tmp_path / "nowhere"), "seed": row["seed"]}
    table = read_table([{"id": "victim", **row}, {"id": "other", **lost}])
    found = predict_batch(table, tmp_path / "out", models=MODEL, progress=kill)
    assert [o.outcome for o in found] == [FAILED, FAILED]
    assert "without an answer (exit code -9)" in found[0].reason
    assert "does not exist" in found[1].reason


def test_stopping_a_batch_ends_its_children(row, tmp_path, dmdp_command):
    import subprocess
    import sys

    cohort = tmp_path / "cohort.csv"
    cohort.write_text(f'id,ct,pet,seed\na,{row["ct"]},{row["pet"]},"{row["seed"]}"\n', encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    call = [sys.executable, "-m", "dmdp", "batch", str(cohort), "--out", str(tmp_path / "out")]
    batch = subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    child = _child(batch.pid)
    batch.terminate()
    _, said = batch.communicate(timeout=60)
    assert batch.returncode == 6
    assert "cancelled" in said
    end = time.monotonic() + 20
    while os.path.exists(f"/proc/{child}") and time.monotonic() < end:
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{child}")
    assert not (tmp_path / "out" / "a").exists()


def _children(parent: int) -> set[int]:
    """The processes that any thread of ``parent`` has started."""
    if not os.path.isdir("/proc"):
        pytest.skip("needs /proc")
    found: set[int] = set()
    for task in Path(f"/proc/{parent}/task").iterdir():
        with suppress(OSError):  # the thread has ended meanwhile
            found |= {int(word) for word in (task / "children").read_text().split()}
    return found


def _child(parent: int, before: frozenset[int] | set[int] = frozenset()) -> int:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = _children(parent) - before
        if found:
            return min(found)
        time.sleep(0.1)
    raise AssertionError("no child")


@pytest.mark.parametrize(
    "rows",
    [[], [{"ct": "x"}], [{"id": "a"}, {"id": "a"}], [{"id": "../a"}], [{"id": "a", "colour": "red"}], [{"id": "summary.csv"}]],
)
def test_a_table_that_cannot_be_used_is_refused_whole(rows):
    with pytest.raises(InputError, match="one plain id"):
        read_table(rows, known=ENDPOINTS, others=False)


def test_paths_are_relative_to_the_table(tmp_path):
    (tmp_path / "c.csv").write_text("id,ct,pet,mask\nä 1,ct,pet,m.nii\n", encoding="utf-8")
    (row,) = read_table(tmp_path / "c.csv").rows
    assert (row.id, row.ct, row.pet, row.mask) == ("ä 1", tmp_path / "ct", tmp_path / "pet", tmp_path / "m.nii")
    assert row.arguments() == {"ct": str(tmp_path / "ct"), "pet": str(tmp_path / "pet"), "mask": str(tmp_path / "m.nii")}
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "none.csv")
