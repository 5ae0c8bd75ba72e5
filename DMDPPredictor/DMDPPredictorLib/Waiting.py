"""Waiting in the main window: a dialog shows the progress and offers Cancel, and the window stays responsive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import slicer
from dmdp.errors import Cancelled
from dmdp.progress import Progress, silent


@contextmanager
def waiting(title: str, progress: Progress | None = None) -> Iterator[tuple[Progress, Callable[[], None]]]:
    """``progress`` and ``idle`` for :func:`DMDPPredictorLib.Launch.runAlone`, as a pair.

    With a main window they show a dialog under ``title``, keep the window painted and raise :class:`Cancelled` after the
    user's *Cancel*; the dialog is modal, so that nobody starts the same work again or closes the application under it. Without
    a main window nothing is shown. ``progress`` is told in either case.
    """
    tell = progress or silent
    if slicer.util.mainWindow() is None:
        yield tell, lambda: None
        return
    dialog = slicer.util.createProgressDialog(labelText=title, windowTitle=title, modal=True, autoClose=False, autoReset=False)

    def show(fraction: float, words: str) -> None:
        tell(fraction, words)
        if not dialog.wasCanceled:  # a cancelled dialog hides; a new value would bring it back
            dialog.labelText = words
            dialog.value = round(100 * fraction)

    def idle() -> None:
        slicer.app.processEvents()
        if dialog.wasCanceled:
            raise Cancelled

    try:
        yield show, idle
    finally:
        dialog.close()
        dialog.deleteLater()
