"""A job's file, and the process that does it: which Python, with which variables, and what its end means."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from dmdp import errors
from dmdp.jobs.job import Job
from dmdp.session import session_folder
from dmdp.worker import SESSION

from .OwnPython import outsideEnvironment, ownPython

Prepared = Generator[None, None, Path]  # yields between small steps of work; returns the path of the job's file


def writeJob(folder: Path, command: str, arguments: dict[str, Any], out: Path | None = None) -> Path:
    """Write ``job.json`` into ``folder``."""
    path = folder / "job.json"
    job = Job(command, arguments, None if out is None else str(out))
    path.write_text(json.dumps(job.to_json(), ensure_ascii=False), encoding="utf-8")
    return path


def ready(jobFile: Path) -> Prepared:
    """A job whose file is written already."""
    return jobFile
    yield


def commandLine() -> list[str]:
    """The worker: in the Python that the user named, else PythonSlicer inside the application, else this Python."""
    return [pythonExecutable(), "-m", "dmdp", "worker"]


def pythonExecutable() -> str:
    """The user's, Slicer's own launcher where it is on the path (as inside the application), else the running interpreter.

    The launcher hands its standard input on to the Python that it starts (CTK AppLauncher: ForwardedInputChannel).
    """
    return ownPython() or shutil.which("PythonSlicer") or sys.executable


def environment() -> dict[str, str]:
    """The variables of a worker: those of this process, the folders of our packages, UTF-8, and our own temporary folder."""
    found = [importlib.util.find_spec(name) for name in ("dmdp", "dmdp_training")]
    folders = [str(Path(spec.origin).resolve().parents[1]) for spec in found if spec is not None]
    own = bool(ownPython())
    others = [] if own else filter(None, [os.environ.get("PYTHONPATH")])
    session = str(session_folder())
    return {
        **(outsideEnvironment() if own else os.environ),
        "PYTHONPATH": os.pathsep.join([*dict.fromkeys(folders), *others]),
        "PYTHONUTF8": "1",
        "PYTHONSAFEPATH": "1",  # nothing is imported from the folder that a process happens to run in
        "DMDP_TRACE": "1",
        errors.IN_SLICER: "" if own else "1",
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP", SESSION), session),
    }


def ended(exitCode: int) -> errors.DmdpError:
    """The error of a worker that ended without saying why, in plain words."""
    reason = {-9: "it was stopped by the system, most often for lack of memory", 137: "it ran out of memory"}.get(
        exitCode, f"exit code {exitCode}"
    )
    return errors.DmdpError(
        "job.ended",
        f"The process that computes ended without an answer: {reason}. The application's log has what it printed.",
        "an answer.",
        "Close other programs and try again.",
    )
