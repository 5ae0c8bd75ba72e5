"""A main window for code that looks for one, with a clock that tells whether it lives."""

from __future__ import annotations

import time
from itertools import pairwise

import qt


class Window:
    """The application's main window, its clock, and a user who presses Cancel when the progress dialog says ``cancelAt``.

    Read in Slicer's util.py: ``mainWindow()`` is the top-level widget of the name qSlicerMainWindow, or None;
    ``createProgressDialog`` makes a QProgressDialog of Qt's own in front of it, without a delay, and sets what it is given by
    name where the dialog has such a property. DICOMUtils.py reads ``wasCanceled`` as an attribute, although Qt has a method of
    that name too: PythonQt looks for a property before a method (PythonQtClassInfo::member).
    """

    STILL_SECONDS = 0.5  # longer than this it may not stand while something runs

    def __init__(self):
        self.widget = qt.QMainWindow()
        self.widget.objectName = "qSlicerMainWindow"
        self.widget.show()
        self.ticks, self.said, self.cancelAt = [time.monotonic()], [], None
        self._timer = qt.QTimer()
        self._timer.setInterval(20)
        self._timer.connect("timeout()", self._tick)
        self._timer.start()

    def _tick(self):
        self.ticks.append(time.monotonic())
        for dialog in self.dialogs():
            assert dialog.modal
            if dialog.labelText not in self.said:
                self.said.append(dialog.labelText)
            if self.cancelAt is not None and self.cancelAt in dialog.labelText:
                self.cancelAt = None
                dialog.findChild(qt.QPushButton).click()

    def dialogs(self):
        return [dialog for dialog in self.widget.findChildren(qt.QProgressDialog) if dialog.visible]

    def longestStill(self) -> float:
        """The longest time (s) from the beginning to now in which the window did nothing."""
        times = [*self.ticks, time.monotonic()]
        return max(b - a for a, b in pairwise(times))

    def close(self):
        self._timer.stop()
        self.widget.close()
