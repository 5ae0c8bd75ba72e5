"""Whether the models may speak about a patient, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("ok", "caution", "outside")


@dataclass(frozen=True)
class Reason:
    """One reason to doubt: ``level`` is ``caution`` or ``outside``; the words say what was found and expected."""

    code: str
    found: str
    expected: str
    level: str


@dataclass(frozen=True)
class Applicability:
    """Is this a patient that the models may speak about? The verdict is that of the gravest reason."""

    reasons: tuple[Reason, ...]

    @property
    def verdict(self) -> str:
        """``ok``, ``caution`` or ``outside``."""
        return max((reason.level for reason in self.reasons), key=LEVELS.index, default="ok")
