"""What may stand in ``Annotated[...]`` beside the type of a parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Default:
    """The value of a new parameter, or what makes one each time."""

    given: object = None
    generator: Callable[[], object] | None = field(default=None, kw_only=True)

    @property
    def value(self):
        return self.given if self.generator is None else self.generator()


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    choices: list

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"{value!r} is none of {self.choices}")


@dataclass(frozen=True)
class Minimum:
    """Not below."""

    minimum: float

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"{value!r} is below {self.minimum}")


@dataclass(frozen=True)
class Maximum:
    """Not above."""

    maximum: float

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"{value!r} is above {self.maximum}")


@dataclass(frozen=True)
class WithinRange:
    """From minimum to maximum, both included."""

    minimum: float
    maximum: float

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value!r} is not between {self.minimum} and {self.maximum}")
