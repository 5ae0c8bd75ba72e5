"""The worker as the program above it sees it: jobs in, lines out, cancel, and its end when that program is gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

GRACE = 10.0


class Worker:
    """A real worker process with its pipes."""

    def __init__(self, environment=None):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dmdp", "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1", **(environment or {})},
        )

    def tell(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until_end(self) -> list[str]:
        lines = []
        while not lines or lines[-1].split()[0] not in ("DONE", "FAILED"):
            line = self.process.stdout.readline()
            assert line, f"the worker ended with {self.process.wait()}"
            lines.append(line.rstrip("\n"))
        return lines


@pytest.fixture
def worker():
    made = Worker()
    yield made
    made.process.kill()
    made.process.wait()


def job(folder: Path, command: str, arguments: dict, out: str | None = None) -> Path:
    path = folder / f"{command}-{time.monotonic_ns()}.json"
    document = {"schema": 1, "command": command, "arguments": arguments, "out": out}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def answer(lines: list[str]) -> dict:
    assert lines[-1] == "DONE", lines
    (found,) = [line for line in lines if line.startswith("ANSWER ")]
    return json.loads(found.removeprefix("ANSWER "))


def test_one_worker_answers_question_after_question_and_survives_a_failure(worker, simulated_study, tmp_path):
    from dmdp.intake.packed import unpack

    patient, study = simulated_study
    pet = {"files": [str(path) for path in sorted((study / "pet").glob("*.dcm"))]}
    worker.tell(f"JOB {job(tmp_path, 'propose', {'pet': pet, 'seed': list(patient.seed_lps)})}")
    proposed = answer(worker.until_end())
    found = unpack(proposed["mask"])
    mask, geometry = found.array, found.geometry
    assert geometry.same_grid(patient.pet.geometry, 0.01)
    overlap = 2 * (mask & patient.lesion_pet.array).sum() / (mask.sum() + patient.lesion_pet.array.sum())
    assert overlap > 0.8
    assert proposed["factor"] > 0

    worker.tell(f"JOB {job(tmp_path, 'propose', {'pet': pet, 'seed': [0.0, 5000.0, 0.0]})}")
    refused = worker.until_end()
    assert json.loads(refused[-1].removeprefix("FAILED "))["code"] == "seed.outside"

    start = time.monotonic()
    worker.tell(f"JOB {job(tmp_path, 'measure', {'pet': pet, 'mask': proposed['mask']})}")
    measured = answer(worker.until_end())
    print(f"measured in {time.monotonic() - start:.3f} s with the PET held")
    assert measured["voxels"] == mask.sum()
    assert measured["suv_max"] == pytest.approx(float(patient.pet.array[mask].max()), rel=2e-3)

    worker.process.stdin.close()
    assert worker.process.wait(GRACE) == 0


def test_an_image_that_was_changed_in_the_viewer_is_refused_and_a_moved_one_is_moved(simulated_study):
    from dmdp.errors import InputError
    from dmdp.intake.load import load_pet

    patient, study = simulated_study
    files = [str(path) for path in (study / "pet").glob("*.dcm")]
    pet = load_pet(study / "pet").pet
    grid, array = pet.geometry, pet.array
    index = np.stack(np.meshgrid(*[np.linspace(0, n - 1, 5).astype(int) for n in grid.shape]), -1).reshape(-1, 3)

    def seen(array):
        values = array[tuple(index.T)].astype(float)
        return {"points": grid.to_lps(index).tolist(), "values": values.tolist(), "top": float(abs(array).max()),
                "total": float(array.sum(dtype=float)), "voxels": array.size}  # fmt: skip

    shift = np.eye(4)
    shift[:3, 3] = (10.0, 0.0, -5.0)
    given = {"files": files, "seen": seen(array), "moved": shift.tolist()}
    moved = load_pet(given).pet.geometry
    np.testing.assert_allclose(moved.to_lps((0, 0, 0)) - grid.to_lps((0, 0, 0)), (10.0, 0.0, -5.0), atol=0.01)
    in_other_units = {"files": files, "seen": seen(array * 2400.0)}
    assert load_pet(in_other_units).pet.array.max() == pytest.approx(array.max(), rel=1e-3)
    painted = array.copy()
    painted[patient.lesion_pet.array] *= 2.0
    turned = array[::-1]
    for other in (painted, turned, np.zeros_like(array)):
        with pytest.raises(InputError, match="no longer what its DICOM files hold"):
            load_pet({"files": files, "seen": seen(np.ascontiguousarray(other))})


def test_cancel_ends_the_job_and_not_the_worker(worker, simulated_study, tmp_path):
    patient, study = simulated_study
    long = job(tmp_path, "predict", {"ct": str(study), "pet": str(study), "seed": list(patient.seed_lps)}, str(tmp_path / "out"))
    worker.tell(f"JOB {long}")
    assert worker.process.stdout.readline().startswith("PROGRESS")
    worker.tell("CANCEL of another job")
    assert worker.process.stdout.readline().startswith("PROGRESS")
    start = time.monotonic()
    worker.tell(f"CANCEL {long}")
    ended = worker.until_end()
    assert json.loads(ended[-1].removeprefix("FAILED "))["code"] == "cancelled"
    assert time.monotonic() - start < GRACE
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []
    worker.tell(f"JOB {job(tmp_path, 'convert', {'pet': str(study)})}")
    assert answer(worker.until_end())["audit"]["factors"]["SUVbw"] > 0


@pytest.mark.parametrize("when", ["idle", "at work"])
def test_the_worker_ends_when_the_program_above_it_is_killed(when, simulated_study, tmp_path):
    """A program that owns a session and a worker is killed without a chance to clear up: the job ends, the folder goes."""
    patient, study = simulated_study
    above = tmp_path / "above.py"
    above.write_text(
        "import os, subprocess, sys, time\n"
        "from dmdp.session import session_folder\n"
        "folder = session_folder()\n"
        "child = subprocess.Popen([sys.executable, '-m', 'dmdp', 'worker'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,\n"
        "                         start_new_session=True, env={**os.environ, 'DMDP_SESSION': str(folder)})\n"
        "if len(sys.argv) > 1:\n"
        "    child.stdin.write(f'JOB {sys.argv[1]}\\n'.encode()); child.stdin.flush()\n"
        "print(child.pid, folder, flush=True)\n"
        "time.sleep(600)\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    long = job(tmp_path, "predict", {"ct": str(study), "pet": str(study), "seed": list(patient.seed_lps)}, str(out))
    words = [sys.executable, str(above), *([str(long)] if when == "at work" else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
    child, folder = process.stdout.readline().split()
    assert (Path(folder) / "owner.json").is_file()
    time.sleep(2.0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    end = time.monotonic() + GRACE
    while _lives(int(child)):
        assert time.monotonic() < end, "the worker runs on"
        time.sleep(0.05)
    assert not Path(folder).exists()
    assert not out.exists()
    assert not list(tmp_path.glob(".out*"))


def test_an_idle_worker_ends_by_itself():
    code = (
        "import sys, os\nfrom dmdp.jobs.server import Stop, serve\n"
        "source = os.fdopen(os.pipe()[0])\n"  # never ends
        "sys.exit(serve({}, Stop(), lambda work: None, source, idle_seconds=0.5))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def _lives(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="ascii").split(")")[1].split()[0] != "Z"
    except OSError:
        return False
