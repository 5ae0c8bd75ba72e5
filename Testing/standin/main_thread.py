"""What must not happen on the thread that draws the window: reading DICOM, converting SUV, writing whole volumes, waiting.

The genuine application has one thread for Qt, MRML and Python; what a module does there stops everything. ``install()`` watches
the calls that take long; one that is made by the code of our modules (some frame of the stack lies there) is kept in ``caught``.
Waiting (``time.sleep``) is allowed to what the Python console calls, which is meant to wait, and to nothing that a panel does.
"""

from __future__ import annotations

import builtins
import subprocess
import sys
import threading
import time

OURS = ("DMDPPredictorLib", "DMDPTrainingLib", "DMDPPredictor.py", "DMDPTraining.py")
PANELS = ("Panel.py", "PanelJob.py", "DMDPPredictor.py", "DMDPTraining.py")
IMPORT_SECONDS = 0.05  # of computing time: a first import that a person feels
SMALL_BYTES = 1 << 20  # the box of a mask is no whole volume
caught: list[str] = []


def install() -> None:
    """Watch from now on, in this process."""
    import numpy as np
    import pydicom
    import SimpleITK as sitk

    _watch(pydicom, "dcmread", "reads DICOM")
    for name in ("ReadImage", "WriteImage"):
        _watch(sitk, name, "reads or writes a whole volume")
    _watch(sitk.ImageSeriesReader, "Execute", "reads a series")
    _watch(np, "save", "writes a whole volume", where=OURS, counts=lambda given: np.asarray(given[1]).nbytes > SMALL_BYTES)
    for name in ("wait", "communicate"):
        _watch(subprocess.Popen, name, "waits for a process")
    _watch(subprocess, "run", "waits for a process")
    _watch(time, "sleep", "waits", PANELS)


def watch_imports(known: frozenset[str]) -> None:
    """Catch first imports of packages that are not ``known`` and take long, as our code makes them."""
    original, depth = builtins.__import__, [0]

    def timed(name, globals=None, locals=None, fromlist=(), level=0):
        top = name.split(".")[0]
        if level or depth[0] or top in known or top in sys.modules or not _by(OURS):
            return original(name, globals, locals, fromlist, level)
        depth[0] += 1
        start = time.thread_time()
        try:
            return original(name, globals, locals, fromlist, level)
        finally:
            depth[0] -= 1
            spent = time.thread_time() - start
            if spent > IMPORT_SECONDS:
                caught.append(f"the import of {name} takes {spent:.2f} s: {_by(OURS)}")

    builtins.__import__ = timed


def _watch(owner, name: str, does: str, where: tuple[str, ...] = OURS, counts=lambda given: True) -> None:
    original = getattr(owner, name)

    def watched(*arguments, **named):
        if counts(arguments) and threading.current_thread() is threading.main_thread():
            place = _by(where)
            if place:
                caught.append(f"{owner.__name__}.{name} {does}: {place}")
        return original(*arguments, **named)

    setattr(owner, name, watched)


def _by(where: tuple[str, ...]) -> str:
    """The innermost frame of our modules, if the stack holds one."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if any(part in file for part in where) and "/Testing/" not in file:
            return f"{file.rsplit('/', 1)[-1]}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return ""
