"""What was decided while images were read, as the lines that a command shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def said(notes: Sequence[str], suv_audit: Mapping[str, Any] | None) -> list[str]:
    """The warnings of an SUV audit (None where the PET came as SUV) and the ``notes``: each once, in one line."""
    warnings = [warning["text"] for warning in (suv_audit or {}).get("warnings", ())]
    return list(dict.fromkeys(" ".join(words.split()) for words in (*warnings, *notes)))
