"""The job protocol: what to start in a child process, and what the lines that it prints mean."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmdp import errors
from dmdp.job import Job

from .OwnPython import outsideEnvironment, ownPython


@dataclass(frozen=True)
class Line:
    """One line of a job's output: ``kind`` is progress, done, failed or other."""

    kind: str
    fraction: float = 0.0
    words: str = ""
    error: errors.DmdpError | None = None


def parseLine(text: str) -> Line:
    """Read a line of the job protocol; what is not part of it is ``other``."""
    word, _, rest = text.strip().partition(" ")
    try:
        if word == "PROGRESS":
            fraction, _, words = rest.partition(" ")
            return Line("progress", float(fraction), words)
        if word == "DONE":
            return Line("done", 1.0)
        if word == "FAILED":
            return Line("failed", error=errors.error_from_json(json.loads(rest)))
    except (ValueError, KeyError, TypeError):
        pass
    return Line("other", words=text.strip())


def writeJob(folder: Path, command: str, arguments: dict[str, Any], out: Path) -> Path:
    """Write ``job.json`` into ``folder``."""
    path = folder / "job.json"
    path.write_text(json.dumps(Job(command, arguments, str(out)).to_json(), ensure_ascii=False), encoding="utf-8")
    return path


def commandLine(jobFile: Path) -> list[str]:
    """The child process of a job: the Python that the user named, else PythonSlicer inside the application, else this Python."""
    return [pythonExecutable(), "-m", "dmdp", "run-job", str(jobFile)]


def pythonExecutable() -> str:
    """The user's, Slicer's own launcher where it is on the path (as inside the application), else the running interpreter."""
    return ownPython() or shutil.which("PythonSlicer") or sys.executable


def environment() -> dict[str, str]:
    """The variables of a job: those of this process, the folders of our packages, and UTF-8 everywhere."""
    found = [importlib.util.find_spec(name) for name in ("dmdp", "dmdp_training")]
    folders = [str(Path(spec.origin).resolve().parents[1]) for spec in found if spec is not None]
    own = bool(ownPython())
    others = [] if own else filter(None, [os.environ.get("PYTHONPATH")])
    return {
        **(outsideEnvironment() if own else os.environ),
        "PYTHONPATH": os.pathsep.join([*dict.fromkeys(folders), *others]),
        "PYTHONUTF8": "1",
        errors.IN_SLICER: "" if own else "1",
        "NUMBA_CACHE_DIR": str(Path.home() / ".cache" / "dmdp" / "numba"),
    }


def ended(exitCode: int) -> errors.DmdpError:
    """The error of a child that ended without saying why, in plain words."""
    reason = {-9: "it was stopped by the system, most often for lack of memory", 137: "it ran out of memory"}.get(
        exitCode, f"exit code {exitCode}"
    )
    return errors.DmdpError(
        "job.ended", f"The prediction process ended without an answer: {reason}.", "DONE.", "Close other programs and try again."
    )
