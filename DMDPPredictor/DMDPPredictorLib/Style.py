"""Whether the application's style is a light or a dark one."""

from __future__ import annotations

DARK = 128  # lightness, of 255, below which white text is read better


def isDark(widget) -> bool:
    """Whether a widget stands on a dark window. It is asked whenever text is made, so that a new style is followed."""
    return widget.palette.window().color().lightness() < DARK
