"""Settings of this installation: another Python for the core, and a folder with packages for machines without internet."""

from __future__ import annotations

import subprocess
from pathlib import Path

import slicer
from dmdp.errors import DmdpError, InputError, MissingPackage
from slicer.i18n import tr as _

PYTHON, WHEELS = "DMDP/Python", "DMDP/Wheels"
SECONDS = 60


def ownPython() -> str:
    """The Python interpreter that the user named for the core; empty for Slicer's own."""
    return str(slicer.app.userSettings().value(PYTHON) or "")


def wheelFolder() -> str:
    """The folder from which missing packages are installed; empty for the package index."""
    return str(slicer.app.userSettings().value(WHEELS) or "")


def keepOwnPython(path: str) -> str:
    """Check an interpreter and keep it in the settings (empty: Slicer's own again); returns its Python version.

    Raises :class:`InputError` where it does not run, :class:`MissingPackage` where the core's packages are not in it.
    """
    version = ""
    if path:
        version = _run(path, "import platform; print(platform.python_version())").strip()
        for name in ("numpy", "scipy", "SimpleITK", "pydicom", "safetensors", "matplotlib", "jinja2"):
            try:
                _run(path, f"import {name}")
            except DmdpError as error:
                raise MissingPackage(name, _("the core in {path}").format(path=path)) from error
    slicer.app.userSettings().setValue(PYTHON, path)
    return version


def keepWheelFolder(path: str) -> None:
    """Keep the folder in the settings. Raises :class:`InputError` where it holds no wheel."""
    if path and not any(Path(path).glob("*.whl")):
        raise InputError(
            "packages.folder", f"'{path}' holds no wheel.", "a folder with .whl files.", "Fill it with 'pip download' elsewhere."
        )
    slicer.app.userSettings().setValue(WHEELS, path)


def outsideEnvironment() -> dict[str, str]:
    """The variables that Slicer was started with, without Python's: what a Python that is not Slicer's needs."""
    return {name: value for name, value in slicer.util.startupEnvironment().items() if name not in ("PYTHONHOME", "PYTHONPATH")}


def _run(python: str, code: str) -> str:
    call = [python, "-c", code]
    try:
        done = subprocess.run(call, capture_output=True, text=True, timeout=SECONDS, check=True, env=outsideEnvironment())
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(
            "python.unusable",
            f"'{python}' does not run ({error}).",
            "a Python 3.11 or 3.12 with the core's packages.",
            "Name another, or none to use Slicer's own.",
        ) from error
    return done.stdout
