"""The Python packages that Slicer does not bring: which are missing, and installing them the Slicer way."""

from __future__ import annotations

import logging
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import slicer
from dmdp.errors import DmdpError
from dmdp.packages import SLICERS_OWN
from dmdp.session import new_folder
from slicer.i18n import tr as _

from .OwnPython import ownPython, wheelFolder

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def requirementsFrom(path: str | Path) -> list[Requirement]:
    """The requirements of a file, one per line; comments are skipped."""
    from packaging.requirements import Requirement  # not at file scope: the Extensions Index allows only Slicer's own there

    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def missingPackages(requirements) -> list[str]:
    """Those that are not installed in a version that fits."""
    return [str(requirement) for requirement in requirements if not _installed(requirement)]


def ensurePackages(path: str | Path, wished: str | Path | None = None) -> bool:
    """Ask once, then install what is missing of the packages that a file lists; on the main thread only.

    Returns whether something was installed: a process that runs already may hold what was there before.

    What the file ``wished`` lists is installed with it if that is possible, and done without if it is not. Nothing is
    asked if the user named another Python. Raises :class:`DmdpError` (``package.missing``) if something of ``path``
    stays missing, be it that the user said no or that pip failed.
    """
    if ownPython():
        return False
    needed, more = missingPackages(requirementsFrom(path)), missingPackages(requirementsFrom(wished)) if wished else []
    reason = _askAndInstall([*needed, *more], needed if more else [])
    still = missingPackages(requirementsFrom(path))
    if still:
        raise _stillMissing(still, reason or _("they were not installed"))
    return bool(needed or more) and not reason


def offerPackages(names: Collection[str], *paths: str | Path) -> bool:
    """Ask once, then install what is missing of the packages ``names`` as the files ``paths`` list them.

    What stays missing is no failure here: what needs it says so. Nothing is asked if the user named another Python. Returns
    whether something was installed.
    """
    if ownPython():
        return False
    from packaging.utils import canonicalize_name

    wanted = [line for path in paths for line in requirementsFrom(path) if canonicalize_name(line.name) in names]
    missing = missingPackages(wanted)
    return bool(missing) and not _askAndInstall(missing, [])


def _askAndInstall(wanted: list[str], instead: list[str]) -> str:
    """Install ``wanted`` after the user has agreed, or ``instead`` if pip cannot do that; says why it did not, else nothing.

    No is an answer: nothing else is asked or tried after it.
    """
    if not wanted:
        return ""
    if not _agreed(wanted):
        return _("you chose not to install them")
    reason = ""
    for lines in (wanted, instead):
        try:
            if lines:
                _installPinned(lines)
                return ""
        except Exception as error:  # pip's failures come as various types
            reason = str(error)
            logging.info("DMDP: %s were not installed: %s", ", ".join(lines), error)
    return reason


def _agreed(requirements: list[str]) -> bool:
    """Ask the one question, unless Slicer tests itself; without a main window nobody can be asked, which counts as a no."""
    if slicer.app.testingEnabled():  # confirmOkCancelDisplay means to answer True then, and answers False
        return True
    words = _("These Python packages will be installed into Slicer's own Python: {names}. Continue?")
    return bool(slicer.util.confirmOkCancelDisplay(words.format(names=", ".join(requirements)), _("DMDP: Python packages")))


def _installPinned(requirements: list[str]) -> None:
    """Slicer's own numpy, SimpleITK and the like, and the PyTorch extension's torch, are pinned to the version that runs, so
    that pip cannot replace them."""
    constraints = new_folder("packages") / "constraints.txt"
    constraints.write_text("".join(f"{line}\n" for line in pinned()), encoding="utf-8")
    _install(requirements, constraints)


def pinned() -> list[str]:
    """``name==version`` of the packages that must stay as they are."""
    found = []
    for name in SLICERS_OWN:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _install(requirements: list[str], constraints: Path) -> None:
    """The Slicer way, without a question; raises what pip's failures come as. While Slicer tests itself, nothing is installed."""
    offline = wheelFolder()
    try:
        from slicer.packaging import pip_ensure
    except ImportError:  # Slicer 5.10
        pip_ensure = None
    if pip_ensure is not None and not offline:
        pip_ensure(requirements, constraints=constraints, requester="DMDP", prompt_install=False)
    elif not slicer.app.testingEnabled():
        source = ["--no-index", "--find-links", offline] if offline else []
        slicer.util.pip_install([*requirements, *source, "-c", str(constraints)])


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
        _(
            "Press the button again and allow the installation, or name a folder with wheels or another Python in DMDP Predictor "
            "under Model > Python and packages."
        ),
    )
