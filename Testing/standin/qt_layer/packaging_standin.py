"""``slicer.packaging`` as Slicer has it, over a pip that only keeps what it was asked for.

Read in Slicer's ``Base/Python/slicer/packaging.py`` and ``util.py`` (main, after 5.12):

- ``pip_ensure`` looks which requirements are not met and returns None where there is none. With ``slicer.app.testingEnabled()``
  it then returns None and installs nothing (unless ``skip_in_testing=False``).
- Else, unless ``prompt_install=False``, it asks by ``slicer.util.confirmOkCancelDisplay`` and raises
  ``RuntimeError("User declined package installation")`` where that is not true.
- It installs by ``pip_install(blocking=True)``, which shows pip's log in a dialog and raises ``CalledProcessError`` where pip
  fails.
- ``confirmOkCancelDisplay`` shows nothing in testing mode and without a main window, and its answer is false in both: it compares
  what ``_messageDisplay`` gives (True in the one case, although its docstring promises OK, None in the other) with
  ``QMessageBox.Ok``, which is 1024.
"""

from __future__ import annotations

import types
from importlib.metadata import PackageNotFoundError, version
from subprocess import CalledProcessError

import slicer
from packaging.requirements import Requirement


class Packaging(types.ModuleType):
    """The module. ``answers`` are what the user presses, True for OK; ``asked`` are the questions so far, ``installs`` what pip
    was given, ``broken`` the packages that it cannot install, ``present`` those that it has."""

    def __init__(self, answers=(), broken=()):
        super().__init__("slicer.packaging")
        self.answers, self.broken = list(answers), set(broken)
        self.asked, self.installs, self.present = [], [], set()

    def confirm(self, text, windowTitle=None, parent=None, **kwargs):
        """``slicer.util.confirmOkCancelDisplay`` with a main window and a user; raises where no answer is left."""
        self.asked.append(text)
        return self.answers.pop(0)

    def pip_check(self, requirement) -> bool:
        try:
            return requirement.name in self.present or requirement.specifier.contains(version(requirement.name))
        except PackageNotFoundError:
            return False

    def pip_ensure(
        self,
        requirements,
        constraints=None,
        skip_packages=None,
        prompt_install=True,
        prompt_restart=True,
        requester=None,
        skip_in_testing=True,
        show_progress=True,
    ):
        missing = [Requirement(str(line)) for line in requirements if not self.pip_check(Requirement(str(line)))]
        if not missing or (skip_in_testing and slicer.app.testingEnabled()):
            return
        if prompt_install and not slicer.util.confirmOkCancelDisplay(
            f"{len(missing)} Python packages need to be installed.", f"{requester} - Install Python Packages"
        ):
            raise RuntimeError("User declined package installation")
        self.installs.append([requirement.name for requirement in missing])
        if self.broken & {requirement.name for requirement in missing}:
            raise CalledProcessError(1, "pip install")
        self.present |= {requirement.name for requirement in missing}
