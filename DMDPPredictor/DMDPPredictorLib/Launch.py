"""How the workers of this application are started: in which Python, and with which variables."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from dmdp.errors import IN_SLICER
from dmdp.jobs.child import Launch, launch
from dmdp.jobs.front_end import Answer
from dmdp.jobs.worker import run_alone
from dmdp.progress import Progress, silent

from .OwnPython import outsideEnvironment, ownPython


def workerLaunch() -> Launch:
    """A worker in the Python that the user named, else PythonSlicer inside the application, else this Python.

    PythonSlicer hands its standard input on to the Python that it starts (CTK AppLauncher: ForwardedInputChannel).
    """
    own = ownPython()
    variables = {**(outsideEnvironment() if own else os.environ), IN_SLICER: "" if own else "1"}
    return launch(own or shutil.which("PythonSlicer") or sys.executable, variables)


def runAlone(jobFile: Path, progress: Progress = silent, idle: Callable[[], None] = lambda: None) -> Answer:
    """As :func:`dmdp.jobs.worker.run_alone`, in this application's Python."""
    return run_alone(jobFile, progress, idle, workerLaunch)
