"""How long work reports its progress: a callable that takes the share done (0…1) and a few words."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]


def silent(fraction: float, words: str) -> None:
    """Does nothing: the progress of work that nobody watches."""


def part(progress: Progress, start: float, stop: float) -> Progress:
    """The progress of a step that covers ``start``…``stop`` of the whole."""
    return lambda fraction, words: progress(start + (stop - start) * fraction, words)
