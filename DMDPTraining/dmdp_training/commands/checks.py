"""Checks of options that several commands share."""

from __future__ import annotations

from dmdp.errors import UsageError


def at_least(option: str, value: int, least: int) -> int:
    """``value``, or :class:`UsageError` if it is below ``least``."""
    if value < least:
        raise UsageError(f"option.{option}", f"--{option} {value}.", f"{least} or more.", f"Correct --{option}.")
    return value
