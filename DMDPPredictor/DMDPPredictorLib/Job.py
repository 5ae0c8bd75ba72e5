"""Jobs in a child process: what to start, what its lines mean, and how to wait for it where no window waits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dmdp
from dmdp import errors
from dmdp.job import Job

Progress = Callable[[float, str], None]


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
            data = json.loads(rest)
            error = errors.DmdpError(data["code"], data["found"], data["expected"], data["remedy"])
            error.exit_code = getattr(errors, data["type"], errors.DmdpError).exit_code
            return Line("failed", error=error)
    except (ValueError, KeyError, TypeError):
        pass
    return Line("other", words=text.strip())


def writeJob(folder: Path, command: str, arguments: dict[str, Any], out: Path) -> Path:
    """Write ``job.json`` into ``folder``."""
    path = folder / "job.json"
    path.write_text(json.dumps(Job(command, arguments, str(out)).to_json(), ensure_ascii=False), encoding="utf-8")
    return path


def commandLine(jobFile: Path) -> list[str]:
    """The child process of a job: PythonSlicer inside the application, this Python elsewhere."""
    return [pythonExecutable(), "-m", "dmdp", "run-job", str(jobFile)]


def pythonExecutable() -> str:
    """Slicer's own Python launcher beside the application, or the running interpreter."""
    name = "PythonSlicer.exe" if os.name == "nt" else "PythonSlicer"
    candidate = Path(sys.executable).with_name(name)
    return str(candidate) if candidate.exists() else sys.executable


def environment() -> dict[str, str]:
    """The variables that a job needs beside those of this process."""
    core = str(Path(dmdp.__file__).resolve().parents[1])
    inherited = os.environ.get("PYTHONPATH")
    return {
        "PYTHONPATH": os.pathsep.join([core, inherited] if inherited else [core]),
        "PYTHONUTF8": "1",
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


def runJob(jobFile: Path, progress: Progress = lambda fraction, words: None) -> None:
    """Run a job and wait; for the console, batches and tests. Raises the job's own error."""
    process = subprocess.Popen(
        commandLine(jobFile),
        env={**os.environ, **environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    last = Line("other")
    for text in process.stdout:
        line = parseLine(text)
        if line.kind == "progress":
            progress(line.fraction, line.words)
        if line.kind in ("done", "failed"):
            last = line
    exitCode = process.wait()
    if last.kind == "failed":
        raise last.error
    if last.kind != "done" or exitCode:
        raise ended(exitCode)
