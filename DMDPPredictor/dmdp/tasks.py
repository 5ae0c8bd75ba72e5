"""The questions that can be asked of a case. A new task is one entry here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A binary question: ``name`` as in files, ``title`` as shown, and what the two classes are called."""

    name: str
    title: str
    positive: str
    negative: str


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("EGFR", "EGFR mutation", "mutant", "wild type"),
        Task("subtype", "Histological subtype", "squamous cell carcinoma", "adenocarcinoma"),
        Task("KRAS", "KRAS mutation", "mutant", "wild type"),
    )
}
