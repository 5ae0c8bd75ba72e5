"""The Python packages that Slicer does not bring: which are missing, and installing them the Slicer way."""

from __future__ import annotations

import logging
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import slicer
from dmdp.errors import DmdpError
from slicer.i18n import tr as _

from .OwnPython import ownPython, wheelFolder

if TYPE_CHECKING:
    from packaging.requirements import Requirement

NEVER_CHANGED = ("numpy", "scipy", "SimpleITK", "torch", "pydicom", "pillow", "vtk")


def requirementsFrom(path: str | Path) -> list[Requirement]:
    """The requirements of a file, one per line; comments are skipped."""
    from packaging.requirements import Requirement  # not at file scope: the Extensions Index allows only Slicer's own there

    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def missingPackages(requirements) -> list[str]:
    """Those that are not installed in a version that fits."""
    return [str(requirement) for requirement in requirements if not _installed(requirement)]


def ensurePackages(path: str | Path, wished: str | Path | None = None) -> None:
    """Ask once, then install what is missing of the packages that a file lists; on the main thread only.

    What the file ``wished`` lists is installed with it where that is possible, and done without where it is not. Nothing is
    asked where the user named another Python. Raises :class:`DmdpError` (``package.missing``) where something of ``path``
    stays missing.

    Slicer's own numpy, SimpleITK and the like, and the PyTorch extension's torch, are pinned to the version that runs, so
    that pip cannot replace them.
    """
    if ownPython():
        return
    needed, more = missingPackages(requirementsFrom(path)), missingPackages(requirementsFrom(wished)) if wished else []
    reason = _("they were not installed")
    for wanted in ([*needed, *more], needed) if needed and more else ([*needed, *more],):
        if not wanted:
            break
        try:
            _installPinned(wanted)
        except Exception as error:  # pip's failures and the user's refusal come as various types
            reason = str(error)
            logging.info("DMDP: %s were not installed: %s", ", ".join(wanted), error)
        needed = missingPackages(requirementsFrom(path))
        if not needed:
            return
    if needed:
        raise _stillMissing(needed, reason)


def _installPinned(requirements: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="dmdp-") as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("".join(f"{line}\n" for line in pinned()), encoding="utf-8")
        _install(requirements, constraints)


def pinned() -> list[str]:
    """``name==version`` of the packages that must stay as they are."""
    found = []
    for name in NEVER_CHANGED:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _install(requirements: list[str], constraints: Path) -> None:
    offline = wheelFolder()
    try:
        from slicer.packaging import pip_ensure
    except ImportError:  # Slicer 5.10
        pip_ensure = None
    if offline or pip_ensure is None:
        words = _("These Python packages will be installed into Slicer: {names}").format(names=", ".join(requirements))
        if slicer.util.confirmOkCancelDisplay(words, "DMDP"):
            source = ["--no-index", "--find-links", offline] if offline else []
            slicer.util.pip_install([*requirements, *source, "-c", str(constraints)])
        return
    pip_ensure(requirements, constraints=constraints, requester="DMDP")


def _installed(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _stillMissing(names: list[str], reason: str) -> DmdpError:
    return DmdpError(
        "package.missing",
        _("Python packages are missing in Slicer: {names} ({reason}).").format(names=", ".join(names), reason=reason),
        _("these packages in Slicer's own Python."),
        _("Press Predict again and allow the installation, or install them in the Python console with slicer.util.pip_install."),
    )
