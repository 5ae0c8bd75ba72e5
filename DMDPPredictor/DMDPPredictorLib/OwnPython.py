"""Settings of this installation: another Python for the core, and a folder with packages for machines without internet."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import slicer
from dmdp.errors import InputError, MissingPackage, base_name
from dmdp.packages import MODULES
from dmdp.session import session_folder
from slicer.i18n import tr as _

PYTHON, WHEELS = "DMDP/Python", "DMDP/Wheels"
SECONDS = 60
CHECK = f"""
import importlib, json, platform
missing = []
for name in {tuple(MODULES.values())!r}:
    try:
        importlib.import_module(name)
    except Exception:
        missing.append(name)
print(json.dumps({{"version": platform.python_version(), "missing": missing}}))
"""


def ownPython() -> str:
    """The Python interpreter that the user named for the core; empty for Slicer's own."""
    return str(slicer.app.userSettings().value(PYTHON) or "")


def wheelFolder() -> str:
    """The folder from which missing packages are installed; empty for the package index."""
    return str(slicer.app.userSettings().value(WHEELS) or "")


class PythonCheck:
    """Checks in a separate process whether an interpreter can run the core. If it can, it is kept in the settings.

    :meth:`poll` looks at the process and is to be called now and then.
    """

    def __init__(self):
        self._process, self._path, self._until = None, "", 0.0

    @property
    def running(self) -> bool:
        """True until :meth:`poll` has seen the end."""
        return self._process is not None

    def start(self, path: str) -> None:
        """Begin with another interpreter. Raises :class:`InputError` if it cannot be started."""
        self.stop()
        try:
            self._process = subprocess.Popen(
                [path, "-c", CHECK],
                cwd=session_folder(),  # where nobody else puts a file that Python would take for a module
                env={**outsideEnvironment(), "PYTHONSAFEPATH": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise _unusable(path, error.strerror or str(error)) from error
        self._path, self._until = path, time.monotonic() + SECONDS

    def poll(self) -> str | None:
        """The version of the interpreter, which is kept now; None while the check goes on.

        Raises :class:`InputError` if it does not run, :class:`MissingPackage` if the core's packages are not in it.
        """
        process, path = self._process, self._path
        if process.poll() is None:
            if time.monotonic() < self._until:
                return None
            self.stop()
            raise _unusable(path, _("no answer for {seconds} s").format(seconds=SECONDS))
        printed = process.stdout.read().decode("utf-8", errors="replace")
        self.stop()
        try:
            found = json.loads(printed)
        except ValueError as error:
            raise _unusable(path, _("exit code {code}").format(code=process.returncode)) from error
        if found["missing"]:
            raise MissingPackage(found["missing"][0], _("the core in {path}").format(path=path))
        slicer.app.userSettings().setValue(PYTHON, path)
        return found["version"]

    def stop(self) -> None:
        """End the check."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.stdout.close()
        self._process = None


def forgetOwnPython() -> None:
    """Back to Slicer's own Python."""
    slicer.app.userSettings().setValue(PYTHON, "")


def keepWheelFolder(path: str) -> None:
    """Keep the folder in the settings. Raises :class:`InputError` if it holds no wheel."""
    if path and not any(Path(path).glob("*.whl")):
        raise InputError(
            "packages.folder",
            f"'{base_name(path)}' holds no wheel.",
            "a folder with .whl files.",
            "Fill it with 'pip download' elsewhere.",
        )
    slicer.app.userSettings().setValue(WHEELS, path)


def outsideEnvironment() -> dict[str, str]:
    """The variables that Slicer was started with, without Python's: what a Python that is not Slicer's needs."""
    return {name: value for name, value in slicer.util.startupEnvironment().items() if name not in ("PYTHONHOME", "PYTHONPATH")}


def _unusable(path: str, reason: str) -> InputError:
    return InputError(
        "python.unusable",
        f"'{base_name(path)}' does not run ({reason}).",
        "a Python 3.11 or 3.12 with the core's packages.",
        "Name another, or none to use Slicer's own.",
    )
