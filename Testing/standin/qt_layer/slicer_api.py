"""The names that a running Slicer has, so that a stand-in can refuse all others."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

API = json.loads(Path(__file__).resolve().parents[1].joinpath("slicer_api.json").read_text(encoding="utf-8"))

# What PySide6 adds to classes whose ordinary methods the list does not hold; Slicer's Qt is 5.15.
QT6_ONLY = frozenset(
    (
        *("LabelDrawingMode", "labelDrawingMode", "setLabelDrawingMode"),
        *("UnixProcessFlag", "UnixProcessParameters", "setUnixProcessParameters", "unixProcessParameters"),
        *("failChildProcessModifier", "startCommand"),
        *("id", "intervalAsDuration", "remainingTimeAsDuration"),
    )
)


@cache
def names(className: str) -> frozenset[str] | None:
    """Properties, signals, slots and other members of a class, or None where the list does not hold it."""
    entry = API["classes"].get(className)
    if entry is None:
        return None
    return frozenset([*entry["properties"], *(m.split("(")[0] for m in entry["methods"]), *entry.get("members", ())])


@cache
def methods(className: str) -> frozenset[str]:
    """Signals and slots of a listed class by C++ signature."""
    return frozenset(API["classes"].get(className, {}).get("methods", ()))
