"""The process that does jobs: how it is started, what goes in and comes out, and how it ends in every case."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DmdpError
from ..session import new_folder, session_folder
from .protocol import Line, parse_line

SESSION = "DMDP_SESSION"  # in the environment of a child: the session folder of the program above
PACKAGES = ("dmdp", "dmdp_training")


@dataclass(frozen=True)
class Launch:
    """The words of the command line that starts a child, and all of its environment."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


def launch(python: str, inherited: Mapping[str, str]) -> Launch:
    """A worker in the interpreter ``python``, with the ``inherited`` variables and ours.

    It imports the same packages as this process, but nothing from the current folder of either, speaks UTF-8, keeps temporary
    files in this program's session folder, and prints where an unforeseen error arose.
    """
    found = [importlib.util.find_spec(name) for name in PACKAGES]
    folders = [str(Path(spec.origin).resolve().parents[1]) for spec in found if spec is not None and spec.origin]
    others = [folder for folder in inherited.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(folder)]
    ours = {"PYTHONPATH": os.pathsep.join(dict.fromkeys([*folders, *others]))}
    ours |= {"PYTHONUTF8": "1", "PYTHONSAFEPATH": "1", "DMDP_TRACE": "1"}
    ours |= dict.fromkeys(("TMPDIR", "TEMP", "TMP", SESSION), str(session_folder()))
    return Launch((python, "-m", "dmdp", "worker"), {**inherited, **ours})


def this_python() -> Launch:
    """A worker in the running interpreter."""
    return launch(sys.executable, os.environ)


class Child:
    """A process in a group of its own, so that it and all that it started end together.

    Its output goes into a file, so that nobody has to wait for a pipe; its input is a pipe, whose end shows that this process has
    ended.
    """

    def __init__(self, how: Launch) -> None:
        folder = new_folder("worker")
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
        self._errors, self._rest = folder / "errors.txt", b""
        with (folder / "output.txt").open("wb") as sink, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                how.command, env=how.environment, cwd=folder, stdin=subprocess.PIPE, stdout=sink, stderr=errors, **apart
            )
        assert self.process.stdin is not None  # it is a pipe
        self._input, self._output = self.process.stdin, (folder / "output.txt").open("rb")

    def tell(self, line: str) -> None:
        """Write a line to its input; if it is gone, the next look at its exit code says so."""
        with suppress(OSError):
            self._input.write(os.fsencode(f"{line}\n"))
            self._input.flush()

    def lines(self) -> list[Line]:
        """What it has printed since the last call."""
        *whole, self._rest = (self._rest + self._output.read()).split(b"\n")
        return [parse_line(raw.decode("utf-8", errors="replace")) for raw in whole]

    def errors(self) -> str:
        """Its standard error, without the lines of the protocol."""
        with suppress(OSError):
            return self._errors.read_text(encoding="utf-8", errors="replace").strip()
        return ""

    def kill(self) -> list[subprocess.Popen]:
        """End the whole process tree without waiting for it; returns the processes whose end can be looked for."""
        ending = []
        if self.process.poll() is None:
            ending.append(self.process)
            if sys.platform == "win32":
                words = ["taskkill", "/T", "/F", "/PID", str(self.process.pid)]
                ending.append(subprocess.Popen(words, creationflags=subprocess.CREATE_NO_WINDOW))
            else:
                with suppress(ProcessLookupError):  # it ended by itself in the meantime
                    os.killpg(self.process.pid, signal.SIGKILL)
        self.close()
        return ending

    def close(self) -> None:
        """Close its input, by which it ends, and its output."""
        self._output.close()
        with suppress(OSError):
            self._input.close()


def ended(exit_code: int) -> DmdpError:
    """The error for a child that ended without a last line, in plain words."""
    reason = {-9: ": it was stopped by the system, most often for lack of memory", 137: ": it ran out of memory"}
    return DmdpError(
        "job.ended",
        f"The process that computes ended without an answer (exit code {exit_code}){reason.get(exit_code, '')}.",
        "an answer.",
        "Close other programs and try again. If the program above keeps a log, what the process printed stands there.",
    )
