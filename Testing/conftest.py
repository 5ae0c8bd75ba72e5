"""Shared fixtures: where the public test data lie, and the headless marks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # a process per core: no threads beside them
    os.environ.setdefault("OMP_NUM_THREADS", "1")

PROJECT = Path(__file__).resolve().parents[1]


def data_root() -> Path:
    """The public test data: ``DMDP_TEST_DATA``, else ``../shared/data`` beside the project."""
    return Path(os.environ.get("DMDP_TEST_DATA") or PROJECT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def data() -> Callable[[str], Path]:
    """``data("acrin_nsclc_042")`` is that folder or file of the public data; the test skips where it is absent."""

    def find(name: str) -> Path:
        path = data_root() / name
        if not path.exists():
            pytest.skip(f"public test data '{name}' not found; set DMDP_TEST_DATA to the folder that holds it")
        return path

    return find


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return PROJECT


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, exitstatus, config):
    """With DMDP_REQUIRE_ALL set, say which tests were skipped although the data are there."""
    if _forbidden_skips(terminalreporter):
        terminalreporter.write_line("Skipped although DMDP_REQUIRE_ALL is set and the data exist: this run fails.")


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")  # which the processes beside the main one lack
    if exitstatus == 0 and reporter is not None and _forbidden_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _forbidden_skips(reporter) -> list:
    """Skips count as failures where everything that a test can need is said to be here."""
    if not os.environ.get("DMDP_REQUIRE_ALL") or not data_root().is_dir():
        return []
    return reporter.stats.get("skipped", [])


@pytest.fixture(scope="session")
def simulated_study(tmp_path_factory):
    """A simulated patient and the folder of their DICOM study: ``(patient, folder with ct/ and pet/)``; do not change it."""
    from dmdp_training.simulate import simulate_patient, write_patient

    patient = simulate_patient(7)
    return patient, write_patient(patient, tmp_path_factory.mktemp("simulated") / "study")


@pytest.fixture
def study_copy(simulated_study, tmp_path) -> Path:
    """A copy of the simulated study that a test may damage."""
    return Path(shutil.copytree(simulated_study[1], tmp_path / "study"))


@pytest.fixture(scope="session")
def dmdp_command():
    """``dmdp_command("suv", folder)`` runs the real command line in a child process, as a person would."""

    def run(*words, timeout: float = 240) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "dmdp", *map(str, words)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PYTHONUTF8": "1",
                "OMP_NUM_THREADS": "1",
            },
        )

    return run


@pytest.fixture(scope="session")
def installed_tree(tmp_path_factory) -> Path:
    """The extension as CMake configures, builds and installs it, on the stand-in of Slicer's macros (standin/cmake); do not
    change it."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if not all(shutil.which(name, path=programs) for name in ("cmake", "ninja")):
        pytest.skip("cmake and ninja (extra 'test') are not installed")
    root = tmp_path_factory.mktemp("extension")
    build, slicer = str(root / "build"), PROJECT / "Testing" / "standin" / "cmake"
    for words in (
        ("-G", "Ninja", "-S", str(PROJECT), "-B", build, f"-DSlicer_DIR={slicer}", f"-DPYTHON_EXECUTABLE={sys.executable}"),
        ("--build", build),
        ("--install", build, "--prefix", str(root / "tree")),
    ):
        environment = {**os.environ, "PATH": programs}
        done = subprocess.run(["cmake", *words], capture_output=True, text=True, env=environment, cwd=root)
        assert done.returncode == 0, done.stdout + done.stderr
    return root / "tree"
