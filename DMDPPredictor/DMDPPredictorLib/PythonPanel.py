"""The settings of this installation in the panel: another Python for the core, and a folder with packages."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from .Messages import Message
from .OwnPython import PythonCheck, forgetOwnPython, keepWheelFolder, ownPython, wheelFolder

TYPED_MS = 700  # after the last key: the path of a program is not run while it is typed
LOOK_MS = 100


class PythonPanel:
    """Checks what is typed in a process of its own. ``changed()`` is called when the core will run in another Python."""

    def __init__(self, ui, say: Message, changed: Callable[[], None]):
        self._ui, self._say, self._changed = ui, say, changed
        self._check = PythonCheck()
        self._typed, self._look = qt.QTimer(), qt.QTimer()
        self._typed.setSingleShot(True)
        self._typed.setInterval(TYPED_MS)
        self._typed.connect("timeout()", self.check)
        self._look.setInterval(LOOK_MS)
        self._look.connect("timeout()", self._poll)
        ui.pythonPath.currentPath, ui.wheelsPath.currentPath = ownPython(), wheelFolder()
        ui.pythonPath.connect("currentPathChanged(QString)", self._onTyped)
        ui.wheelsPath.connect("currentPathChanged(QString)", self._onWheels)
        ui.pythonPath.connect("validInputChanged(bool)", self._onTyped)  # the only signal that tells an empty path
        ui.wheelsPath.connect("validInputChanged(bool)", lambda valid: valid or self._onWheels(""))

    def close(self) -> None:
        """The panel goes."""
        self._typed.stop()
        self._look.stop()
        self._check.stop()

    def check(self) -> None:
        """Use the Python that was typed, if it can run the core; an empty field means Slicer's own."""
        path = self._ui.pythonPath.currentPath
        self._look.stop()
        with self._say.told():
            if path == ownPython():
                self._check.stop()
                self._say("")
            elif path:
                self._check.start(path)
                self._say(_("Looking whether {path} runs the core…").format(path=path))
                self._look.start()
            else:
                self._check.stop()
                forgetOwnPython()
                self._say("")
                self._changed()

    def _poll(self) -> None:
        version = None
        with self._say.told():
            version = self._check.poll()
            if version is not None:
                words = _("The core runs in Python {version} of {path}.")
                self._say(words.format(version=version, path=self._ui.pythonPath.currentPath))
                self._changed()
        if not self._check.running:
            self._look.stop()

    def _onTyped(self, said=None) -> None:
        """Another letter of its path."""
        self._typed.start()

    def _onWheels(self, path: str) -> None:
        """Another place for packages; it is kept for all scenes."""
        with self._say.told():
            keepWheelFolder(path)
            self._say("")
