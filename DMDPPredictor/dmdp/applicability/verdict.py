"""Whether the models may speak about a patient, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Verdict = Literal["ok", "caution", "outside"]
LEVELS: tuple[Verdict, ...] = ("ok", "caution", "outside")


@dataclass(frozen=True)
class Reason:
    """One reason to doubt: ``level`` is ``caution`` or ``outside``; the words say what was found and expected."""

    code: str
    found: str
    expected: str
    level: Literal["caution", "outside"]


@dataclass(frozen=True)
class Applicability:
    """Whether the models may speak about a patient. The verdict is that of the gravest reason."""

    derived: ClassVar[tuple[str, ...]] = ("verdict",)

    reasons: tuple[Reason, ...]

    @property
    def verdict(self) -> Verdict:
        """``ok``, ``caution`` or ``outside``."""
        return max((reason.level for reason in self.reasons), key=LEVELS.index, default="ok")
