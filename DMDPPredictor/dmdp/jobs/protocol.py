"""The lines that a job prints for the program that started it: PROGRESS, ANSWER, and last DONE or FAILED."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import errors

CANCEL, JOB = "CANCEL", "JOB"  # what a worker is told on its standard input


@dataclass(frozen=True)
class Line:
    """One line of a job's output: ``kind`` is progress, answer, done, failed or other."""

    kind: str
    fraction: float = 0.0
    words: str = ""
    error: errors.DmdpError | None = None
    answer: Mapping[str, Any] | None = None


def progress_line(fraction: float, words: str) -> str:
    """``fraction`` is 0…1."""
    return f"PROGRESS {min(max(fraction, 0.0), 1.0):.3f} {words}"


def answer_line(answer: Mapping[str, Any]) -> str:
    """The line with the answer of a job beside the files that it writes; plain JSON."""
    return f"ANSWER {json.dumps(answer, ensure_ascii=False)}"


def last_line(error: errors.DmdpError | None) -> str:
    """The last line of a job, which says how it ended."""
    return "DONE" if error is None else f"FAILED {json.dumps(error.to_json(), ensure_ascii=False)}"


def parse_line(text: str) -> Line:
    """Read a line of a job; what is not part of the protocol is ``other``."""
    word, _, rest = text.strip().partition(" ")
    try:
        if word == "PROGRESS":
            fraction, _, words = rest.partition(" ")
            return Line("progress", float(fraction), words)
        if word == "ANSWER":
            return Line("answer", answer=json.loads(rest))
        if word == "DONE":
            return Line("done", 1.0)
        if word == "FAILED":
            return Line("failed", error=errors.error_from_json(json.loads(rest)))
    except (ValueError, KeyError, TypeError):
        pass
    return Line("other", words=text.strip())
