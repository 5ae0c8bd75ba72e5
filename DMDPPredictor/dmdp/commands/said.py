"""The notes on what was decided while images were read, as the lines that a command shows."""

from __future__ import annotations

from collections.abc import Sequence

from ..patients.audit import SuvAudit


def said(notes: Sequence[str], suv_audit: SuvAudit | None) -> list[str]:
    """The warnings of an SUV audit (None if the PET came as SUV) and the ``notes``: each once, in one line."""
    warnings = [warning.text for warning in suv_audit.warnings] if suv_audit else []
    return list(dict.fromkeys(" ".join(words.split()) for words in (*warnings, *notes)))
