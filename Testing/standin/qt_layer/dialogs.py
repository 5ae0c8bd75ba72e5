"""Dialogs that would wait for a user: they take the next of ``answers``, and raise where a test has left none.

As in PythonQt the file dialogs give the path alone, not a pair of path and filter. Addresses that would open in a browser or a
file manager are kept in ``opened``.
"""

from __future__ import annotations

from PySide6 import QtGui, QtWidgets

answers: list = []
opened: list[str] = []


def _answer(*asked, **_):
    if not answers:
        raise RuntimeError(f"A dialog waits for an answer: {[a for a in asked if isinstance(a, str)]}")
    return answers.pop(0)


class QFileDialog(QtWidgets.QFileDialog):
    """Its static functions answer at once."""

    getOpenFileName = getOpenFileNames = getSaveFileName = getExistingDirectory = staticmethod(_answer)

    def exec_(self):
        return _answer(self.windowTitle)


class QMessageBox(QtWidgets.QMessageBox):
    """Its static functions answer at once."""

    question = information = warning = critical = staticmethod(_answer)

    def exec_(self):
        return _answer(self.windowTitle, self.text)


class QDesktopServices(QtGui.QDesktopServices):
    """Opens nothing."""

    @staticmethod
    def openUrl(url) -> bool:
        opened.append(url.toString())
        return True
